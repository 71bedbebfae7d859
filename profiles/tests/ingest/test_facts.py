"""What does Omni itself note about people?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from omni import feed
from omni.models import FeedEntry
from profiles import identity, partitions
from profiles.ingest import facts
from profiles.ingest.facts import Fact
from profiles.models import Event, EventDef, Profile
from tests.house import NOW


def people(count: int) -> list[int]:
    return identity.resolve(claims=[identity.Claim((("user_id", str(n)),), "test", NOW) for n in range(count)], now=NOW)


@pytest.mark.django_db
def test_facts_become_internal_events() -> None:
    [anna] = people(1)

    facts.record(facts=[Fact(anna, "Message sent", NOW - timedelta(days=90), Decimal("1.5"), {"campaign": 3})], now=NOW)

    event = Event.objects.select_related("name").get()
    assert (event.profile_id, event.value, event.properties, event.source_id) == (anna, Decimal("1.5"), {"campaign": 3}, None)
    assert event.name.is_internal
    assert event.name.properties == {"campaign": "number"}
    assert Profile.objects.get().latest_seen_at is None


@pytest.mark.django_db
def test_only_what_people_did_themselves_shows_that_they_are_alive() -> None:
    [anna] = people(1)

    facts.record(
        facts=[Fact(anna, "Message clicked", NOW), Fact(anna, "Message opened", NOW - timedelta(hours=1))],
        now=NOW,
        is_human_act=True,
    )
    facts.record(facts=[Fact(anna, "Message clicked", NOW - timedelta(days=1))], now=NOW, is_human_act=True)

    assert Profile.objects.get().latest_seen_at == NOW


@pytest.mark.django_db
def test_facts_about_an_origin_reach_the_survivor(monkeypatch: pytest.MonkeyPatch) -> None:
    [visitor] = identity.resolve(claims=[identity.Claim((("anonymous_id", "v"),), "test", NOW)], now=NOW)
    [anna] = people(1)
    identity.resolve(claims=[identity.Claim((("user_id", "0"), ("anonymous_id", "v")), "test", NOW)], now=NOW)
    monkeypatch.setattr(feed, "_consumers", {})
    feed.register(name="ear", kinds=["event_recorded"], handle=lambda entries, now: None)

    facts.record(facts=[Fact(visitor, "Message opened", NOW)], now=NOW, is_human_act=True)

    assert Event.objects.get().profile_id == visitor
    assert FeedEntry.objects.get(consumer="ear").profile_ids == [anna]
    assert Profile.objects.get(pk=anna).latest_seen_at == NOW


@pytest.mark.django_db
def test_a_batch_costs_the_same_whatever_its_size(django_assert_max_num_queries: Any) -> None:
    everyone = people(400)
    facts.record(facts=[Fact(everyone[0], "Message opened", NOW)], now=NOW, is_human_act=True)

    for count in (2, 400):
        with django_assert_max_num_queries(9):
            facts.record(facts=[Fact(pk, "Message opened", NOW) for pk in everyone[:count]], now=NOW, is_human_act=True)

    assert EventDef.objects.count() == 1


@pytest.mark.django_db
def test_partitions_are_made_ahead_once() -> None:
    far = NOW + timedelta(days=3650)

    assert partitions.ensure_ahead(now=far) == partitions.MONTHS_AHEAD + 1
    assert partitions.ensure_ahead(now=far) == 0
