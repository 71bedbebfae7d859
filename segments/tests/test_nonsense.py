"""Does anything fail on a definition that is any JSON at all?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from segments import builder, compiler, tree
from segments.conditions import CONDITIONS
from segments.tests.world import NOW

pytestmark = pytest.mark.django_db

JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["last", "in"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=5,
)
NAMES = ["attribute", "operator", "value", "event", "measure", "often", "comparison", "amount", "amount_to", "window", "where"]
NAMES += ["segment", "relation", "channel", "topic", "status"]
WINDOW = st.dictionaries(
    st.sampled_from(["kind", "amount", "unit", "dates"]), JUNK | st.sampled_from(["last", "between", "days"])
)
DETAIL = st.dictionaries(st.sampled_from(["property", "operator", "value"]), JUNK | st.sampled_from(["is", "between", "color"]))
CHOICES = st.sampled_from(["count", "sum", "did", "between", "in", "is", "email", "count:at_least", "sum:", ":"])
PARAMS = st.dictionaries(st.sampled_from(NAMES), st.one_of(JUNK, CHOICES, WINDOW, st.lists(DETAIL, max_size=2)), max_size=8)
LEAF = st.fixed_dictionaries(
    {"kind": st.sampled_from([condition.key for condition in CONDITIONS]) | JUNK, "params": PARAMS | JUNK}
)
NODE = st.recursive(
    LEAF | JUNK,
    lambda inner: st.fixed_dictionaries(
        {"match": st.sampled_from(["all", "any", "none"]) | JUNK, "items": st.lists(inner) | JUNK}
    ),
    max_leaves=6,
)
DEFINITION = st.one_of(JUNK, st.fixed_dictionaries({"version": st.just(1) | JUNK, "root": NODE}))
DEEP: dict[str, Any] = {"match": "all", "items": []}
for _level in range(60):
    DEEP = {"match": "all", "items": [DEEP]}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(definition=DEFINITION)
@example(definition={"version": 1, "root": DEEP})
def test_it_refuses_or_compiles(definition: Any) -> None:
    sound, faults = tree.inspect(definition)

    assert faults or sound["root"]["items"]
    assert isinstance(tree.describe(definition), str)
    assert isinstance(compiler.count(definition, now=NOW), int)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    definition=DEFINITION,
    operation=st.sampled_from([*builder.OPERATIONS, "nothing"]),
    path=st.sampled_from(["", "0", "0.0", "1"]),
)
@example(definition={"version": 1, "root": DEEP}, operation="add-group", path="0.0")
def test_the_builder_shows_it(definition: Any, operation: str, path: str) -> None:
    data = QueryDict(mutable=True)
    data["definition"] = json.dumps(definition)
    data[f"definition:{path}:value[]"] = "x"
    data[f"definition:{path}:where.0.property"] = "x"
    data[f"definition:{path}:window.kind"] = "last"

    read = builder.read(data)
    builder.operate(read, f"{operation}@{path}@0")

    assert json.loads(builder.show(read).json)["version"] == 1
