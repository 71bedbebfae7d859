"""What becomes of calls on their way from the inbox to people and events?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from omni import feed
from omni.models import FeedEntry
from profiles.ingest import house, inbox, pipeline
from profiles.ingest.deadletters import replay
from profiles.models import (
    AttributeDef,
    ConsentState,
    DeadLetter,
    Event,
    EventDef,
    Identifier,
    IngestRaw,
    Profile,
    SeenMessage,
    SourceTally,
)

from .conftest import Sender, track

pytestmark = pytest.mark.usefixtures("clock")

Drain = Callable[..., int]


def test_an_event_makes_a_person_and_says_what_it_knows(sender: Sender, drain: Drain, now: datetime) -> None:
    sender.post(
        track(properties={"total": 10, "city": "Varna", "at": "2026-01-01", "gift": True, "products": [{"sku": "a"}]}),
        "/v1/track",
    )

    drain()

    event = Event.objects.select_related("name").get()
    person = Profile.objects.get()
    assert (event.profile_id, event.time, event.source_id) == (person.pk, now, sender.source.pk)
    assert event.properties["products"] == [{"sku": "a"}]
    assert person.latest_seen_at == now
    assert event.name.properties == {"total": "number", "city": "string", "at": "date", "gift": "boolean", "products": "list"}
    assert event.name.latest_seen_at == now
    assert not IngestRaw.objects.exists()


def test_a_visitor_who_signs_in_keeps_what_was_done_before(sender: Sender, drain: Drain) -> None:
    sender.post({"batch": [track("Page seen", userId=None, anonymousId="a-1", messageId="1")]})
    drain()
    sender.post(
        {
            "batch": [
                {
                    "type": "identify",
                    "userId": "u-1",
                    "anonymousId": "a-1",
                    "traits": {"email": "anna@example.com", "plan": "pro"},
                },
                track("Bought", anonymousId="a-1", messageId="2"),
            ]
        }
    )
    drain()

    person = Profile.objects.surviving().get()
    assert set(person.identifiers.values_list("type", flat=True)) == {"user_id", "email", "anonymous_id"}
    assert Event.objects.of_person(person.pk).count() == 2
    assert person.attributes == {"plan": "pro"}
    assert AttributeDef.objects.get(key="plan").type == "string"


def test_a_late_trait_does_not_overwrite_a_newer_one(sender: Sender, drain: Drain) -> None:
    newer = {"type": "identify", "userId": "u", "traits": {"plan": "pro", "city": None}, "timestamp": "2026-03-03T10:00:00Z"}
    older = {
        "type": "identify",
        "userId": "u",
        "traits": {"plan": "free", "city": "Oslo", "n": 1},
        "timestamp": "2026-03-02T10:00:00Z",
    }

    sender.post({"batch": [newer]})
    drain()
    sender.post({"batch": [older]})
    drain()

    assert Profile.objects.get().attributes == {"plan": "pro", "n": 1}


def test_the_same_message_counts_once_for_thirty_days(sender: Sender, drain: Drain, now: datetime, clock: Any) -> None:
    call = track(messageId="m-1")
    sender.post({"batch": [call, call]})
    sender.post({"batch": [call]})
    drain()
    clock.shift(timedelta(days=29))
    house.prune(now=now + timedelta(days=29))
    sender.post({"batch": [call]})
    drain(now + timedelta(days=29))

    assert Event.objects.count() == 1
    assert sum(SourceTally.objects.values_list("repeated", flat=True)) == 3

    house.prune(now=now + timedelta(days=31))
    assert not SeenMessage.objects.exists()


def test_two_sources_may_use_the_same_message_ids(sender: Sender, drain: Drain, db: None) -> None:
    from profiles.models import Source

    other = Sender(*Source.issue(name="App"))
    sender.post({"batch": [track(messageId="m-1")]})
    other.post({"batch": [track(messageId="m-1")]})
    drain()

    assert Event.objects.count() == 2


def test_one_bad_call_takes_nobody_along(sender: Sender, drain: Drain) -> None:
    sender.post(
        {"batch": [track(messageId="1"), "nonsense", {"type": "purge"}, track(event="", messageId="2"), track(messageId="3")]}
    )

    drain()

    assert Event.objects.count() == 2
    assert sorted(DeadLetter.objects.values_list("reason", flat=True)) == ["no_event_name", "not_an_object", "unknown_type"]
    tally = SourceTally.objects.get()
    assert (tally.used, tally.refused, tally.repeated) == (2, 3, 0)


def test_unstorable_characters_and_numbers_are_replaced(sender: Sender, drain: Drain) -> None:
    body = (
        rb'{"batch": [{"type": "track", "userId": "u", "event": "A\u0000b", '
        rb'"properties": {"lone \ud800": "x\u0000", "huge": 1e400, "nan": NaN, "deep": {"k": ["\udfff"]}}}]}'
    )
    assert sender.post(body).status_code == 200

    drain()

    event = Event.objects.select_related("name").get()
    assert event.name.name == "A\ufffdb"
    assert event.properties == {"lone \ufffd": "x\ufffd", "huge": None, "nan": None, "deep": {"k": ["\ufffd"]}}


def test_history_finds_its_partition(sender: Sender, drain: Drain) -> None:
    sender.post({"batch": [track(timestamp="1997-06-30T23:59:59Z", messageId="1"), track(timestamp="1998-01-01", messageId="2")]})

    drain()

    assert sorted(event.time.year for event in Event.objects.all()) == [1997, 1998]
    assert Profile.objects.get().created_at == datetime(1997, 6, 30, 23, 59, 59, tzinfo=UTC)
    assert Profile.objects.get().latest_seen_at == datetime(1998, 1, 1, tzinfo=UTC)


def test_outsiders_cannot_speak_in_the_name_of_the_house(sender: Sender, drain: Drain, now: datetime) -> None:
    EventDef.objects.create(name="Message opened", is_internal=True, first_seen_at=now)
    sender.post({"batch": [track("Message opened")]})

    drain()

    assert not Event.objects.exists()
    assert DeadLetter.objects.get().reason == "reserved_name"


def test_a_flood_of_event_names_is_dammed(sender: Sender, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profiles.schema.MOST_EVENTS", 3)
    sender.post({"batch": [track(f"Event {number}", messageId=str(number)) for number in range(10)]})

    drain()

    assert EventDef.objects.count() == 3
    assert Event.objects.count() == 3
    assert set(DeadLetter.objects.values_list("reason", flat=True)) == {"too_many_names"}


def test_tracking_never_changes_consent(sender: Sender, drain: Drain) -> None:
    traits = {"email": "a@example.com", "consent": True, "subscribed": True, "email_opt_in": "granted"}
    sender.post({"batch": [{"type": "identify", "userId": "u", "traits": traits}, track("Subscribed", properties=traits)]})

    drain()

    assert not ConsentState.objects.exists()


def test_it_tells_downstream_by_event(sender: Sender, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_consumers", {})
    feed.register(name="ear", kinds=["event_recorded", "profile_changed"], handle=lambda entries, now: None)
    sender.post({"batch": [track("A", messageId="1"), track("B", messageId="2"), track("A", userId="u-2", messageId="3")]})
    drain()

    told = {tuple(entry.names): len(entry.profile_ids) for entry in FeedEntry.objects.all()}

    assert told == {("*",): 2, ("A",): 2, ("B",): 1}


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    sender: Sender, django_assert_max_num_queries: Any, now: datetime
) -> None:
    def send(first: int, count: int) -> None:
        calls = [
            {"type": "identify", "userId": f"u-{n}", "traits": {"email": f"p{n}@example.com", "n": n}}
            if n % 2
            else track(userId=f"u-{n}", messageId=str(n))
            for n in range(first, first + count)
        ]
        sender.post({"batch": calls})

    send(0, 10)
    with django_assert_max_num_queries(60):
        assert inbox.drain(now=now) == 1
    send(100, 500)
    with django_assert_max_num_queries(60):
        assert inbox.drain(now=now) == 1
    assert Profile.objects.count() == 510


def test_a_call_that_breaks_the_pipeline_steps_aside_alone(sender: Sender, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(batch: pipeline.Batch) -> None:
        if any(call.properties.get("poison") for call in batch.calls):
            raise ZeroDivisionError("poison")

    monkeypatch.setattr(pipeline, "STEPS", (*pipeline.STEPS, trip))
    sender.post({"batch": [track(messageId="1")]})
    sender.post({"batch": [track(messageId=f"2-{n}", properties={"poison": n == 5}) for n in range(9)]})
    sender.post({"batch": [track(messageId="3")]})

    drain()

    assert Event.objects.count() == 10
    assert not IngestRaw.objects.exists()
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.detail) == ("failed", "ZeroDivisionError: poison")
    assert json.loads(bytes(letter.body))["messageId"] == "2-5"
    assert SeenMessage.objects.count() == 10


def test_a_busy_database_puts_requests_off_and_loses_none(
    sender: Sender, drain: Drain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(batch: pipeline.Batch) -> None:
        raise OperationalError("deadlock detected")

    steps = pipeline.STEPS
    sender.post({"batch": [track(messageId="1")]})
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "STEPS", (*steps, busy))
        assert inbox.drain(now=now) == 0
    assert IngestRaw.objects.get().attempts == 1
    assert inbox.drain(now=now) == 0  # it waits

    drain(now + timedelta(seconds=3))

    assert Event.objects.count() == 1
    assert not DeadLetter.objects.exists()


def test_a_dead_letter_can_be_sent_again_once_the_cause_is_gone(sender: Sender, drain: Drain, now: datetime) -> None:
    reserved = EventDef.objects.create(name="Bought", is_internal=True, first_seen_at=now)
    sender.post({"batch": [track("Bought", timestamp="2026-03-01T10:00:00Z")], "sentAt": "2026-03-04T12:00:00Z"})
    drain()
    EventDef.objects.filter(pk=reserved.pk).update(is_internal=False)

    with time_machine.travel(now + timedelta(days=3), tick=False):
        assert replay(DeadLetter.objects.all(), now=now) == 1
        assert replay(DeadLetter.objects.all(), now=now) == 0
    drain()

    assert Event.objects.get().time == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert DeadLetter.objects.get().replayed_at == now


def test_a_single_call_replays_as_what_its_path_said(sender: Sender, drain: Drain, now: datetime) -> None:
    sender.post({"userId": "u"}, "/v1/track")
    drain()

    assert json.loads(bytes(DeadLetter.objects.get().body))["type"] == "track"


def test_old_letters_and_tallies_go(sender: Sender, drain: Drain, now: datetime) -> None:
    sender.post({"batch": ["nonsense"]})
    drain()

    assert house.prune(now=now + timedelta(days=29)) == 0
    assert house.prune(now=now + timedelta(days=61)) == 2
    assert not Identifier.objects.exists()
