"""A misspelt address becomes the one that was meant, without granting anything, and back again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from omni import feed
from omni.models import FeedEntry
from profiles import consent
from profiles.hygiene import checking, corrections
from profiles.identity import rules
from profiles.models import AddressCheck, Cleaning, ContactPoint, Correction, HygienePolicy, Identifier
from profiles.tests.hygiene.names import Names
from profiles.tests.hygiene.people import clean, person

pytestmark = pytest.mark.django_db

WRONG, RIGHT = "ann@gmial.com", "ann@gmail.com"


def accept(run: Cleaning, now: datetime, *, carries_consent: bool = False) -> corrections.Corrected:
    return corrections.accept(
        checks=list(corrections.open_in(run).order_by("pk")), run=run, carries_consent=carries_consent, by=None, now=now
    )


def say(address: str, status: str, at: datetime, topic: str = "") -> None:
    change = consent.Change("email", address, status, at, "preference_page", topic=topic)
    consent.record(changes=[change], now=at)


def standing(address: str) -> str:
    found = consent.standings(channel="email", addresses=[address])[address]
    return found.reason or "allowed"


def addresses_of(profile_id: int) -> list[str]:
    return list(ContactPoint.objects.filter(profile=profile_id).order_by("address").values_list("address", flat=True))


def test_the_person_gets_the_right_address_and_keeps_the_wrong_name(now: datetime) -> None:
    ann = person(WRONG, now=now - timedelta(days=9), user_id="7")
    run = clean(now=now)

    done = accept(run, now)

    assert (done.count, done.left) == (1, {})
    assert addresses_of(ann) == [RIGHT]
    assert {name.value for name in Identifier.objects.filter(profile=ann)} == {WRONG, RIGHT, "7"}
    assert person(WRONG, now=now) == person(RIGHT, now=now) == ann
    assert addresses_of(ann) == [RIGHT]
    assert not corrections.open_in(run).exists()
    checking.retry(policy=HygienePolicy.current(), now=now, resolver=Names())
    assert AddressCheck.objects.get(address=RIGHT).state == "unverified"


def test_a_permission_is_not_carried_over_unless_somebody_says_so(now: datetime) -> None:
    person(WRONG, now=now)
    say(WRONG, "granted", now)
    run = clean(now=now)

    accept(run, now)

    assert standing(RIGHT) == "never_asked"
    assert standing(WRONG) == "allowed"  # what was said about it stays said


def test_a_permission_is_carried_over_with_a_witness_and_its_date(now: datetime, owner: Any) -> None:
    person(WRONG, now=now)
    say(WRONG, "granted", now - timedelta(days=3))
    say(RIGHT, "withdrawn", now - timedelta(days=5), topic="news")
    run = clean(now=now)

    corrections.accept(checks=list(corrections.open_in(run)), run=run, carries_consent=True, by=owner, now=now)

    assert standing(RIGHT) == "allowed"
    from profiles.models import Consent

    carried = Consent.objects.get(address=RIGHT, topic="")
    assert (carried.at, carried.method) == (now - timedelta(days=3), "staff")
    assert carried.proof == {"actor": str(owner), "corrected_from": WRONG}


def test_a_newer_opt_out_of_the_right_address_outweighs_what_is_carried(now: datetime) -> None:
    person(WRONG, now=now)
    say(WRONG, "granted", now - timedelta(days=3))
    say(RIGHT, "withdrawn", now - timedelta(days=1))
    run = clean(now=now)

    accept(run, now, carries_consent=True)

    assert standing(RIGHT) == "channel_not_permitted"


def test_what_was_refused_is_always_carried_over(now: datetime) -> None:
    person(WRONG, now=now)
    person("bob@gmial.com", now=now)
    say(WRONG, "withdrawn", now)
    consent.suppress(channel="email", address="bob@gmial.com", reason="suppressed_manual", now=now)
    run = clean(now=now)

    assert accept(run, now).count == 2

    assert standing(RIGHT) == "channel_not_permitted"
    assert standing("bob@gmail.com") == "suppressed_manual"


def test_an_address_of_somebody_else_is_left_to_people(now: datetime) -> None:
    ann, other = person(WRONG, now=now), person(RIGHT, now=now)
    run = clean(now=now)

    done = accept(run, now)

    assert (done.count, done.left) == (0, {WRONG: "taken"})
    assert (addresses_of(ann), addresses_of(other)) == ([WRONG], [RIGHT])


def test_two_people_with_the_same_right_address_stay_two(now: datetime) -> None:
    person(WRONG, now=now)
    person("ann@gmail.con", now=now)
    run = clean(now=now)

    done = accept(run, now)

    assert (done.count, list(done.left.values())) == (1, ["taken"])
    assert ContactPoint.objects.values("profile").distinct().count() == 2


def test_who_has_both_loses_only_the_wrong_one(now: datetime) -> None:
    ann = person(WRONG, now=now, user_id="7")
    assert person(RIGHT, now=now, user_id="7") == ann
    run = clean(now=now)

    assert accept(run, now).count == 1
    assert addresses_of(ann) == [RIGHT]

    assert corrections.undo(corrections=list(Correction.objects.all()), by=None, now=now) == 1
    assert addresses_of(ann) == [RIGHT, WRONG]


def test_who_has_too_many_addresses_is_left(now: datetime) -> None:
    ann = person(WRONG, now=now, user_id="7")
    for number in range(rules.DEFAULTS["email"].most - 1):
        person(f"a{number}@shop.test", now=now, user_id="7")
    run = clean(now=now)

    assert accept(run, now).left == {WRONG: "full"}
    assert WRONG in addresses_of(ann)


def test_undo_gives_everything_back(now: datetime) -> None:
    since = now - timedelta(days=9)
    ann = person(WRONG, now=since)
    say(WRONG, "granted", now)
    run = clean(now=now)
    accept(run, now, carries_consent=True)

    assert corrections.undo(corrections=list(run.corrections.all()), by=None, now=now + timedelta(seconds=5)) == 1
    assert corrections.undo(corrections=list(run.corrections.all()), by=None, now=now + timedelta(seconds=9)) == 0

    assert addresses_of(ann) == [WRONG]
    assert ContactPoint.objects.get().created_at == since
    assert not Identifier.objects.filter(value=RIGHT).exists()
    assert standing(WRONG) == "allowed"
    assert standing(RIGHT) == "channel_not_permitted"  # nobody's again, and nobody may be written to by it
    assert corrections.open_in(run).count() == 1


def test_undo_keeps_an_address_that_was_used_meanwhile(now: datetime) -> None:
    ann = person(WRONG, now=now)
    run = clean(now=now)
    accept(run, now)
    person(RIGHT, now=now + timedelta(days=2))  # she came by it herself

    corrections.undo(corrections=list(run.corrections.all()), by=None, now=now + timedelta(days=3))

    assert addresses_of(ann) == [RIGHT, WRONG]


def test_refusing_a_suggestion_keeps_the_address(now: datetime) -> None:
    ann = person("ann@gmaik.com", now=now)
    run = clean(now=now)

    corrections.refuse(check=corrections.open_in(run).get(), now=now)

    assert addresses_of(ann) == ["ann@gmaik.com"]
    assert not corrections.open_in(run).exists()
    checking.retry(policy=HygienePolicy.current(), now=now, resolver=Names())
    assert AddressCheck.objects.get().reason == "domain_accepts"


def test_downstream_hears_of_it_and_many_cost_what_few_do(now: datetime, django_assert_max_num_queries: Any) -> None:
    feed.register(name="listener", kinds=["profile_changed"], handle=lambda *_: None)
    try:
        for size in (3, 40):
            people = [person(f"p{size}x{number}@gmial.com", now=now) for number in range(size)]
            run = clean(now=now)
            FeedEntry.objects.all().delete()
            with django_assert_max_num_queries(45):
                assert accept(run, now).count == size
            told = {pk for entry in FeedEntry.objects.filter(consumer="listener") for pk in entry.profile_ids}
            assert told == set(people)
    finally:
        feed.unregister(name="listener") if hasattr(feed, "unregister") else feed._consumers.pop("listener", None)
