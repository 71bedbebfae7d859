"""What is a definition made of, is it sound, and how does it read?

A definition is JSON, kept as it is here and in the API:

    {"version": 1, "root": GROUP}
    GROUP = {"match": "all" | "any" | "none", "items": [GROUP | LEAF, ...]}
    LEAF  = {"kind": "<key of a condition>", "params": {...}}

A path names a node by positions: "" is the root, "0.2" the third item of its first. This module asks the registry and
the conditions' forms; it counts nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from segments.conditions import CONDITIONS

VERSION = 1
MATCHES = ("all", "any", "none")
DEEPEST = 8
MOST_LEAVES = 100

Node = dict[str, Any]


class Definition(TypedDict):
    version: int
    root: Node


@dataclass(frozen=True)
class Fault:
    """What is wrong at `path`; `field` is the parameter it is about, "" for the node as a whole."""

    path: str
    field: str
    text: str


class InvalidDefinitionError(Exception):
    """A definition cannot be used as it is; `faults` says where and why."""

    permanent = True

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.path or 'root'}: {fault.text}" for fault in faults))
        self.faults = faults


def empty() -> Definition:
    return {"version": VERSION, "root": {"match": "all", "items": []}}


def clean(definition: Any) -> Definition:
    """Return the definition as it is stored, every parameter checked and normalized; raises InvalidDefinitionError."""
    cleaned, found = inspect(definition)
    if found:
        raise InvalidDefinitionError(found)
    return cleaned


def inspect(definition: Any) -> tuple[Definition, list[Fault]]:
    """Return the definition with its sound leaves normalized and the others left out, and what is wrong with those.

    The first is what can be counted while somebody is still typing. Costs a query per leaf whose form needs one.
    """
    if not isinstance(definition, dict) or definition.get("version") != VERSION or not isinstance(definition.get("root"), dict):
        return empty(), [Fault("", "", _("A definition is an object with version 1 and a root group."))]
    found: list[Fault] = []
    if sum(1 for _path, node in walk(definition["root"]) if "items" not in node) > MOST_LEAVES:
        return empty(), [Fault("", "", _("A segment holds up to %(most)s conditions.") % {"most": MOST_LEAVES})]
    root = _group(definition["root"], "", found)
    return {"version": VERSION, "root": root or {"match": "all", "items": []}}, found


def faults(definition: Any) -> list[Fault]:
    """Return what is wrong with a definition, [] when it can be used as it is."""
    return inspect(definition)[1]


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Yield (path, node) for a node and all below it, parents first; what is no node is passed over."""
    yield path, node
    items = node.get("items")
    if not isinstance(items, list) or path.count(".") >= DEEPEST:
        return
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from walk(item, f"{path}.{index}" if path else str(index))


def leaves(definition: Definition) -> list[Node]:
    return [node for _path, node in walk(definition["root"]) if "items" not in node]


def reads(definition: Definition) -> list[str]:
    """Return the changes that can alter an answer, as "<feed kind>:<name>", sorted."""
    found: set[str] = set()
    for leaf in leaves(definition):
        condition = CONDITIONS.find(leaf["kind"])
        if condition is not None:
            found |= condition.reads(leaf["params"])
    return sorted(found)


def segments_of(definition: Definition) -> set[int]:
    """Return the ids of the segments that this definition asks about."""
    return {leaf["params"]["segment"] for leaf in leaves(definition) if leaf["kind"] == "membership"}


def describe(definition: Any) -> str:
    """Return the definition as one sentence: "People whose country is Poland and who did “Order Completed”."

    Costs a query per leaf that names another row. Parts that are not sound are left out.
    """
    sound, _faults = inspect(definition)
    clause = _clause(sound["root"], is_root=True)
    if not clause:
        return _("Nobody yet: there is no condition.")
    if sound["root"]["match"] == "none":
        return _("Everybody except people %(clause)s.") % {"clause": clause}
    return _("People %(clause)s.") % {"clause": clause}


def _group(node: Node, path: str, faults: list[Fault]) -> Node | None:
    """Return the sound part of a group, None when nothing of it is; append what is wrong."""
    if node.get("match") not in MATCHES or not isinstance(node.get("items"), list):
        faults.append(Fault(path, "match", _("A group matches all, any or none of its items.")))
        return None
    if path.count(".") + bool(path) >= DEEPEST:
        faults.append(Fault(path, "", _("Groups can be nested up to %(most)s deep.") % {"most": DEEPEST}))
        return None
    if not node["items"]:
        faults.append(Fault(path, "", _("This group has no condition yet.")))
        return None
    items = []
    for index, item in enumerate(node["items"]):
        item_path = f"{path}.{index}" if path else str(index)
        if not isinstance(item, dict):
            faults.append(Fault(item_path, "", _("This is neither a condition nor a group.")))
            continue
        sound = _group(item, item_path, faults) if "items" in item else _leaf(item, item_path, faults)
        if sound is not None:
            items.append(sound)
    return {"match": node["match"], "items": items} if items else None


def _leaf(node: Node, path: str, faults: list[Fault]) -> Node | None:
    kind, params = node.get("kind"), node.get("params")
    if not isinstance(kind, str) or kind not in CONDITIONS:
        faults.append(Fault(path, "kind", _("There is no kind of condition “%(kind)s”.") % {"kind": kind}))
        return None
    if not isinstance(params, dict):
        faults.append(Fault(path, "params", _("A condition has an object of parameters.")))
        return None
    form = CONDITIONS[kind].Form(data=params)
    if not form.is_valid():
        for field, messages in form.errors.get_json_data().items():
            faults += [Fault(path, "" if field == "__all__" else field, message["message"]) for message in messages]
        return None
    return {"kind": kind, "params": form.cleaned_data}


def _clause(node: Node, *, is_root: bool = False) -> str:
    if "items" not in node:
        return CONDITIONS[node["kind"]].describe(node["params"])
    # What is kept out reads best at the end: "who did a and who did b, but not people who did c".
    without = [item for item in node["items"] if node["match"] == "all" and item.get("match") == "none"]
    parts = [_clause(item) for item in node["items"] if item not in without]
    joined = _join(parts, _("and") if node["match"] == "all" else _("or"))
    for item in without:
        excepted = _("but not people %(clause)s") % {"clause": _clause(item, is_root=True)}
        joined = f"{joined}, {excepted}" if joined else excepted
    if is_root:
        return joined
    closed = joined if len(node["items"]) == 1 else f"({joined})"
    return _("who are not among people %(clause)s") % {"clause": closed} if node["match"] == "none" else closed


def _join(parts: list[str], word: str) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s %(word)s %(last)s") % {"first": ", ".join(parts[:-1]), "word": word, "last": parts[-1]}
