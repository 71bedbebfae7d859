"""A batch of addresses: facts from lists, domains, our own letters and a verifier become verdicts that are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from profiles import consent
from profiles.hygiene import budget, checking
from profiles.models import AddressCheck, DomainCheck, HygienePolicy
from profiles.tests.hygiene.names import Names, Outcome
from profiles.tests.hygiene.people import letter, pay, person, verdicts

pytestmark = pytest.mark.django_db

DIRTY = {
    "good@shop.test": ("unverified", "domain_accepts"),
    "anna@gmial.com": ("risky", "misspelt"),
    "ivan@nodomain.test": ("undeliverable", "no_domain"),
    "ivan@nomail.test": ("undeliverable", "no_mail_server"),
    "ivan@refuses.test": ("undeliverable", "refuses_mail"),
    "x@mailinator.com": ("risky", "disposable"),
    "info@shop.test": ("risky", "role"),
    "asdf@shop.test": ("risky", "low_quality"),
    "slow@silent.test": ("unknown", "timeout"),
    "not an address": ("undeliverable", "syntax"),
    "anna@xn--e1afmkfd.xn--p1ai": ("unverified", "domain_accepts"),
}


def names() -> Names:
    return Names(
        {
            "nodomain.test": Outcome.NO_DOMAIN,
            "nomail.test": Outcome.NO_MAIL,
            "refuses.test": Outcome.REFUSES,
            "silent.test": Outcome.UNKNOWN,
        }
    )


def check(*addresses: str, now: datetime, names: Names | None = None, pays: bool = False) -> Any:
    policy = HygienePolicy.current()
    return checking.check([("email", one) for one in addresses], policy=policy, now=now, resolver=names or Names(), pays=pays)


def row_of(address: str) -> AddressCheck:
    return AddressCheck.objects.get(address=address)


def test_a_dirty_list_is_told_apart(now: datetime) -> None:
    check(*DIRTY, now=now, names=names())

    assert verdicts() == DIRTY
    assert row_of("anna@gmial.com").suggestion == "anna@gmail.com"
    assert [row_of(one).is_role for one in ("info@shop.test", "good@shop.test")] == [True, False]
    assert row_of("good@shop.test").method == "dns"


def test_offline_nothing_becomes_invalid(now: datetime) -> None:
    check("a@shop.test", "b@other.test", "x@mailinator.com", now=now, names=Names(is_offline=True))

    assert verdicts() == {
        "a@shop.test": ("unknown", "timeout"),
        "b@other.test": ("unknown", "timeout"),
        "x@mailinator.com": ("risky", "disposable"),
    }


def test_a_name_server_that_denies_everything_is_not_believed(now: datetime) -> None:
    check("a@shop.test", now=now, names=Names(lies=True))

    assert verdicts() == {"a@shop.test": ("unknown", "timeout")}


def test_a_domain_is_asked_once_for_all_its_addresses_and_remembered(now: datetime) -> None:
    system = Names()
    check("a@shop.test", "b@shop.test", now=now, names=system)
    check("c@shop.test", now=now + timedelta(days=1), names=system)

    assert system.asked == ["shop.test"]
    check("c@shop.test", now=now + timedelta(days=31), names=system)
    assert system.asked == ["shop.test", "shop.test"]


def test_a_resolver_that_breaks_makes_it_unknown(now: datetime) -> None:
    class Broken(Names):
        def find(self, domain: str) -> Any:
            raise RuntimeError(domain)

    check("a@shop.test", now=now, names=Broken())

    assert verdicts() == {"a@shop.test": ("unknown", "timeout")}


def test_unknown_is_looked_at_again_less_and_less_often(now: datetime) -> None:
    system = Names({"silent.test": Outcome.UNKNOWN})
    policy = HygienePolicy.current()
    check("a@silent.test", now=now, names=system)
    waits = []
    while (due := row_of("a@silent.test").retry_at) is not None:
        waits.append(due - now)
        now = due
        assert checking.retry(policy=policy, now=now - timedelta(seconds=1), resolver=system) == 0
        assert checking.retry(policy=policy, now=now, resolver=system) == 1

    assert tuple(waits) == checking.RETRIES
    assert row_of("a@silent.test").state == "unknown"


def test_an_answer_ends_the_waiting(now: datetime) -> None:
    system = Names({"silent.test": Outcome.UNKNOWN})
    check("a@silent.test", now=now, names=system)
    system.answers.clear()
    later = row_of("a@silent.test").retry_at

    checking.retry(policy=HygienePolicy.current(), now=later, resolver=system)

    assert verdicts() == {"a@silent.test": ("unverified", "domain_accepts")}
    assert row_of("a@silent.test").retry_at is None


def test_our_own_letters_beat_the_name_system(now: datetime) -> None:
    day = timedelta(days=1)
    reader, gone, machine = person("r@gone.test", now=now), person("g@shop.test", now=now), person("m@gone.test", now=now)
    letter("Message clicked", reader, now - day, is_machine=False)
    letter("Message bounced", gone, now - day, bounce="hard", address="g@shop.test")
    letter("Message opened", machine, now - day, is_machine=True)
    consent.suppress(channel="email", address="s@shop.test", reason="hard_bounced", now=now - day)

    check("r@gone.test", "g@shop.test", "m@gone.test", "s@shop.test", now=now, names=Names({"gone.test": Outcome.NO_DOMAIN}))

    assert verdicts() == {
        "r@gone.test": ("deliverable", "human_act"),
        "g@shop.test": ("undeliverable", "hard_bounced"),
        "m@gone.test": ("undeliverable", "no_domain"),
        "s@shop.test": ("undeliverable", "hard_bounced"),
    }


def test_a_person_with_two_addresses_opens_only_the_one_that_is_named(now: datetime) -> None:
    ann = person("a@shop.test", now=now, user_id="1")
    assert person("b@shop.test", now=now, user_id="1") == ann
    letter("Message opened", ann, now, address="b@shop.test")
    letter("Message opened", ann, now)

    check("a@shop.test", "b@shop.test", now=now)

    assert [row_of(one).reason for one in ("a@shop.test", "b@shop.test")] == ["domain_accepts", "human_act"]


def test_a_bounce_is_forgiven_when_the_block_was_lifted_by_hand(now: datetime) -> None:
    consent.suppress(channel="email", address="s@shop.test", reason="hard_bounced", now=now - timedelta(days=2))
    consent.lift(channel="email", address="s@shop.test", now=now - timedelta(days=1))

    check("s@shop.test", now=now)

    assert row_of("s@shop.test").reason == "domain_accepts"


def test_the_verifier_is_asked_only_for_the_undecided_and_never_twice(now: datetime) -> None:
    policy = pay(budget=1_000, cost=2)

    first = check(*DIRTY, now=now, names=names(), pays=True)
    second = check(*DIRTY, now=now + timedelta(days=1), names=names(), pays=True)

    undecided = [one for one, (_state, reason) in DIRTY.items() if reason in {"domain_accepts", "role", "low_quality"}]
    assert sorted(first.answers) == sorted(undecided)
    assert second.count == 0
    assert budget.committed_minor(now=now) == 2 * len(undecided)
    assert row_of("good@shop.test").state == "deliverable"
    assert row_of("good@shop.test").method == "verifier:sandbox"
    assert budget.left_minor(policy, now=now) == 1_000 - 2 * len(undecided)


def test_what_the_verifier_could_not_say_is_unknown_and_asked_again_for_it(now: datetime) -> None:
    pay(budget=1_000, silent_percent=100)
    asked = check("a@shop.test", now=now, pays=True)

    assert asked.count == 1
    assert row_of("a@shop.test").state == "unknown"
    assert budget.committed_minor(now=now) == 0

    policy = pay(budget=1_000, silent_percent=0)
    checking.retry(policy=policy, now=row_of("a@shop.test").retry_at, resolver=Names())
    assert row_of("a@shop.test").state == "deliverable"
    assert budget.committed_minor(now=now) == 1


def test_accepting_everything_is_risky_not_invalid(now: datetime) -> None:
    pay(budget=1_000, accept_all_percent=100, rejected_percent=100)

    check("a@shop.test", now=now, pays=True)

    assert verdicts() == {"a@shop.test": ("risky", "accept_all")}
    assert row_of("a@shop.test").is_accept_all


def test_a_spelling_that_a_person_believes_is_not_doubted_again(now: datetime) -> None:
    check("anna@gmaik.com", now=now)
    AddressCheck.objects.update(suggestion_refused_at=now)

    check("anna@gmaik.com", now=now)

    assert verdicts() == {"anna@gmaik.com": ("unverified", "domain_accepts")}


def test_a_form_gets_a_quick_answer_and_the_deeper_look_follows(now: datetime) -> None:
    policy = HygienePolicy.current()

    first = checking.quick("Anna@Gmial.com ", policy=policy, now=now)
    plain = checking.quick("ann@shop.test", policy=policy, now=now)
    nonsense = checking.quick("ann", policy=policy, now=now)

    assert (first.state, first.reason, first.suggestion) == ("risky", "misspelt", "anna@gmail.com")
    assert (plain.state, plain.reason) == ("unverified", "not_checked")
    assert (nonsense.state, nonsense.retry_at) == ("undeliverable", None)
    assert not DomainCheck.objects.exists()
    checking.retry(policy=policy, now=now, resolver=Names({"shop.test": Outcome.NO_DOMAIN}))
    assert checking.quick("ann@shop.test", policy=policy, now=now).reason == "no_domain"


def test_a_batch_costs_the_same_whatever_its_size(now: datetime, django_assert_max_num_queries: Any) -> None:
    for size in (5, 150):
        with django_assert_max_num_queries(16):
            check(*(f"p{number}@shop{number}.test" for number in range(size)), now=now)
