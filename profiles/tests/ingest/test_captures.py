"""Recorded requests of real SDKs, byte for byte as they were sent."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from profiles.models import DeadLetter, Event, IngestRaw, Profile, Source

CAPTURES = Path(__file__).parent / "captures"
KEY = "wk_test"
# A little after the recording, so that no clock is corrected.
RECEIVED = datetime(2026, 11, 21, 20, 20, 30, tzinfo=UTC)

NAMES = sorted(path.stem for path in CAPTURES.glob("*.json"))


def requests_of(name: str) -> list[dict[str, Any]]:
    recorded = json.loads((CAPTURES / f"{name}.json").read_text())
    return [request for request in recorded["requests"] if "json" in request]


def body_of(request: dict[str, Any]) -> bytes:
    """Return the bytes that were sent: Python's encoder puts blanks, JavaScript's does not."""
    spaced = json.dumps(request["json"]).encode()
    dense = json.dumps(request["json"], separators=(",", ":")).encode()
    if request["gzip"]:
        return gzip.compress(spaced)
    assert request["body_bytes"] in (len(spaced), len(dense))
    return spaced if request["body_bytes"] == len(spaced) else dense


def replay(name: str) -> list[int]:
    statuses = []
    for request in requests_of(name):
        headers = {key: value for key, value in request["headers"].items() if key.lower() not in ("host", "content-length")}
        content_type = next((headers.pop(key) for key in list(headers) if key.lower() == "content-type"), "")
        answer = Client().post(request["path"], body_of(request), content_type=content_type, headers=headers)
        statuses.append(answer.status_code)
    return statuses


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(name="Recorded", prefix="wk_test", key_hash=Source.digest(KEY))


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_what_every_recorded_sdk_sends(name: str, source: Source, drain: Any, time_machine: Any) -> None:
    time_machine.move_to(RECEIVED, tick=False)

    assert set(replay(name)) == {200}
    drain(RECEIVED)

    assert IngestRaw.objects.count() == 0
    assert DeadLetter.objects.count() == 0
    assert Profile.objects.surviving().exists()


@pytest.mark.parametrize(
    "name", ["segment-analytics-python", "segment-analytics-python-gzip", "segment_analytics-node", "rudder-sdk-python"]
)
def test_it_understands_all_kinds_of_calls_alike(name: str, source: Source, drain: Any, time_machine: Any) -> None:
    time_machine.move_to(RECEIVED, tick=False)

    replay(name)
    drain(RECEIVED)

    anna = Profile.objects.surviving().get(identifiers__type="user_id", identifiers__value="u-1")
    assert anna.attributes["first_name"] == "Anna"
    assert set(anna.identifiers.values_list("type", "value")) >= {("email", "anna@example.com"), ("anonymous_id", "anon-1")}
    assert anna.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    events = Event.objects.of_person(anna.pk).select_related("name")
    assert {event.name.name for event in events} == {"Order Completed", "Page viewed", "Screen viewed", "Group joined"}
    order = events.get(name__name="Order Completed")
    assert str(order.value) == "149.8500"
    assert order.properties["currency"] == "PLN"
    assert order.time.date() == datetime(2026, 11, 21).date()


def test_it_keeps_the_bytes_as_they_came(source: Source) -> None:
    request = requests_of("segment-analytics-python")[0]

    replay("segment-analytics-python")

    assert bytes(IngestRaw.objects.get().body) == body_of(request)
    assert len(body_of(request)) == request["body_bytes"]


def test_it_counts_a_repeated_request_once(source: Source, drain: Any, time_machine: Any) -> None:
    time_machine.move_to(RECEIVED, tick=False)

    replay("segment-analytics-python")
    drain(RECEIVED)
    before = Event.objects.count()
    replay("segment-analytics-python")
    replay("segment-analytics-python")
    drain(RECEIVED)

    assert Event.objects.count() == before


def test_a_browser_of_another_site_may_ask_and_read(source: Source) -> None:
    recorded = json.loads((CAPTURES / "rudder-analytics-js-crossorigin.json").read_text())
    asked = next(request for request in recorded["requests"] if request["method"] == "OPTIONS" and request["path"] == "/v1/track")

    answer = Client().options("/v1/track", headers={key: asked["headers"][key] for key in asked["headers"] if key != "Host"})

    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == asked["headers"]["Origin"]
    assert answer["Access-Control-Allow-Headers"] == "anonymousid,authorization,content-type,sentat"
    assert "Access-Control-Allow-Credentials" not in answer
