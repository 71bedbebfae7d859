"""What is known about one person made of several profiles, and what is left when one of them goes? Pure.

Every profile is a layer of attributes, each with its fact [event time, source]. The newest fact wins. The journal holds the
layers as they were at every merge, so that a layer can be lifted out again from anywhere in the pile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from profiles.models import Merge

T = TypeVar("T")
Entry = tuple[list[str], bool, Any]  # (fact, whether there is a value, the value)


@dataclass
class Layer:
    attributes: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, list[str]] = field(default_factory=dict)

    def entry(self, key: str) -> Entry | None:
        if key not in self.facts:
            return None
        return (self.facts[key], key in self.attributes, self.attributes.get(key))

    def put(self, key: str, entry: Entry) -> None:
        fact, has_value, value = entry
        self.facts[key] = fact
        if has_value:
            self.attributes[key] = value
        else:
            self.attributes.pop(key, None)


@dataclass(frozen=True)
class Step:
    """A merge into a profile: what the profile looked like before, and what came."""

    before: Layer
    came: Layer
    is_active: bool


def fold(into: Layer, origin: Layer) -> None:
    """Add a layer: per attribute the newest fact wins, of equally old ones always the same, in whatever order they come."""
    for key in origin.facts:
        entry, held = origin.entry(key), into.entry(key)
        if entry is not None and (held is None or _rank(entry) > _rank(held)):
            into.put(key, entry)


def own(now: Layer, steps: Sequence[Step]) -> Layer:
    """Return what a profile itself contributed: what it shows after these merges without what came with any of them."""
    seen = [*(step.before for step in steps), now]
    found = Layer()
    for key in {key for layer in seen for key in layer.facts}:
        for place in range(len(seen) - 1, -1, -1):
            entry = seen[place].entry(key)
            if entry is not None and all(step.came.entry(key) != entry for step in steps[:place]):
                found.put(key, entry)
                break
    return found


def without(now: Layer, steps: Sequence[Step]) -> Layer:
    """Return what is known when only the active ones of these merges had happened."""
    left = own(now, steps)
    for step in steps:
        if step.is_active:
            fold(left, step.came)
    return left


def own_value(now: T, seen: Sequence[tuple[T, T]]) -> T:
    """Return the same for a single value: `seen` is [(before, came), ...]."""
    values = [*(before for before, _came in seen), now]
    for place in range(len(values) - 1, 0, -1):
        if all(came != values[place] for _before, came in seen[:place]):
            return values[place]
    return values[0]


def of(picture: dict[str, Any]) -> Layer:
    return Layer(dict(picture["attributes"]), dict(picture["attribute_facts"]))


def steps_of(merges: Iterable[Merge], *, leaving: int) -> list[Step]:
    """Return the merges into one profile, in the order they happened; that of id `leaving` counts as undone."""
    return [
        Step(
            of(merge.snapshot["root"]),
            _with_decisions(of(merge.snapshot["origin"]), merge.decisions),
            merge.reversed_at is None and merge.pk != leaving,
        )
        for merge in merges
    ]


def decide(layer: Layer, decisions: dict[str, dict[str, Any]]) -> None:
    """Put on what a person decided about single attributes."""
    for key, decision in decisions.items():
        layer.put(key, (decision["fact"], "value" in decision, decision.get("value")))


def _with_decisions(layer: Layer, decisions: dict[str, dict[str, Any]]) -> Layer:
    decide(layer, decisions)
    return layer


def _rank(entry: Entry) -> tuple[datetime, str, bool, str]:
    fact, has_value, value = entry
    return (datetime.fromisoformat(fact[0]), fact[1], has_value, json.dumps(value, sort_keys=True))
