"""What is known about people when changes come late, twice or at once?"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni import feed
from omni.models import FeedEntry
from profiles import attributes, identity, schema
from profiles.attributes import Change
from profiles.models import AttributeDef, Profile
from tests.house import NOW

MINUTE = timedelta(minutes=1)


def person(name: str = "1") -> int:
    return identity.resolve(claims=[identity.Claim((("user_id", name),), "test", NOW)], now=NOW)[0]


def apply(*changes: Change) -> dict[int, set[str]]:
    return attributes.apply(changes=changes, now=NOW)


def known(pk: int) -> dict[str, Any]:
    return dict(Profile.objects.get(pk=pk).attributes)


@pytest.mark.django_db
def test_it_says_what_differs_now() -> None:
    anna = person()

    assert apply(Change(anna, {"city": "Varna", "age": 3}, NOW, "a")) == {anna: {"city", "age"}}
    assert apply(Change(anna, {"city": "Varna", "age": 4}, NOW + MINUTE, "a")) == {anna: {"age"}}
    assert apply(Change(anna, {"city": "Varna"}, NOW + 2 * MINUTE, "a")) == {}
    assert apply(Change(anna, {"city": None}, NOW + 3 * MINUTE, "a")) == {anna: {"city"}}
    assert known(anna) == {"age": 4}


@pytest.mark.django_db
def test_a_late_change_never_overwrites_a_newer_or_confirmed_one() -> None:
    anna = person()
    apply(Change(anna, {"city": "Varna"}, NOW, "a"))
    apply(Change(anna, {"city": "Varna"}, NOW + 2 * MINUTE, "a"))

    assert apply(Change(anna, {"city": "Oslo"}, NOW + MINUTE, "a")) == {}
    assert known(anna) == {"city": "Varna"}


@pytest.mark.django_db
def test_true_is_not_one() -> None:
    anna = person()
    apply(Change(anna, {"flag": 1}, NOW, "a"))

    assert apply(Change(anna, {"flag": True}, NOW, "a")) == {anna: {"flag"}}
    assert known(anna)["flag"] is True


@pytest.mark.django_db
def test_a_profile_merged_away_stands_for_its_survivor() -> None:
    visitor = identity.resolve(claims=[identity.Claim((("anonymous_id", "v"),), "test", NOW)], now=NOW)[0]
    anna = person()
    identity.resolve(claims=[identity.Claim((("user_id", "1"), ("anonymous_id", "v")), "test", NOW)], now=NOW)

    assert apply(Change(visitor, {"city": "Varna"}, NOW, "a")) == {anna: {"city"}}
    assert known(anna) == {"city": "Varna"}


@pytest.mark.django_db
def test_it_learns_types_and_widens_them_to_text() -> None:
    anna = person()
    apply(
        Change(anna, {"a": "x", "b": 1.5, "c": True, "d": "2026-01-01T10:00:00Z", "e": [1], "f": {}, "g": None, "h": 1}, NOW, "a")
    )
    apply(Change(anna, {"h": "many", "d": "2026-02-02"}, NOW + MINUTE, "a"))

    types = dict(AttributeDef.objects.values_list("key", "type"))
    assert types == {"a": "string", "b": "number", "c": "boolean", "d": "date", "e": "list", "f": "object", "h": "string"}


@pytest.mark.django_db
def test_a_flood_of_attributes_is_dammed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "MOST_PER_PERSON", 5)
    monkeypatch.setattr(schema, "MOST_ATTRIBUTES", 3)
    anna = person()

    apply(Change(anna, {f"k{number}": number for number in range(50)}, NOW, "a"))

    assert len(known(anna)) == 5
    assert AttributeDef.objects.count() == 3


@pytest.mark.django_db
def test_it_tells_downstream_which_attributes_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = person()
    monkeypatch.setattr(feed, "_consumers", {})
    feed.register(name="ear", kinds=["profile_changed"], handle=lambda entries, now: None)

    apply(Change(anna, {"city": "Varna"}, NOW, "a"))
    apply(Change(anna, {"city": "Varna"}, NOW + MINUTE, "a"))

    assert [(entry.names, entry.profile_ids) for entry in FeedEntry.objects.filter(consumer="ear")] == [(["city"], [anna])]


@pytest.mark.django_db
def test_a_batch_costs_the_same_whatever_its_size(django_assert_max_num_queries: Any) -> None:
    people = identity.resolve(claims=[identity.Claim((("user_id", str(n)),), "test", NOW) for n in range(500)], now=NOW)
    for count, at in ((2, NOW), (500, NOW + MINUTE)):
        with django_assert_max_num_queries(12):
            apply(*(Change(pk, {"n": pk, "first_name": f"N{pk}", "at": str(at)}, at, "a") for pk in people[:count]))


_numbers = itertools.count()
facts = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([None, 0, 1, "x"]), st.integers(0, 9)),
    max_size=8,
    unique_by=lambda fact: (fact[0], fact[2]),
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts, st.randoms())
def test_the_last_writer_wins_in_any_order(history: list[tuple[str, Any, int]], chance: Any) -> None:
    anna = person(f"person {next(_numbers)}")
    expected = {key: value for key, value, _at in sorted(history, key=lambda fact: fact[2])}
    shuffled = list(history)
    chance.shuffle(shuffled)

    for key, value, minute in shuffled:
        apply(Change(anna, {key: value}, NOW + minute * MINUTE, "test"))

    assert known(anna) == {key: value for key, value in expected.items() if value is not None}
