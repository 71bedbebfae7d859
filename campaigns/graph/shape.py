"""What is stored of a journey, and how is it walked?

A graph is a tree that grows from its entry: every step has one way in. A port without a next step ends the journey.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypedDict

from campaigns.steps import STEPS

VERSION = 1


class StepJson(TypedDict):
    kind: str
    params: dict[str, Any]
    next: dict[str, str]  # {port key: step key}; a port that is not there ends the journey


class Graph(TypedDict):
    version: int
    entry: str
    steps: dict[str, StepJson]


@dataclass(frozen=True)
class Spot:
    """A place on an edge: behind the step `after`, at its exit `port`."""

    after: str
    port: str


def blank(params: dict[str, Any] | None = None) -> Graph:
    """Return a journey that has only its entry."""
    return {"version": VERSION, "entry": "entry", "steps": {"entry": {"kind": "entry", "params": params or {}, "next": {}}}}


def children(graph: Graph, key: str) -> list[tuple[str, str]]:
    """Return [(port, key of the next step)] of a step, in the order of its exits, without ports that lead nowhere."""
    following = graph["steps"][key]["next"]
    return [(port, following[port]) for port in ports(graph["steps"][key]) if following.get(port) in graph["steps"]]


def ports(step: StepJson) -> list[str]:
    """Return the exits of a step by key. The database does not keep the order of `next`, so the kind tells it."""
    kind = STEPS.find(step["kind"])
    return [port.key for port in kind.exits(step["params"])] if kind else sorted(step["next"])


def walk(graph: Graph) -> Iterator[str]:
    """Yield the keys that can be reached from the entry, each once, parents before children."""
    seen: set[str] = set()
    waiting = [graph["entry"]] if graph["entry"] in graph["steps"] else []
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        yield key
        waiting.extend(child for _, child in reversed(children(graph, key)))


def parents(graph: Graph) -> dict[str, Spot]:
    """Return where each step hangs: {key: Spot}; the entry and loose steps are not among them."""
    return {child: Spot(key, port) for key in graph["steps"] for port, child in children(graph, key)}


def spot(graph: Graph, key: str) -> Spot | None:
    return parents(graph).get(key)


def subtree(graph: Graph, key: str) -> list[str]:
    """Return the step and everything after it, parents first."""
    found = list(walk({"version": VERSION, "entry": key, "steps": graph["steps"]}))
    return found


def earlier(graph: Graph, key: str) -> list[str]:
    """Return the steps a person has passed before `key`, the entry first."""
    above = parents(graph)
    path: list[str] = []
    while (at := above.get(key)) is not None and at.after not in path:
        path.append(at.after)
        key = at.after
    return path[::-1]
