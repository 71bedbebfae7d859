"""How is a definition edited? Stateless: the page posts what it shows, one operation changes it, the answer shows it anew.

The hidden field `<name>` carries the definition, and each chip its own parameter as `<name>:<path>:<parameter>`; chips
win over the hidden field, so a form that is sent before the builder answered still says what the screen said. Names of
lists end in "[]"; dots lead into nested parameters ("window.amount", "where.0.value[]").
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from segments import shape, tree
from segments.catalog import Catalog
from segments.chips import Shown
from segments.conditions import CONDITIONS

if TYPE_CHECKING:
    from django.http import QueryDict

    from segments.tree import Definition, Node

FIRST_KIND = "attribute"


@dataclass(frozen=True)
class View:
    """What the templates show: `name` prefixes every field and id; `definition` goes into the hidden field as JSON."""

    name: str
    root: Shown
    definition: Definition
    sentence: str
    faults: Sequence[tree.Fault]
    announcement: str = ""

    @property
    def kinds(self) -> list[tuple[str, Any]]:
        return [(condition.key, condition.label) for condition in CONDITIONS]

    @property
    def json(self) -> str:
        return json.dumps(self.definition, ensure_ascii=False)


def show(
    definition: Any, *, name: str = "definition", catalog: Catalog | None = None, focus: str | None = None, announcement: str = ""
) -> View:
    """Return what the builder shows for a definition, sound or not. Costs one query per list of choices in use."""
    catalog = catalog or Catalog()
    settled = settle(definition, catalog)
    faults = tree.faults(settled)
    root = _shown(settled["root"], "", 1, 1, faults, catalog, focus)
    return View(name, root, settled, tree.describe(settled), faults, announcement)


def read(data: QueryDict, *, name: str = "definition") -> Definition:
    """Return the definition that the posted builder `name` shows; what cannot be read is an empty one."""
    definition = _load(data.get(name, ""))
    nodes = dict(tree.walk(definition["root"]))
    posted = {}
    for field in data:
        head, _colon, rest = field.partition(":")
        path, _colon, parameter = rest.partition(":")
        if head == name and path in nodes and parameter:
            posted[path, parameter] = data.getlist(field) if parameter.endswith("[]") else data[field]
    gone = {found for path, node in nodes.items() for found in _outdated(path, node, posted)}
    renewed = {path for (path, parameter), kind in posted.items() if parameter == "kind" and _renew(nodes[path], kind)}
    for (path, parameter), value in posted.items():
        if parameter == "match":
            nodes[path]["match"] = value
        elif parameter != "kind" and path not in renewed and isinstance(nodes[path].get("params"), dict):
            names = parameter.removesuffix("[]").split(".")
            if (path, names[0]) not in gone:
                _put(nodes[path]["params"], names, value)
    return definition


def settle(definition: Any, catalog: Catalog) -> Definition:
    """Return the definition with the parameters of every row fitted to each other; rows of unknown kinds stay as they are."""
    settled = shape.plain(definition)
    for _path, node in tree.walk(settled["root"]):
        if "items" in node or node["kind"] not in CONDITIONS:
            continue
        condition = CONDITIONS[node["kind"]]
        node["params"] = condition.settle(node["params"] or condition.fresh(), catalog)
    return settled


# Operations. Each changes the definition in place and returns the path that should have the focus.


def operate(definition: Definition, operation: str) -> tuple[str | None, str]:
    """Carry out "<operation>@<path>[@<argument>]"; return the path to focus and what to announce. Unknown ones do nothing."""
    word, _at, rest = operation.partition("@")
    path, _at, argument = rest.partition("@")
    act = OPERATIONS.get(word)
    nodes = dict(tree.walk(definition["root"]))
    if act is None or path not in nodes:
        return None, ""
    return act(nodes, path, argument)


Nodes = Mapping[str, "Node"]


def _add_condition(nodes: Nodes, path: str, kind: str) -> tuple[str, str]:
    kind = kind if kind in CONDITIONS else FIRST_KIND
    return _append(nodes, path, {"kind": kind, "params": CONDITIONS[kind].fresh()}), _("Condition added")


def _add_group(nodes: Nodes, path: str, argument: str) -> tuple[str, str]:
    leaf = {"kind": FIRST_KIND, "params": CONDITIONS[FIRST_KIND].fresh()}
    match = "all" if nodes[path].get("match") == "any" else "any"
    return _append(nodes, path, {"match": match, "items": [leaf]}), _("Group added")


def _remove(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    siblings, index, parent = _place(nodes, path)
    if siblings is None:
        return None, ""
    del siblings[index]
    if not siblings:
        return parent, _("Removed")
    return _path(parent, min(index, len(siblings) - 1)), _("Removed")


def _duplicate(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    siblings, index, parent = _place(nodes, path)
    if siblings is None:
        return None, ""
    siblings.insert(index + 1, copy.deepcopy(siblings[index]))
    return _path(parent, index + 1), _("Duplicated")


def _wrap(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    siblings, index, _parent = _place(nodes, path)
    if siblings is None:
        return None, ""
    siblings[index] = {"match": "any", "items": [siblings[index]]}
    return path, _("Put into a group")


def _unwrap(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    siblings, index, parent = _place(nodes, path)
    if siblings is None or "items" not in siblings[index]:
        return None, ""
    siblings[index : index + 1] = siblings[index]["items"]
    return parent, _("Group dissolved")


def _up(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    return _swap(nodes, path, -1)


def _down(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    return _swap(nodes, path, 1)


def _in(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    """Move into the nearest group among the siblings, the one below first; without one, into a new group."""
    siblings, index, parent = _place(nodes, path)
    if siblings is None:
        return None, ""
    groups = [at for at, each in enumerate(siblings) if at != index and "items" in each]
    if not groups:
        return _wrap(nodes, path, argument)
    target = min(groups, key=lambda at: (abs(at - index), at < index))
    group, moved = siblings[target], siblings.pop(index)
    group["items"].append(moved)
    return _path(_path(parent, siblings.index(group)), len(group["items"]) - 1), _("Moved into the group")


def _out(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    siblings, index, parent = _place(nodes, path)
    if siblings is None or not parent:
        return None, ""
    above, parent_index, grandparent = _place(nodes, parent)
    if above is None:
        return None, ""
    above.insert(parent_index + 1, siblings.pop(index))
    if not siblings:
        del above[parent_index]
        return _path(grandparent, parent_index), _("Moved out of the group")
    return _path(grandparent, parent_index + 1), _("Moved out of the group")


def _add_detail(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    params = nodes[path].get("params")
    if isinstance(params, dict):
        params["where"] = [*(params.get("where") or []), {"property": "", "operator": "", "value": None}]
    return path, _("Detail added")


def _drop_detail(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    params = nodes[path].get("params")
    details = params.get("where") if isinstance(params, dict) else None
    if isinstance(details, list) and argument.isdecimal() and int(argument) < len(details):
        del details[int(argument)]
    return path, _("Detail removed")


def _drop_value(nodes: Nodes, path: str, argument: str) -> tuple[str | None, str]:
    """Take one of several values away; the argument is "<parameter>@<position>"."""
    parameter, _at, position = argument.rpartition("@")
    held = _get(nodes[path].get("params"), parameter.removesuffix("[]").split("."))
    if isinstance(held, list) and position.isdecimal() and int(position) < len(held):
        del held[int(position)]
    return path, _("Value removed")


OPERATIONS: dict[str, Callable[[Nodes, str, str], tuple[str | None, str]]] = {
    "add-condition": _add_condition,
    "add-group": _add_group,
    "remove": _remove,
    "duplicate": _duplicate,
    "wrap": _wrap,
    "unwrap": _unwrap,
    "up": _up,
    "down": _down,
    "in": _in,
    "out": _out,
    "add-detail": _add_detail,
    "drop-detail": _drop_detail,
    "drop-value": _drop_value,
}


def _append(nodes: Nodes, path: str, node: Node) -> str:
    """Add to a group; what is asked of a condition goes behind it, into its group."""
    items = nodes[path].get("items")
    if items is None:
        path = path.rpartition(".")[0]
        items = nodes[path]["items"]
    items.append(node)
    return _path(path, len(items) - 1)


def _swap(nodes: Nodes, path: str, step: int) -> tuple[str | None, str]:
    siblings, index, parent = _place(nodes, path)
    other = index + step
    if siblings is None or not 0 <= other < len(siblings):
        return path, ""
    siblings[index], siblings[other] = siblings[other], siblings[index]
    return _path(parent, other), _("Moved up") if step < 0 else _("Moved down")


def _place(nodes: Nodes, path: str) -> tuple[list[Node] | None, int, str]:
    """Return the list that holds a node, its index there, and the path of the group; None for the root."""
    if not path:
        return None, 0, ""
    parent, _dot, index = path.rpartition(".")
    items: list[Node] = nodes[parent]["items"]
    return items, int(index), parent


def _path(parent: str, index: int) -> str:
    return f"{parent}.{index}" if parent else str(index)


def _shown(
    node: Node, path: str, number: int, siblings: int, faults: Sequence[tree.Fault], catalog: Catalog, focus: str | None
) -> Shown:
    mine = [fault for fault in faults if fault.path == path]
    texts = list(dict.fromkeys(fault.text for fault in mine))
    has_focus = focus == path
    if "items" in node:
        held = node["items"] if isinstance(node["items"], list) else []
        items = [
            _shown(item, _path(path, index), index + 1, len(held), faults, catalog, focus)
            for index, item in enumerate(held)
            if isinstance(item, dict)
        ]
        return Shown(path, number, siblings, texts, items, match=str(node.get("match", "all")), has_focus=has_focus)
    kind = str(node.get("kind", ""))
    faulty = frozenset(fault.field for fault in mine)
    if kind not in CONDITIONS:
        return Shown(path, number, siblings, texts, kind=kind, icon="alert-triangle", faulty=faulty, has_focus=has_focus)
    condition = CONDITIONS[kind]
    row = condition.row(node["params"], catalog)
    return Shown(path, number, siblings, texts, kind=kind, icon=condition.icon, row=row, faulty=faulty, has_focus=has_focus)


def _renew(node: Node, kind: Any) -> bool:
    """Start a row anew when its kind was changed: nothing of the old one fits."""
    if kind == node.get("kind") or kind not in CONDITIONS:
        return False
    node |= {"kind": kind, "params": CONDITIONS[kind].fresh()}
    return True


def _outdated(path: str, node: Node, posted: Mapping[tuple[str, str], Any]) -> list[tuple[str, str]]:
    """Take away the parameters that belonged to a choice that was just changed; return them as (path, parameter)."""
    params, kind = node.get("params"), node.get("kind")
    if not isinstance(params, dict) or not isinstance(kind, str) or kind not in CONDITIONS:
        return []
    leads = CONDITIONS[kind].leads
    changed = [lead for lead in leads if params.get(lead) and posted.get((path, lead), params[lead]) != params[lead]]
    followers = [follower for lead in changed for follower in leads[lead]]
    for follower in followers:
        params.pop(follower, None)
    return [(path, follower) for follower in followers]


def _load(text: str) -> Definition:
    try:
        return shape.plain(json.loads(text))
    except (ValueError, RecursionError):
        return tree.empty()


def _put(params: dict[str, Any], names: list[str], value: Any) -> None:
    """Write a parameter where its names lead; a position that is not there any more is passed over."""
    held: Any = params
    for name in names[:-1]:
        held = held.setdefault(name, {}) if isinstance(held, dict) else _item(held, name)
    if isinstance(held, dict):
        held[names[-1]] = value


def _get(held: Any, names: list[str]) -> Any:
    for name in names:
        held = held.get(name) if isinstance(held, dict) else _item(held, name)
    return held


def _item(held: Any, name: str) -> Any:
    return held[int(name)] if isinstance(held, list) and name.isdecimal() and int(name) < len(held) else None
