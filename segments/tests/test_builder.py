"""Does the builder say what the screen says, and does every operation do what its button promises?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import QueryDict

from profiles.models import AttributeDef, EventDef
from segments import builder, tree
from segments.catalog import Catalog
from segments.tests.world import NOW

pytestmark = pytest.mark.django_db


def leaf(key: str) -> dict[str, Any]:
    return {"kind": "attribute", "params": {"attribute": key, "operator": "is", "value": "x"}}


def group(match: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"match": match, "items": list(items)}


def definition(*items: dict[str, Any]) -> tree.Definition:
    return {"version": 1, "root": group("all", *items)}


def shape(node: dict[str, Any]) -> Any:
    """Return a tree as nested lists of attribute names."""
    return [shape(item) for item in node["items"]] if "items" in node else node["params"].get("attribute", node["kind"])


@pytest.mark.parametrize(
    ("operation", "expected", "focus"),
    [
        ("up@1", ["b", "a", ["c", "d"]], "0"),
        ("up@0", ["a", "b", ["c", "d"]], "0"),
        ("down@0", ["b", "a", ["c", "d"]], "1"),
        ("down@2.0", ["a", "b", ["d", "c"]], "2.1"),
        ("in@1", ["a", ["c", "d", "b"]], "1.2"),
        ("in@2.0", ["a", "b", [["c"], "d"]], "2.0"),
        ("out@2.0", ["a", "b", ["d"], "c"], "3"),
        ("out@0", ["a", "b", ["c", "d"]], None),
        ("remove@0", ["b", ["c", "d"]], "0"),
        ("remove@2", ["a", "b"], "1"),
        ("remove@", ["a", "b", ["c", "d"]], None),
        ("duplicate@0", ["a", "a", "b", ["c", "d"]], "1"),
        ("wrap@0", [["a"], "b", ["c", "d"]], "0"),
        ("unwrap@2", ["a", "b", "c", "d"], ""),
        ("unwrap@0", ["a", "b", ["c", "d"]], None),
        ("add-condition@2@event", ["a", "b", ["c", "d", "event"]], "2.2"),
        ("add-condition@@nonsense", ["a", "b", ["c", "d"], ""], "3"),
        ("add-group@", ["a", "b", ["c", "d"], [""]], "3"),
        ("explode@0", ["a", "b", ["c", "d"]], None),
        ("up@7.7", ["a", "b", ["c", "d"]], None),
    ],
)
def test_it_carries_out_an_operation(operation: str, expected: Any, focus: str | None) -> None:
    held = definition(leaf("a"), leaf("b"), group("any", leaf("c"), leaf("d")))

    found, _announcement = builder.operate(held, operation)

    assert shape(held["root"]) == expected
    assert found == focus


def test_it_dissolves_a_group_that_its_last_condition_left() -> None:
    held = definition(group("any", leaf("a")), leaf("b"))

    assert builder.operate(held, "out@0.0") == ("0", "Moved out of the group")
    assert shape(held["root"]) == ["a", "b"]


def test_it_believes_the_chips_over_the_hidden_field() -> None:
    data = QueryDict(mutable=True)
    data["rule"] = json.dumps(definition(leaf("country"), group("any", leaf("b"))))
    data["rule::match"] = "none"
    data["rule:0:attribute"] = "country"
    data["rule:0:operator"] = "in"
    data.setlist("rule:0:value[]", ["Poland", "Bulgaria", ""])
    data["rule:1.0:kind"] = "event"
    data["rule:1.0:attribute"] = "left over"
    data["rule:9:attribute"] = "no such row"
    data["other:0:attribute"] = "another builder"

    found = builder.settle(builder.read(data, name="rule"), Catalog())

    assert found["root"]["match"] == "none"
    assert found["root"]["items"][0]["params"] == {"attribute": "country", "operator": "in", "value": ["Poland", "Bulgaria", ""]}
    assert found["root"]["items"][1]["items"][0]["kind"] == "event"
    assert "attribute" not in found["root"]["items"][1]["items"][0]["params"]


def test_it_writes_nested_parameters() -> None:
    held = definition(
        {"kind": "event", "params": {"event": "Bought", "measure": "did", "where": [{"property": "size", "operator": "is"}]}}
    )
    data = QueryDict(mutable=True)
    data["definition"] = json.dumps(held)
    data["definition:0:often"] = "count:at_most"
    data["definition:0:window.kind"] = "last"
    data["definition:0:where.0.property"] = "color"
    data.setlist("definition:0:where.0.value[]", ["red"])
    data["definition:0:where.5.property"] = "no such detail"

    params = builder.settle(builder.read(data), Catalog())["root"]["items"][0]["params"]

    assert (params["measure"], params["comparison"], params["amount"]) == ("count", "at_most", 1)
    assert params["window"] == {"kind": "last", "amount": 30, "unit": "days"}
    assert params["where"] == [{"property": "color", "operator": "is", "value": ["red"]}]


def test_it_forgets_the_value_of_another_attribute() -> None:
    data = QueryDict(mutable=True)
    data["definition"] = json.dumps(definition(leaf("country"), leaf("")))
    for position, key in enumerate(["city", "age"]):
        data[f"definition:{position}:attribute"] = key
        data.setlist(f"definition:{position}:value[]", ["Poland"])

    first, second = builder.read(data)["root"]["items"]

    assert first["params"] == {"attribute": "city", "operator": "is"}
    assert second["params"] == {"attribute": "age", "operator": "is", "value": ["Poland"]}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"root": []}', "[" * 5000])
def test_it_takes_what_it_cannot_read_for_an_empty_definition(text: str) -> None:
    data = QueryDict(mutable=True)
    data["definition"] = text

    assert builder.read(data) == tree.empty()


def test_it_fits_the_comparison_to_the_type_of_the_attribute() -> None:
    AttributeDef.objects.create(key="age", type="number", first_seen_at=NOW)
    held = definition(leaf("age"))

    params = builder.settle(held, Catalog())["root"]["items"][0]["params"]

    assert params == {"attribute": "age", "operator": "equals", "value": None}


def test_it_shows_what_is_not_finished_at_its_row() -> None:
    held = definition({"kind": "attribute", "params": {"attribute": ""}}, {"kind": "astrology", "params": {}})

    view = builder.show(held)

    assert view.root.items is not None
    assert view.root.items[0].faults == ["Choose what you want to know about the person."]
    assert view.root.items[1].faults == ["There is no kind of condition “astrology”."]
    assert view.sentence == "Nobody yet: there is no condition."


def test_it_loads_each_list_of_choices_once(django_assert_max_num_queries: Any) -> None:
    EventDef.objects.create(name="Bought", properties={"size": "number"}, first_seen_at=NOW)
    bought = {"kind": "event", "params": {"event": "Bought", "measure": "did", "window": {"kind": "ever"}, "where": []}}
    held = definition(
        *[leaf("a"), bought, {"kind": "reachable", "params": {"relation": "may", "channel": "email", "topic": ""}}] * 8
    )

    with django_assert_max_num_queries(4):
        builder.show(held)


def test_it_describes_a_definition_in_one_sentence() -> None:
    bought = {"kind": "event", "params": {"event": "Bought", "measure": "did"}}
    held = definition(leaf("a"), group("none", bought), group("any", leaf("b"), leaf("c")))

    assert tree.describe(held) == "People whose a is x and (whose b is x or whose c is x), but not people who did “Bought”."
