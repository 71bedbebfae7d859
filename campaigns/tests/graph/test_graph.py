"""Do edits keep the flow, and does soundness find what is broken?"""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns import graph
from campaigns.graph import Spot
from campaigns.steps import STEPS

WAIT = {"mode": "for", "amount": 1, "unit": "days"}


def line(*kinds: str) -> graph.Graph:
    """A journey of the given kinds in a row, with keys like wait1."""
    made, spot = graph.blank(), Spot("entry", "next")
    for number, kind in enumerate(kinds):
        key = f"{kind}{number}"
        made = graph.insert(made, at=spot, key=key, kind=kind)
        spot = Spot(key, STEPS[kind].exits({})[0].key if STEPS[kind].exits({}) else "")
    return made


def order(journey: graph.Graph) -> list[str]:
    return list(graph.walk(journey))


def test_it_inserts_on_an_edge_and_keeps_what_followed():
    journey = line("wait", "message")

    edited = graph.insert(journey, at=Spot("wait0", "next"), key="b", kind="branch")

    assert order(edited) == ["entry", "wait0", "b", "message1"]
    assert edited["steps"]["b"]["next"] == {"yes": "message1"}
    assert order(journey) == ["entry", "wait0", "message1"]


def test_it_puts_an_end_only_where_nothing_follows():
    journey = line("wait")

    with pytest.raises(graph.EditError):
        graph.insert(journey, at=Spot("entry", "next"), key="e", kind="exit")
    assert order(graph.insert(journey, at=Spot("wait0", "next"), key="e", kind="exit")) == ["entry", "wait0", "e"]


def test_it_removes_a_step_and_closes_the_gap():
    assert order(graph.remove(line("wait", "message"), key="wait0")) == ["entry", "message1"]


def test_it_keeps_the_way_that_was_chosen_when_a_branch_goes():
    journey = graph.insert(line("branch", "wait"), at=Spot("branch0", "no"), key="m", kind="message")

    assert order(graph.remove(journey, key="branch0", keep="no")) == ["entry", "m"]
    assert order(graph.remove(journey, key="branch0", keep="yes")) == ["entry", "wait1"]


def test_it_moves_steps_up_and_down():
    journey = line("wait", "message", "branch")

    assert order(graph.move_up(journey, key="message1")) == ["entry", "message1", "wait0", "branch2"]
    assert graph.move_down(journey, key="wait0") == graph.move_up(journey, key="message1")
    with pytest.raises(graph.EditError):
        graph.move_up(journey, key="wait0")
    with pytest.raises(graph.EditError):
        graph.move_up(journey, key="entry")


def test_it_moves_a_step_to_another_edge():
    journey = graph.insert(line("wait", "branch"), at=Spot("branch1", "no"), key="m", kind="message")

    assert order(graph.move(journey, key="wait0", to=Spot("branch1", "yes"))) == ["entry", "branch1", "wait0", "m"]
    with pytest.raises(graph.EditError):
        graph.move(journey, key="wait0", to=Spot("wait0", "next"))


def test_it_duplicates_a_step_behind_itself():
    journey = graph.replace(line("wait", "exit"), key="wait0", params=WAIT)

    edited = graph.duplicate(journey, key="wait0", as_key="copy")

    assert order(edited) == ["entry", "wait0", "copy", "exit1"]
    assert edited["steps"]["copy"]["params"] == WAIT


def test_it_says_what_an_edit_did():
    before = graph.replace(line("wait", "message", "exit"), key="wait0", params=WAIT)
    after = graph.remove(graph.replace(before, key="wait0", params={**WAIT, "amount": 9}), key="message1")

    changed = graph.changes(before, after)

    assert changed == graph.Changes(added=(), removed=("message1",), changed=("wait0",), moved=())
    assert not graph.changes(before, copy.deepcopy(before))


@pytest.mark.parametrize(
    ("graph_", "path"),
    [
        ([], "/"),
        ({"version": 1}, "/"),
        ({"version": 2, "entry": "a", "steps": {}}, "/version"),
        ({"version": 1, "entry": "a", "steps": {}}, "/entry"),
        ({"version": 1, "entry": "a", "steps": {"a": {"kind": "fly", "params": {}, "next": {}}}}, "/steps/a/kind"),
        ({"version": 1, "entry": "a", "steps": {"a": {"kind": "wait", "params": {}, "next": {}}}}, "/entry"),
        (
            {"version": 1, "entry": "a", "steps": {"a": {"kind": "entry", "params": {}, "next": {"next": "b"}}}},
            "/steps/a/next/next",
        ),
        (
            {"version": 1, "entry": "a", "steps": {"a": {"kind": "entry", "params": {}, "next": {"yes": "a"}}}},
            "/steps/a/next/yes",
        ),
        ({"version": 1, "entry": "a", "steps": {"a": {"kind": "entry", "params": [], "next": {}}}}, "/steps/a"),
        ({"version": 1, "entry": "a", "steps": {"a b": {"kind": "entry", "params": {}, "next": {}}}}, "/steps/a b"),
    ],
)
def test_it_names_the_path_of_a_broken_shape(graph_, path):
    assert [fault.path for fault in graph.shape_faults(graph_)] == [path]


@pytest.mark.django_db
def test_it_finds_loops_joins_and_loose_steps():
    journey = line("wait", "branch")
    journey["steps"]["branch1"]["next"] = {"yes": "wait0", "no": "entry"}
    journey["steps"]["loose"] = {"kind": "wait", "params": WAIT, "next": {}}

    found = {fault.step for fault in graph.faults(journey) if fault.path.count("/") == 2}

    assert found == {"wait0", "entry", "loose"}


KINDS = st.sampled_from(["wait", "message", "branch", "exit"])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["insert", "remove", "up", "down", "move", "copy"]), KINDS, st.integers(0, 99))))
@example([("insert", "wait", 0), ("insert", "exit", 1), ("up", "wait", 1)])
@example([("insert", "wait", 0), ("insert", "wait", 0), ("insert", "exit", 1), ("insert", "wait", 0), ("up", "wait", 68)])
def test_it_stays_a_tree_under_any_edits(edits):
    journey = graph.blank()
    for number, (verb, kind, pick) in enumerate(edits):
        keys = list(journey["steps"])
        key = keys[pick % len(keys)]
        ports = [port.key for port in STEPS[journey["steps"][key]["kind"]].exits({})]
        spot = Spot(key, ports[pick % len(ports)]) if ports else Spot(key, "next")
        new = f"{kind}_{number}"
        act = {
            "insert": partial(graph.insert, at=spot, key=new, kind=kind),
            "remove": partial(graph.remove, key=key),
            "up": partial(graph.move_up, key=key),
            "down": partial(graph.move_down, key=key),
            "move": partial(graph.move, key=keys[-1], to=spot),
            "copy": partial(graph.duplicate, key=key, as_key=new),
        }[verb]
        with suppress(graph.EditError):
            journey = act(journey)
        assert graph.shape_faults(journey) == []
        assert sorted(graph.walk(journey)) == sorted(journey["steps"])
        ways_in = [child for step in journey["steps"].values() for child in step["next"].values()]
        assert len(ways_in) == len(set(ways_in)) == len(journey["steps"]) - 1
