"""What does a call say in our words?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.ingest import spec
from profiles.ingest.clean import clean
from profiles.ingest.spec import Drop, DropError, Origin, read

RECEIVED = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ORIGIN = Origin(source_id=1, received_at=RECEIVED)


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Bought", "userId": "u-1", **fields}


def reason(raw: Any, origin: Origin = ORIGIN) -> Drop:
    with pytest.raises(DropError) as caught:
        read(raw, origin)
    return caught.value.reason


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("text", Drop.NOT_AN_OBJECT),
        (None, Drop.NOT_AN_OBJECT),
        ({"userId": "u"}, Drop.UNKNOWN_TYPE),
        ({"type": ["track"], "userId": "u"}, Drop.UNKNOWN_TYPE),
        (call(type="purge"), Drop.UNKNOWN_TYPE),
        (call(userId=None), Drop.NO_IDENTIFIER),
        (call(userId="null", anonymousId="0"), Drop.NO_IDENTIFIER),
        (call(event=""), Drop.NO_EVENT_NAME),
        (call(event={"name": "x"}), Drop.NO_EVENT_NAME),
        (call(event="x" * 256), Drop.NAME_TOO_LONG),
        (call(timestamp="1813-05-05T00:00:00Z"), Drop.TIME_OUT_OF_RANGE),
        (call(properties={str(number): number for number in range(256)}), Drop.TOO_MANY_PROPERTIES),
        (call(properties={"text": "x" * 33_000}), Drop.TOO_LARGE),
        (call(properties=json.loads('{"a":' * 60 + "1" + "}" * 60)), Drop.TOO_DEEP),
    ],
)
def test_it_says_why_a_call_cannot_be_used(raw: Any, expected: Drop) -> None:
    assert reason(raw) == expected


def test_the_path_says_what_kind_a_single_call_is() -> None:
    found = read({"event": "Bought", "userId": 7}, Origin(1, RECEIVED, type="track"))

    assert found.name == "Bought"
    assert found.identifiers == (("user_id", "7"),)


@pytest.mark.parametrize(
    ("skew", "expected"),
    [(timedelta(hours=1), timedelta(minutes=-5)), (timedelta(days=-3), timedelta(minutes=-5))],
)
def test_it_corrects_a_wrong_clock(skew: timedelta, expected: timedelta) -> None:
    sent = RECEIVED + skew
    given_at = sent - timedelta(minutes=5)

    found = read(call(timestamp=given_at.isoformat(), sentAt=sent.isoformat()), ORIGIN)

    assert found.time == RECEIVED + expected


def test_a_right_clock_leaves_historic_times_exactly_as_given() -> None:
    sent = RECEIVED - timedelta(milliseconds=300)

    found = read(call(timestamp="1997-01-01", sentAt=sent.isoformat()), ORIGIN)

    assert found.time == datetime(1997, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("given_at", [None, "", "yesterday", [], "2026-13-45", float("inf"), True, 10**30])
def test_it_takes_the_time_of_arrival_when_the_time_makes_no_sense(given_at: Any) -> None:
    assert read(call(timestamp=given_at), ORIGIN).time == RECEIVED


def test_nothing_happens_in_the_future() -> None:
    assert read(call(timestamp="2031-01-01T00:00:00Z"), ORIGIN).time == RECEIVED


@pytest.mark.parametrize(
    "given_at", ["2026-03-04T11:00:00Z", "2026-03-04T13:00:00+02:00", "2026-03-04 11:00:00", 1772622000, 1772622000000]
)
def test_it_reads_times_in_the_usual_spellings(given_at: Any) -> None:
    assert read(call(timestamp=given_at), ORIGIN).time == datetime(2026, 3, 4, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"revenue": 12.5, "total": 99}, Decimal("12.5000")),
        ({"total": "149.85"}, Decimal("149.8500")),
        ({"value": 3}, Decimal("3.0000")),
        ({"revenue": "gratis", "value": 0.1}, Decimal("0.1000")),
        ({"revenue": True}, None),
        ({"revenue": 1e300}, None),
        ({"revenue": "NaN"}, None),
        ({"revenue": {}}, None),
        ({}, None),
    ],
)
def test_it_finds_the_number_that_conditions_sum(properties: dict[str, Any], expected: Decimal | None) -> None:
    assert read(call(properties=properties), ORIGIN).value == expected


def test_identify_splits_traits_into_identifiers_and_attributes() -> None:
    raw = {
        "type": "identify",
        "userId": "u-1",
        "anonymousId": "a-1",
        "context": {"traits": {"city": "Sofia", "plan": "free"}, "timezone": "Europe/Sofia", "locale": "bg-BG"},
        "traits": {
            "email": "Anna@Example.com",
            "phone": "+359 88 123 4567",
            "firstName": "Anna",
            "plan": "pro",
            "createdAt": "2020-02-02",
        },
    }

    found = read(raw, ORIGIN)

    assert set(found.identifiers) == {
        ("user_id", "u-1"),
        ("anonymous_id", "a-1"),
        ("email", "anna@example.com"),
        ("phone", "+359881234567"),
    }
    assert found.traits == {
        "city": "Sofia",
        "plan": "pro",
        "first_name": "Anna",
        "time_zone": "Europe/Sofia",
        "language": "bg-BG",
    }
    assert found.created_at == datetime(2020, 2, 2, tzinfo=UTC)
    assert found.name == ""


def test_track_changes_no_attributes_and_joins_nobody_by_its_traits() -> None:
    found = read(call(context={"traits": {"email": "other@example.com", "vip": True}}, traits={"vip": True}), ORIGIN)

    assert found.traits == {}
    assert found.identifiers == (("user_id", "u-1"),)


def test_pages_and_groups_become_events() -> None:
    page = read({"type": "page", "name": "Home", "category": "Shop", "anonymousId": "a", "properties": {"url": "/"}}, ORIGIN)
    group = read({"type": "group", "groupId": "g-1", "userId": "u", "traits": {"plan": "pro"}}, ORIGIN)

    assert (page.name, page.properties) == ("Page viewed", {"name": "Home", "category": "Shop", "url": "/"})
    assert (group.name, group.properties) == ("Group joined", {"plan": "pro", "group_id": "g-1"})


def test_alias_says_that_two_names_are_one_person() -> None:
    found = read({"type": "alias", "userId": "u-1", "previousId": "a-1"}, ORIGIN)

    assert found.identifiers == (("user_id", "u-1"), ("anonymous_id", "a-1"))


def test_the_same_message_id_is_the_same_call_whatever_else_differs() -> None:
    one, other = read(call(messageId="m-1"), ORIGIN), read(call(messageId="m-1", event="Sold"), ORIGIN)

    assert one.key == other.key
    assert one.key != read(call(messageId="m-2"), ORIGIN).key


def test_without_a_message_id_the_same_words_count_once_a_minute() -> None:
    later = Origin(1, RECEIVED + timedelta(seconds=61))

    assert read(call(), ORIGIN).key == read(call(), ORIGIN).key
    assert read(call(), ORIGIN).key != read(call(), later).key
    assert read(call(), ORIGIN).key != read(call(event="Sold"), ORIGIN).key


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(exclude_categories=()))
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
words = st.sampled_from(
    ["type", "event", "userId", "anonymousId", "traits", "context", "properties", "timestamp", "sentAt", "messageId"]
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(words, values), st.sampled_from(sorted(spec.TYPES)))
def test_no_call_is_strange_enough_to_break_the_reader(raw: dict[str, Any], kind: str) -> None:
    try:
        found = read(raw, Origin(1, RECEIVED, type=kind))
    except DropError:
        return

    json.dumps([found.properties, found.traits], allow_nan=False).encode()
    assert spec.EARLIEST <= found.time <= RECEIVED


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(values)
def test_cleaning_is_idempotent_and_storable(value: Any) -> None:
    once = clean(value)

    text = json.dumps(once, ensure_ascii=False, allow_nan=False)
    text.encode()
    assert "\\u0000" not in text
    assert clean(once) == once


def test_a_group_is_remembered_about_the_person() -> None:
    found = read({"type": "group", "userId": "u-1", "groupId": "acme", "traits": {"name": "Acme", "plan": "pro"}}, ORIGIN)

    assert (found.name, found.properties["group_id"]) == ("Group joined", "acme")
    assert found.traits == {"group_id": "acme", "group_name": "Acme", "group_plan": "pro"}


def test_a_group_without_an_id_changes_nobody() -> None:
    assert read({"type": "group", "userId": "u-1", "traits": {"plan": "pro"}}, ORIGIN).traits == {}


def test_further_identifiers_of_any_call_count() -> None:
    ids = [{"type": "email", "id": "Anna@Example.com"}, {"type": "shoe_size", "id": "38"}, "nonsense", {"type": "phone"}]

    found = read({"type": "track", "event": "Bought", "context": {"externalIds": ids}}, ORIGIN)

    assert found.identifiers == (("email", "anna@example.com"),)


def test_a_repeated_request_is_known_by_its_idempotency_key() -> None:
    later = RECEIVED + timedelta(days=2)
    one, other = (read(call(), Origin(1, at, idempotency_key="abc")) for at in (RECEIVED, later))

    assert one.key == other.key != read(call(), Origin(1, later)).key
