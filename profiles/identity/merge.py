"""How do two profiles become one, so that it can be undone?

Events and the consent ledger keep their profile for ever; identifiers and contact points move to the root; attributes fold
last writer first. The journal keeps what both looked like.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from profiles.models import Identifier, Merge, Profile


def carry_out(merges: Sequence[tuple[int, Sequence[tuple[int, str]]]], *, now: datetime) -> None:
    """Merge for every (root, [(origin, why), ...]). The caller holds locks on all of them and knows that they are roots.

    A fixed number of statements for the whole batch. Identifiers follow, origins merged earlier point at the new root,
    so that one step always reaches the survivor.
    """
    if not merges:
        return
    pairs = [(root, origin, why) for root, origins in merges for origin, why in origins]
    ids = {pk for root, origin, _ in pairs for pk in (root, origin)}
    people = Profile.objects.in_bulk(ids)
    identifiers = _identifier_ids(ids)
    journal = []
    for root_id, origin_id, why in pairs:
        root, origin = people[root_id], people[origin_id]
        snapshot = {"root": _picture(root, identifiers), "origin": _picture(origin, identifiers)}
        journal.append(Merge(root=root, origin=origin, reason=why, snapshot=snapshot, merged_at=now))
        _fold(root, origin, now)
        identifiers[root_id] = [*identifiers.get(root_id, []), *identifiers.pop(origin_id, [])]
    Merge.objects.bulk_create(journal)
    Profile.objects.bulk_update(
        people.values(),
        ["merged_into", "version", "attributes", "attribute_facts", "is_test", "created_at", "updated_at", "latest_seen_at"],
    )
    _move([(root, origin) for root, origin, _ in pairs])


def _identifier_ids(profile_ids: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = Identifier.objects.filter(profile_id__in=profile_ids).order_by("pk").values_list("profile_id", "pk")
    for profile_id, pk in rows:
        found.setdefault(profile_id, []).append(pk)
    return found


def _picture(profile: Profile, identifiers: dict[int, list[int]]) -> dict[str, Any]:
    return {
        "id": profile.pk,
        "attributes": dict(profile.attributes),
        "attribute_facts": dict(profile.attribute_facts),
        "identifiers": identifiers.get(profile.pk, []),
        "is_test": profile.is_test,
        "created_at": profile.created_at.isoformat(),
        "latest_seen_at": profile.latest_seen_at.isoformat() if profile.latest_seen_at else None,
    }


def _fold(root: Profile, origin: Profile, now: datetime) -> None:
    for key, fact in origin.attribute_facts.items():
        held = root.attribute_facts.get(key)
        if held is None or datetime.fromisoformat(fact[0]) > datetime.fromisoformat(held[0]):
            root.attribute_facts[key] = fact
            if key in origin.attributes:
                root.attributes[key] = origin.attributes[key]
            else:
                root.attributes.pop(key, None)
    root.is_test = root.is_test or origin.is_test
    root.created_at = min(root.created_at, origin.created_at)
    root.latest_seen_at = max((at for at in (root.latest_seen_at, origin.latest_seen_at) if at), default=None)
    root.version += 1
    root.updated_at = now
    origin.merged_into = root
    origin.version += 1
    origin.updated_at = now


def _move(pairs: Sequence[tuple[int, int]]) -> None:
    roots, origins = [root for root, _ in pairs], [origin for _, origin in pairs]
    with connection.cursor() as cursor:
        for table, column in (
            ("profiles_identifier", "profile_id"),
            ("profiles_contactpoint", "profile_id"),
            ("profiles_profile", "merged_into_id"),
        ):
            cursor.execute(
                f"UPDATE {table} SET {column} = moved.root FROM unnest(%s::bigint[], %s::bigint[]) AS moved (root, origin)"  # noqa: S608
                f" WHERE {column} = moved.origin",
                [roots, origins],
            )
