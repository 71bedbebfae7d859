"""Does the compiler find exactly the people a plain reading of the definition finds?"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings

from segments import compiler, tree
from segments.tests import strategies
from segments.tests.world import DAY, NOW, Did, Person, World

pytestmark = pytest.mark.django_db


class _UndoError(Exception):
    pass


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=strategies.worlds(), definition=strategies.definitions)
def test_it_finds_whom_the_oracle_finds(world: World, definition: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            world.build()
            sound = tree.clean(definition)
            expected = world.matching(sound, NOW)

            assert compiler.ids(definition, now=NOW) == expected
            assert compiler.count(definition, now=NOW) == len(expected)
            some = set(world.pks[::2]) & {world.pks[position] for position in world.surviving()}
            assert compiler.ids(definition, now=NOW, among=some) == expected & some
            raise _UndoError
    except _UndoError:
        pass


def leaf(kind: str, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "params": params}


def group(match: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "root": {"match": match, "items": list(items)}}


POLISH = leaf("attribute", attribute="country", operator="is", value="Poland")
BOUGHT_TWICE = leaf(
    "event", event="Order Completed", measure="count", comparison="at_least", amount=2, window={"kind": "ever"}, where=[]
)


@pytest.fixture
def town() -> World:
    """Ewa (0) is Polish and bought twice, once as the visitor (2) she was merged with; Ivan (1) did nothing."""
    town = World(
        people=[Person({"country": "Poland"}), Person({"country": "Bulgaria"}), Person(into=0)],
        events=[Did(0, "Order Completed", NOW - DAY), Did(2, "Order Completed", NOW - 2 * DAY)],
    )
    town.build()
    return town


def test_it_counts_over_everybody_who_was_merged(town: World) -> None:
    assert compiler.ids(group("all", BOUGHT_TWICE), now=NOW) == {town.pks[0]}
    assert list(compiler.people(group("all", POLISH, BOUGHT_TWICE), now=NOW).values_list("pk", flat=True)) == [town.pks[0]]


@pytest.mark.parametrize("match", ["all", "any", "none"])
def test_it_takes_an_unknown_kind_for_nobody(town: World, match: str, caplog: pytest.LogCaptureFixture) -> None:
    definition = group(match, POLISH, leaf("astrology", sign="Leo"))

    assert compiler.ids(definition, now=NOW) == set()
    assert compiler.count(group("none", leaf("astrology", sign="Leo")), now=NOW) == 0
    assert "matches nobody" in caplog.text


def test_it_never_takes_an_empty_definition_for_everybody(town: World) -> None:
    assert compiler.count(tree.empty(), now=NOW) == 0
    assert compiler.count({}, now=NOW) == 0


def test_it_says_why_each_of_a_few_people_matches(town: World) -> None:
    seen = compiler.preview(group("any", POLISH, BOUGHT_TWICE), now=NOW)

    assert (seen.size, seen.everybody, seen.by_email) == (1, 2, 0)
    assert seen.examples[0].profile.pk == town.pks[0]
    assert seen.examples[0].reasons == ("country: Poland", "Order Completed: 2 times, latest on March 14, 2026")


def test_it_keeps_chosen_names_and_values_out_of_the_text(town: World) -> None:
    nasty = "x') OR 1=1; --%s"
    attribute = leaf("attribute", attribute=nasty, operator="contains", value=nasty)
    detail = leaf(
        "event", event="Order Completed", measure="did", where=[{"property": nasty, "operator": "starts_with", "value": nasty}]
    )

    found = compiler.sql(group("any", attribute, detail), now=NOW)

    assert nasty not in found.text
    assert compiler.ids(group("any", attribute, detail), now=NOW) == set()


def test_it_answers_clearly_when_counting_takes_too_long(town: World) -> None:
    with pytest.raises(compiler.TooSlowError), compiler.room(seconds=0.02), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(2)")

    assert compiler.count(group("all", POLISH), now=NOW) == 1  # the caller's transaction goes on


def test_it_gives_the_caller_its_own_limits_back(town: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('work_mem'), current_setting('statement_timeout')")
        before = cursor.fetchone()
        with compiler.room():
            cursor.execute("SELECT current_setting('work_mem')")
            assert cursor.fetchone() == (compiler.WORK_MEMORY,)
        cursor.execute("SELECT current_setting('work_mem'), current_setting('statement_timeout')")
        assert cursor.fetchone() == before
