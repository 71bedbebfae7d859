"""A run over a list: who is in it, how it goes on after a stop, what comes out."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from profiles import consent
from profiles.hygiene import audiences, cleaning, results
from profiles.models import CleaningAddress, HygienePolicy, Profile, Suppression
from profiles.tests.hygiene.names import Names, Outcome
from profiles.tests.hygiene.people import clean, finish, pay, person, verdicts
from profiles.tests.imports.files import import_file

pytestmark = pytest.mark.django_db


def test_everyone_means_every_address_and_number(now: datetime) -> None:
    person("ann@shop.test", now=now, phone="+359888123456")

    run = clean(now=now)

    assert (run.state, run.total, run.done) == ("done", 2, 2)
    assert verdicts() == {"ann@shop.test": ("unverified", "domain_accepts"), "+359888123456": ("deliverable", "mobile")}


def test_an_import_means_its_people_also_after_a_merge(now: datetime) -> None:
    person("old@shop.test", now=now)
    done = import_file("email\nann@shop.test\nbob@shop.test\n", now=now)
    person("zoe@shop.test", now=now, user_id="9")
    person("ann@shop.test", now=now, user_id="9")  # now the same as Zoe

    run = cleaning.from_people(source=f"import:{done.pk}", name="The import", by=None, now=now, import_id=done.pk)

    assert set(run.addresses.values_list("address", flat=True)) == {"ann@shop.test", "bob@shop.test", "zoe@shop.test"}
    assert (f"import:{done.pk}", "Import: people.csv") in [(key, str(name)) for key, name in audiences.offered()]


def test_a_pasted_list_makes_nobody_a_person(now: datetime) -> None:
    run = clean("Ann <Ann@Shop.Test>", "ann@shop.test", "nonsense", "", now=now)

    assert (run.total, Profile.objects.count()) == (2, 0)
    assert verdicts() == {"ann@shop.test": ("unverified", "domain_accepts"), "nonsense": ("undeliverable", "syntax")}


def test_a_source_that_nobody_knows_has_nobody(now: datetime) -> None:
    person("ann@shop.test", now=now)

    for source in ("import:77", "import:x", "club:1", "nonsense"):
        assert cleaning.from_people(source=source, name="?", by=None, now=now).total == 0


def test_the_preview_counts_what_a_verifier_would_decide(now: datetime) -> None:
    policy = pay(budget=50, cost=3)
    clean("known@shop.test", now=now, uses_verifier=True)
    clean("x@mailinator.com", now=now)
    run = cleaning.from_list(texts=["known@shop.test", "x@mailinator.com", "new@shop.test"], name="L", by=None, now=now)

    seen = cleaning.preview(run, policy=policy, now=now)

    assert (seen.total, seen.emails, seen.fresh, seen.decidable, seen.cost_minor, seen.left_minor) == (3, 3, 2, 1, 3, 47)
    assert cleaning.preview(run, policy=HygienePolicy(), now=now).cost_minor == 0


def test_a_run_stops_in_time_and_the_next_call_goes_on(now: datetime, monkeypatch: Any) -> None:
    monkeypatch.setattr("profiles.hygiene.checking.BATCH", 10)
    run = cleaning.from_list(texts=[f"p{number}@shop.test" for number in range(25)], name="L", by=None, now=now)
    run.start(uses_verifier=False)

    assert cleaning.run(clock=lambda: now, until=now, resolver=Names())
    run.refresh_from_db()
    assert (run.state, run.done, run.lease_until) == ("queued", 10, None)

    assert run.pause()
    assert not cleaning.run(clock=lambda: now, until=now, resolver=Names())
    assert run.resume()
    finish(now=now)
    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 25)
    assert not CleaningAddress.objects.filter(is_done=False).exists()


def test_a_run_that_is_cancelled_while_it_works_stays_cancelled(now: datetime) -> None:
    run = cleaning.from_list(texts=["ann@shop.test"], name="L", by=None, now=now)
    run.start(uses_verifier=False)

    class Meanwhile(Names):
        def find(self, domain: str) -> Any:
            return super().find(domain)

        def is_trustworthy(self) -> bool:
            run.cancel(now=now)
            return True

    cleaning.run(clock=lambda: now, until=now, resolver=Meanwhile({"shop.test": Outcome.NO_DOMAIN}))

    run.refresh_from_db()
    assert (run.state, run.done) == ("cancelled", 0)
    assert verdicts() == {"ann@shop.test": ("undeliverable", "no_domain")}  # what was found out is kept


def test_a_run_whose_worker_died_is_taken_over_after_its_lease(now: datetime) -> None:
    run = cleaning.from_list(texts=["ann@shop.test"], name="L", by=None, now=now)
    run.start(uses_verifier=False)
    cleaning._claim(now)

    assert not cleaning.run(clock=lambda: now, until=now, resolver=Names())
    later = now + cleaning.LEASE + timedelta(seconds=1)
    assert cleaning.run(clock=lambda: later, until=later + timedelta(hours=1), resolver=Names())

    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 1)


def test_an_error_stops_it_with_words_and_it_can_go_on(now: datetime, monkeypatch: Any) -> None:
    run = cleaning.from_list(texts=["ann@shop.test"], name="L", by=None, now=now)
    run.start(uses_verifier=False)
    with monkeypatch.context() as patch:
        patch.setattr("profiles.hygiene.checking.check", lambda *_a, **_k: 1 / 0)
        cleaning.run(clock=lambda: now, until=now, resolver=Names())
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "ZeroDivisionError: division by zero")

    run.resume()
    finish(now=now)
    run.refresh_from_db()
    assert run.state == "done"


def test_unknown_is_looked_at_again_on_demand(now: datetime) -> None:
    run = clean("a1@silent.test", "b1@shop.test", now=now, names=Names({"silent.test": Outcome.UNKNOWN}))

    assert cleaning.again(run) == 1
    later = now + timedelta(hours=1)
    finish(now=later)

    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 2)
    assert verdicts()["a1@silent.test"] == ("unverified", "domain_accepts")


def test_the_result_adds_up_and_opens_into_addresses(now: datetime) -> None:
    names = Names({"gone.test": Outcome.NO_DOMAIN, "silent.test": Outcome.UNKNOWN})
    run = clean("a1@shop.test", "b1@gone.test", "c1@gone.test", "d1@silent.test", "x@mailinator.com", now=now, names=names)

    found = [(part.state, part.reason, part.count) for part in results.parts(run)]

    assert found == [
        ("unverified", "domain_accepts", 1),
        ("risky", "disposable", 1),
        ("unknown", "timeout", 1),
        ("undeliverable", "no_domain", 2),
    ]
    assert set(results.checks(run, reason="no_domain").values_list("address", flat=True)) == {"b1@gone.test", "c1@gone.test"}


def test_undeliverable_addresses_are_blocked_and_unblocked_together(now: datetime) -> None:
    person("b1@gone.test", now=now)
    run = clean(
        "a1@shop.test", "b1@gone.test", "c1@gone.test", "nonsense", now=now, names=Names({"gone.test": Outcome.NO_DOMAIN})
    )
    consent.suppress(channel="email", address="c1@gone.test", reason="complained", now=now)

    assert results.exclude(run, now=now) == 1
    assert results.exclude(run, now=now) == 0
    assert consent.standings(channel="email", addresses=["b1@gone.test"])["b1@gone.test"].reason == "undeliverable"
    assert results.excluded(run) == 1

    assert results.include(run, now=now) == 1
    assert Suppression.objects.get(lifted_at=None).reason == "complained"


def test_the_file_names_state_reason_and_person(now: datetime) -> None:
    ann = person("=cmd@gmial.com", now=now)
    run = clean("=cmd@gmial.com", "b1@shop.test", now=now)

    rows = list(csv.DictReader(StringIO("".join(results.as_csv(run)).removeprefix("\ufeff"))))

    assert [(row["address"], row["reason"], row["suggestion"], row["person"]) for row in rows] == [
        ("'=cmd@gmial.com", "misspelt", "'=cmd@gmail.com", str(ann)),
        ("b1@shop.test", "domain_accepts", "", ""),
    ]
