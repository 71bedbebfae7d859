"""How do two profiles become one, so that it can be undone?

Events and the consent ledger keep their profile for ever; identifiers and contact points move to the root; attributes fold
last writer first. The journal keeps what both looked like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from profiles.identity import layers
from profiles.models import ContactPoint, Identifier, Merge, Profile

FIELDS = [
    *("merged_into", "version", "attributes", "attribute_facts", "is_test", "restricted_at"),
    *("created_at", "updated_at", "latest_seen_at"),
]


@dataclass(frozen=True)
class Join:
    """An origin that goes into a root, and why. `decisions` are a person's about single attributes (see models.Merge)."""

    root: int
    origin: int
    reason: str
    rule: str = "shared_identifier"
    evidence: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    by: str = ""


def carry_out(joins: Sequence[Join], *, now: datetime) -> list[Merge]:
    """Merge these, in this order; return the journal. The caller holds locks on all of them and knows that they are roots.

    A fixed number of statements for the whole batch. Identifiers follow, origins merged earlier point at the new root,
    so that one step always reaches the survivor.
    """
    if not joins:
        return []
    ids = {pk for join in joins for pk in (join.root, join.origin)}
    people = Profile.objects.in_bulk(ids)
    identifiers, points = _ids_of(Identifier, ids), _ids_of(ContactPoint, ids)
    journal = []
    for join in joins:
        root, origin = people[join.root], people[join.origin]
        snapshot = {"root": _picture(root, identifiers, points), "origin": _picture(origin, identifiers, points)}
        journal.append(
            Merge(
                root=root,
                origin=origin,
                rule=join.rule,
                reason=join.reason[:200],
                evidence=join.evidence,
                decisions=join.decisions,
                snapshot=snapshot,
                merged_by=join.by[:80],
                merged_at=now,
            )
        )
        _fold(root, origin, join.decisions, now)
        for held in (identifiers, points):
            held[root.pk] = [*held.get(root.pk, []), *held.pop(origin.pk, [])]
    Merge.objects.bulk_create(journal)
    survivors = _survivors(joins)
    for origin_id, survivor in survivors.items():
        people[origin_id].merged_into = people[survivor]
    Profile.objects.bulk_update(people.values(), FIELDS)
    _move(survivors)
    return journal


def _ids_of(model: type[Identifier | ContactPoint], profile_ids: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = model._default_manager.filter(profile_id__in=profile_ids).order_by("pk").values_list("profile_id", "pk")
    for profile_id, pk in rows:
        found.setdefault(profile_id, []).append(pk)
    return found


def _picture(profile: Profile, identifiers: dict[int, list[int]], points: dict[int, list[int]]) -> dict[str, Any]:
    return {
        "id": profile.pk,
        "attributes": dict(profile.attributes),
        "attribute_facts": dict(profile.attribute_facts),
        "identifiers": identifiers.get(profile.pk, []),
        "contact_points": points.get(profile.pk, []),
        "is_test": profile.is_test,
        "restricted_at": profile.restricted_at.isoformat() if profile.restricted_at else None,
        "created_at": profile.created_at.isoformat(),
        "latest_seen_at": profile.latest_seen_at.isoformat() if profile.latest_seen_at else None,
    }


def _fold(root: Profile, origin: Profile, decisions: dict[str, dict[str, Any]], now: datetime) -> None:
    layer = layers.Layer(root.attributes, root.attribute_facts)
    layers.fold(layer, layers.Layer(origin.attributes, origin.attribute_facts))
    layers.decide(layer, decisions)
    root.is_test = root.is_test or origin.is_test
    root.restricted_at = root.restricted_at or origin.restricted_at
    root.created_at = min(root.created_at, origin.created_at)
    root.latest_seen_at = max((at for at in (root.latest_seen_at, origin.latest_seen_at) if at), default=None)
    root.version += 1
    root.updated_at = now
    origin.version += 1
    origin.updated_at = now


def _survivors(joins: Sequence[Join]) -> dict[int, int]:
    """Return {origin: who it is in the end}."""
    into = {join.origin: join.root for join in joins}
    found = {}
    for origin, root in into.items():
        while root in into:
            root = into[root]
        found[origin] = root
    return found


def _move(survivors: dict[int, int]) -> None:
    """Take along what belongs to the origins; in order of id, as everybody locks."""
    with connection.cursor() as cursor:
        for table, column in (
            ("profiles_identifier", "profile_id"),
            ("profiles_contactpoint", "profile_id"),
            ("profiles_profile", "merged_into_id"),
        ):
            cursor.execute(
                f"UPDATE {table} SET {column} = moved.root FROM unnest(%s::bigint[], %s::bigint[]) AS moved (root, origin)"  # noqa: S608
                f" WHERE {column} = moved.origin",
                [list(survivors.values()), list(survivors)],
            )
