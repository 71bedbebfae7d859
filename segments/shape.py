"""What of some JSON can the builder show? Everything that has the shape of a definition; the rest is left out.

Only the shape: whether a parameter makes sense is for the conditions' forms to say.
"""

from __future__ import annotations

from typing import Any

from segments import tree

LISTS = frozenset({"value", "dates"})  # a value, or several
OBJECTS = frozenset({"window"})
ROWS = frozenset({"where"})
Scalar = str | int | float | bool | None


def plain(found: Any) -> tree.Definition:
    """Return a copy with groups, rows and parameters of the right shape; an empty definition when there is no root group."""
    root = found.get("root") if isinstance(found, dict) else None
    if not isinstance(root, dict) or "items" not in root:
        return tree.empty()
    return {"version": tree.VERSION, "root": _group(root, 0)}


def _group(node: dict[str, Any], depth: int) -> tree.Node:
    match, items = node.get("match"), node.get("items")
    kept = []
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        if "items" not in item:
            kept.append(_leaf(item))
        elif depth < tree.DEEPEST:
            kept.append(_group(item, depth + 1))
    return {"match": match if match in tree.MATCHES else "all", "items": kept}


def _leaf(node: dict[str, Any]) -> tree.Node:
    kind, params = node.get("kind"), node.get("params")
    return {"kind": kind if isinstance(kind, str) else "", "params": _params(params)}


def _params(params: Any) -> dict[str, Any]:
    """Return the parameters of the right shape: a choice is one value, never a list or an object."""
    kept: dict[str, Any] = {}
    for name, value in params.items() if isinstance(params, dict) else []:
        if name in ROWS:
            kept[name] = [_params(row) for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        elif name in OBJECTS:
            kept[name] = _params(value)
        elif isinstance(value, list):
            if name in LISTS:
                kept[name] = [one for one in value if isinstance(one, Scalar)]
        elif isinstance(value, Scalar):
            kept[name] = value
    return kept
