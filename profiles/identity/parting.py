"""How does one become two again? A merge is undone from its journal.

    parting.part(merge_id=7, give=[], by="staff:Olga", now=now)

Each gets back what was its own: identifiers and contact points by the journal, attributes by layers (see `layers`). Events
and the ledger of consents never moved, so they fall back to where they were recorded. What came since stays with the root,
apart from identifiers given to the origin. The two are kept apart from then on: only a person joins them again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from profiles import changes, search
from profiles.identity import layers
from profiles.identity.merge import FIELDS
from profiles.identity.resolve import MOST_TRIES, ContentionError
from profiles.models import ContactPoint, Identifier, KeptApart, Merge, Profile

UNMERGED = "unmerged"


class CannotPartError(Exception):
    """This merge cannot be undone. `first` is the merge to undo before, if that is why."""

    permanent = True

    def __init__(self, why: str, first: Merge | None = None) -> None:
        super().__init__(why)
        self.first = first


class ReversedAlreadyError(CannotPartError):
    """It was undone before."""


def obstacle(merge: Merge) -> CannotPartError | None:
    """Return why this merge cannot be undone now; None when it can."""
    if merge.reversed_at is not None:
        return ReversedAlreadyError("this merge was undone already")
    later = Merge.objects.filter(origin_id=merge.root_id, reversed_at=None).select_related("root", "origin").first()
    if later is not None:
        return CannotPartError("the person it went into was merged into another one since; undo that first", later)
    return None


def part(*, merge_id: int, give: Collection[int] = (), by: str, now: datetime) -> Merge:
    """Undo a merge: both people are as if it had not happened. `give` are ids of identifiers that came since and go along.

    1. Lock everybody concerned in id order and look again; else start over.
    2. Give back identifiers and contact points, then attributes and times.
    3. Point those who had gone into the origin before at it again; keep the two apart from now on.
    4. Refresh the search; publish `profile_changed` for all of them.

    Raises CannotPartError, ContentionError after MOST_TRIES, Merge.DoesNotExist.
    """
    for _ in range(MOST_TRIES):
        with transaction.atomic():
            merge = Merge.objects.select_related("root", "origin").get(pk=merge_id)
            if why := obstacle(merge):
                raise why
            below = _below(merge.origin_id, merge.root_id)
            if _lock(merge, below):
                return _part(merge, below, give, by, now)
    raise ContentionError(f"merge {merge_id} kept changing")


def came_since(merge: Merge) -> list[Identifier]:
    """Return the root's identifiers that neither side had at the merge and no later merge brought."""
    before = {pk for side in ("root", "origin") for pk in merge.snapshot[side]["identifiers"]}
    return list(_held(merge).exclude(pk__in=before).order_by("pk"))


def given_back(merge: Merge) -> list[Identifier]:
    """Return the identifiers that go back to the origin as its own."""
    return list(_held(merge).filter(pk__in=merge.snapshot["origin"]["identifiers"]).order_by("pk"))


def _held(merge: Merge) -> QuerySet[Identifier]:
    """Return what the root has without what later merges brought it."""
    later = Merge.objects.filter(root_id=merge.root_id, reversed_at=None, pk__gt=merge.pk)
    brought = {pk for snapshot in later.values_list("snapshot", flat=True) for pk in snapshot["origin"]["identifiers"]}
    return Identifier.objects.filter(profile_id=merge.root_id).exclude(pk__in=brought)


def members(merge: Merge) -> list[int]:
    """Return the origin and all profiles that had gone into it before."""
    return [merge.origin_id, *_below(merge.origin_id, merge.root_id)]


def attributes_after(merge: Merge) -> tuple[layers.Layer, layers.Layer]:
    """Return what is known about the root and about the origin once they are two again."""
    now = layers.Layer(merge.root.attributes, merge.root.attribute_facts)
    return layers.without(now, layers.steps_of(_into(merge.root_id), leaving=merge.pk)), layers.of(merge.snapshot["origin"])


def _below(origin_id: int, survivor_id: int) -> list[int]:
    """Return who went into `origin_id` before it went into the survivor, at any depth."""
    edges = Merge.objects.filter(reversed_at=None, origin__merged_into=survivor_id).values_list("root_id", "origin_id")
    into: dict[int, list[int]] = {}
    for root, origin in edges:
        into.setdefault(root, []).append(origin)
    found, left = [], [origin_id]
    while left:
        children = into.pop(left.pop(), [])
        found += children
        left += children
    return sorted(found)


def _lock(merge: Merge, below: Sequence[int]) -> bool:
    """Lock root, origin and those below in id order; return whether they still belong together so."""
    ids = sorted({merge.root_id, merge.origin_id, *below})
    rows = Profile.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    into = dict(rows.values_list("pk", "merged_into_id"))
    is_same = into == {pk: None if pk == merge.root_id else merge.root_id for pk in ids}
    merge.refresh_from_db()
    return is_same and merge.reversed_at is None and _below(merge.origin_id, merge.root_id) == list(below)


def _part(merge: Merge, below: Sequence[int], give: Collection[int], by: str, now: datetime) -> Merge:
    root, origin = Profile.objects.get(pk=merge.root_id), Profile.objects.get(pk=merge.origin_id)
    merge.root = root
    own = given_back(merge)
    given = [item for item in came_since(merge) if item.pk in set(give)]
    _give_back([*own, *given], merge)
    _restore(root, origin, merge, now)
    Profile.objects.filter(pk__in=below).update(merged_into=origin, updated_at=now)
    merge.reversed_at, merge.reversed_by = now, by[:80]
    merge.reversal = {"identifiers": [item.pk for item in own], "given": [item.pk for item in given]}
    merge.save(update_fields=["reversed_at", "reversed_by", "reversal"])
    keep_apart([(root.pk, origin.pk)], reason=UNMERGED, by=by, now=now)
    search.refresh([root.pk, origin.pk])
    changes.profile_changed(profile_ids=[root.pk, origin.pk, *below], attributes=[changes.ANYTHING], now=now)
    return merge


def _give_back(identifiers: Iterable[Identifier], merge: Merge) -> None:
    moved = list(identifiers)
    Identifier.objects.filter(pk__in=[item.pk for item in moved]).update(profile_id=merge.origin_id)
    moved_keys = {(item.type, item.value) for item in moved}
    stay = set(Identifier.objects.filter(profile_id=merge.root_id).values_list("type", "value"))
    own = set(merge.snapshot["origin"].get("contact_points", []))
    points = ContactPoint.objects.filter(profile_id=merge.root_id)
    ids = [
        pk
        for pk, kind, address in points.values_list("pk", "kind", "address")
        if (kind, address) in moved_keys or (pk in own and (kind, address) not in stay)
    ]
    points.filter(pk__in=ids).update(profile_id=merge.origin_id)


def _restore(root: Profile, origin: Profile, merge: Merge, now: datetime) -> None:
    merges = _into(root.pk)
    layer, back = attributes_after(merge)
    root.attributes, root.attribute_facts = layer.attributes, layer.facts
    others = [each.snapshot["origin"] for each in merges if each.reversed_at is None and each.pk != merge.pk]
    root.is_test = any([_own(root.is_test, merges, "is_test"), *(each["is_test"] for each in others)])
    root.created_at = min([_own(root.created_at, merges, "created_at"), *(_moment(each["created_at"]) for each in others)])
    seen = [_own(root.latest_seen_at, merges, "latest_seen_at"), *(_moment(each["latest_seen_at"]) for each in others)]
    root.latest_seen_at = max((at for at in seen if at), default=None)
    frozen = [_own(root.restricted_at, merges, "restricted_at"), *(_moment(each.get("restricted_at")) for each in others)]
    root.restricted_at = next((at for at in frozen if at), None)
    picture = merge.snapshot["origin"]
    origin.merged_into = None
    origin.restricted_at = _moment(picture.get("restricted_at"))
    if root.restricted_at and root.restricted_at > merge.merged_at:
        origin.restricted_at = root.restricted_at  # frozen while they were one: both stay so
    origin.attributes, origin.attribute_facts = back.attributes, back.facts
    origin.is_test, origin.created_at = picture["is_test"], _moment(picture["created_at"])
    origin.latest_seen_at = _moment(picture["latest_seen_at"])
    for person in (root, origin):
        person.version += 1
        person.updated_at = now
    Profile.objects.bulk_update([root, origin], FIELDS)


def _into(root_id: int) -> list[Merge]:
    return list(Merge.objects.filter(root_id=root_id).order_by("pk"))


def _own(now: Any, merges: Sequence[Merge], name: str) -> Any:
    """Return the root's own value of a field that merges change."""
    read = bool if name == "is_test" else _moment
    return layers.own_value(
        now, [(read(each.snapshot["root"].get(name)), read(each.snapshot["origin"].get(name))) for each in merges]
    )


def _moment(text: Any) -> Any:
    return datetime.fromisoformat(text) if text else None


def keep_apart(pairs: Iterable[tuple[int, int]], *, reason: str, by: str, now: datetime) -> None:
    """Remember that these are two people; no rule joins them any more."""
    KeptApart.objects.bulk_create(
        [KeptApart(one_id=min(pair), other_id=max(pair), reason=reason, by=by[:80], at=now) for pair in pairs],
        ignore_conflicts=True,
    )
