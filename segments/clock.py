"""When will time alone change somebody's answer?

A moment too early costs one look at the person; one too late would leave the membership wrong, so every rule here errs
early. People whom an unchanging condition of an "all" keeps out are left out: when that changes, the feed says so.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from segments import compiler, tree
from segments.conditions import CONDITIONS
from segments.conditions.base import Sql

HORIZON = timedelta(days=365 * 200)


def flips(definition: tree.Definition, *, now: datetime, among: Collection[int] | None = None) -> Sql | None:
    """Return `SELECT profile_id, due_at` of the next such moment per person; None when time changes nothing."""
    moments = [found for leaf in tree.leaves(definition) if (found := _of_leaf(leaf, now, among)) is not None]
    if not moments:
        return None
    all_moments = " UNION ALL ".join(f"({found.text})" for found in moments)
    text = f"SELECT profile_id, min(moment) AS due_at FROM ({all_moments}) AS moments WHERE moment > %s AND moment < %s"
    values = [*(value for found in moments for value in found.params), now, now + HORIZON]
    fixed = _fixed(definition, now)
    if fixed is not None:
        people = compiler.sql(fixed, now=now, among=among)
        text += f" AND profile_id IN ({people.text})"
        values += people.params
    return Sql(f"{text} GROUP BY profile_id", tuple(values))


def _of_leaf(leaf: tree.Node, now: datetime, among: Collection[int] | None) -> Sql | None:
    return CONDITIONS[leaf["kind"]].flips_at(leaf["params"], now=now, among=among)


def _fixed(definition: tree.Definition, now: datetime) -> tree.Definition | None:
    """Return what an "all" asks that time never changes; None when it asks nothing of the kind."""
    root = definition["root"]
    if root["match"] != "all":
        return None
    items = [item for item in root["items"] if not _moves(item, now)]
    return {"version": tree.VERSION, "root": {"match": "all", "items": items}} if items else None


def _moves(node: tree.Node, now: datetime) -> bool:
    return any("items" not in each and _of_leaf(each, now, []) is not None for _path, each in tree.walk(node))
