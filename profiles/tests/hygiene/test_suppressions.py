"""The list of addresses nothing is sent to: in sets, by domain, by too many soft bounces."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from profiles import consent
from profiles.hygiene import bounces, suppressions
from profiles.hygiene.suppressions import Entry
from profiles.models import HygienePolicy, Suppression
from profiles.tests.hygiene.people import letter, person

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def reason_of(address: str) -> str:
    return consent.standings(channel="email", addresses=[address])[address].reason


def block(*addresses: str, now: datetime, source: str = "staff:Olga") -> list[str]:
    read = suppressions.read(channel="email", lines=addresses, reason="suppressed_manual")
    return suppressions.add(entries=read.entries, source=source, now=now)


def test_it_blocks_many_and_keeps_the_first_reason(now: datetime) -> None:
    consent.suppress(channel="email", address="a@shop.test", reason="complained", now=now)

    assert block("a@shop.test", "B@Shop.Test", "b@shop.test", now=now) == ["b@shop.test"]

    assert [reason_of(one) for one in ("a@shop.test", "b@shop.test")] == ["complained", "suppressed_manual"]
    assert Suppression.objects.get(address="b@shop.test").source == "staff:Olga"


def test_a_domain_blocks_every_address_of_it_and_no_other(now: datetime) -> None:
    consent.record(changes=[consent.Change("email", "c@other.test", "granted", now, "staff")], now=now)

    assert block("*@Shop.Test", now=now) == ["@shop.test"]

    assert [reason_of(one) for one in ("a@shop.test", "a@sub.shop.test", "c@other.test")] == [
        "suppressed_domain",
        "never_asked",
        "",
    ]
    assert suppressions.lift(channel="email", addresses=["@shop.test"], now=now) == 1
    assert reason_of("a@shop.test") == "never_asked"


def test_what_is_no_address_is_told_back(now: datetime) -> None:
    read = suppressions.read(channel="email", lines=["a@shop.test", "nonsense", "", "'=x@shop.test", "@"], reason="complained")

    assert [entry.address for entry in read.entries] == ["a@shop.test", "=x@shop.test"]
    assert read.unusable == ["nonsense", "@"]


def test_the_file_can_be_read_again(now: datetime) -> None:
    block("=x@shop.test", "@gone.test", now=now)
    lines = "".join(suppressions.as_csv(Suppression.objects.order_by("address"))).splitlines()[1:]

    again = suppressions.read(channel="email", lines=[line.split(",")[0] for line in lines], reason="suppressed_manual")

    assert {entry.address for entry in again.entries} == {"=x@shop.test", "@gone.test"}


def test_many_cost_what_few_do(now: datetime, django_assert_max_num_queries: Any) -> None:
    for size in (3, 300):
        entries = [Entry("email", f"p{number}@s{size}.test", "suppressed_manual") for number in range(size)]
        with django_assert_max_num_queries(8):
            assert len(suppressions.add(entries=entries, source="", now=now)) == size


def soft(profile_id: int, now: datetime, *days: float, bounce: str = "soft", **more: str) -> None:
    for ago in days:
        letter("Message bounced", profile_id, now - ago * DAY, bounce=bounce, **more)


def test_five_soft_bounces_in_two_weeks_block_and_four_do_not(now: datetime) -> None:
    policy = HygienePolicy.current()
    five, four, old, blocked = (person(f"{name}@shop.test", now=now) for name in ("five", "four", "old", "blocked"))
    soft(five, now, 1, 2, 3, 4, 5)
    soft(four, now, 1, 2, 3, 4)
    soft(old, now, 1, 2, 3, 4, 15)
    soft(blocked, now, 1, 2, 3, 4, 5, bounce="block")

    assert bounces.suppress_soft(policy=policy, now=now) == 1
    assert bounces.suppress_soft(policy=policy, now=now) == 0

    row = Suppression.objects.get()
    assert (row.address, row.reason, row.source) == ("five@shop.test", "soft_bounce_limit", "policy:soft_bounces")
    assert row.detail == "5 letters came back within 14 days."


def test_a_lifted_block_comes_back_only_for_new_bounces(now: datetime) -> None:
    policy = HygienePolicy.current()
    ann = person("ann@shop.test", now=now)
    soft(ann, now, 1, 2, 3, 4, 5)
    bounces.suppress_soft(policy=policy, now=now)
    consent.lift(channel="email", address="ann@shop.test", now=now)

    assert bounces.suppress_soft(policy=policy, now=now + DAY) == 0
    soft(ann, now + 3 * DAY, 0, 0.1, 0.2, 0.3, 0.4)
    assert bounces.suppress_soft(policy=policy, now=now + 3 * DAY) == 1


def test_the_address_that_the_event_names_is_meant(now: datetime) -> None:
    ann = person("ann@shop.test", now=now, user_id="1")
    person("work@shop.test", now=now, user_id="1")
    soft(ann, now, 1, 2, 3, 4, 5, address="work@shop.test")
    soft(ann, now, 1, 2, 3, 4, 5)

    bounces.suppress_soft(policy=HygienePolicy.current(), now=now)

    assert Suppression.objects.get().address == "work@shop.test"


def test_the_rule_can_be_switched_off(now: datetime) -> None:
    soft(person("ann@shop.test", now=now), now, 1, 2, 3, 4, 5)

    assert bounces.suppress_soft(policy=HygienePolicy(soft_bounce_limit=0), now=now) == 0
