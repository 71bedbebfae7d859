"""What would a merge or its undoing change? Told before anybody decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from profiles.identity import by_hand, parting
from profiles.identity.by_hand import Roles
from profiles.identity.layers import Layer
from profiles.models import Consent, ConsentState, Event, Identifier, KeptApart, Merge, Order, Profile


@dataclass(frozen=True)
class Side:
    """One of the two people: what is theirs."""

    person: Profile
    identifiers: Sequence[Identifier]
    attributes: Mapping[str, Any]
    events: int
    orders: int
    consents: Sequence[ConsentState]


@dataclass(frozen=True)
class Conflict:
    """An attribute that both have with different values."""

    key: str
    root: Any
    root_at: datetime
    origin: Any
    origin_at: datetime

    @property
    def is_origin_newer(self) -> bool:
        return self.origin_at > self.root_at


@dataclass(frozen=True)
class Joined:
    """A merge to be. `obstacle` is a code of `by_hand.obstacle`; `stops` are addresses that stay opted out."""

    order: Roles
    obstacle: str
    is_kept_apart: bool
    root: Side
    origin: Side
    conflicts: Sequence[Conflict]
    stops: Sequence[ConsentState]


@dataclass(frozen=True)
class Parted:
    """An undoing to be. `since` came after the merge: whose is asked. `changes` are (attribute, now, root, origin)."""

    merge: Merge
    root: Side
    origin: Side
    since: Sequence[Identifier]
    changes: Sequence[tuple[str, Any, Any, Any]]
    n_members: int


def of_merge(one: Profile, other: Profile) -> Joined:
    """Look at two survivors. A fixed number of queries."""
    found = by_hand.order(one, other)
    sides = [_members(found.root.pk), _members(found.origin.pk)]
    apart = KeptApart.objects.filter(one__in=[*sides[0], *sides[1]], other__in=[*sides[0], *sides[1]])
    everybody = [set(side) for side in sides]
    is_apart = any({kept.one_id, kept.other_id} & everybody[0] and {kept.one_id, kept.other_id} & everybody[1] for kept in apart)
    root, origin = (_side(person, side) for person, side in zip((found.root, found.origin), sides, strict=True))
    stops = [state for side in (root, origin) for state in side.consents if state.status == Consent.Status.WITHDRAWN]
    return Joined(found, by_hand.obstacle(found), is_apart, root, origin, conflicts(found.root, found.origin), stops)


def conflicts(root: Profile, origin: Profile) -> list[Conflict]:
    return [
        Conflict(key, root.attributes[key], _at(root, key), origin.attributes[key], _at(origin, key))
        for key in sorted(root.attributes.keys() & origin.attributes.keys())
        if root.attributes[key] != origin.attributes[key]
    ]


def of_parting(merge: Merge) -> Parted:
    """Look at a merge that can be undone (see `parting.obstacle`). A fixed number of queries and a walk over the journal."""
    root_layer, origin_layer = parting.attributes_after(merge)
    members = parting.members(merge)
    back, since = parting.given_back(merge), parting.came_since(merge)
    gone = {item.pk for item in back}
    held = [item for item in merge.root.identifiers.order_by("pk") if item.pk not in gone]
    stay = [pk for pk in _members(merge.root_id) if pk not in set(members)]
    root = _part(merge.root, held, root_layer, stay)
    origin = _part(merge.origin, back, origin_layer, members)
    now = merge.root.attributes
    keys = sorted(now.keys() | origin.attributes.keys() | root.attributes.keys())
    changes = [
        (key, now.get(key), root.attributes.get(key), origin.attributes.get(key))
        for key in keys
        if now.get(key) != root.attributes.get(key) or key in origin.attributes
    ]
    return Parted(merge, root, origin, since, changes, len(members))


def _side(person: Profile, profile_ids: Sequence[int]) -> Side:
    identifiers = list(person.identifiers.order_by("pk"))
    return _part(person, identifiers, Layer(person.attributes), profile_ids)


def _part(person: Profile, identifiers: Sequence[Identifier], layer: Layer, profile_ids: Sequence[int]) -> Side:
    addresses = [item.value for item in identifiers]
    consents = ConsentState.objects.filter(address__in=addresses)
    return Side(
        person,
        identifiers,
        layer.attributes,
        Event.objects.filter(profile_id__in=list(profile_ids)).count(),
        Order.objects.filter(profile_id__in=list(profile_ids)).count(),
        list(consents.order_by("channel", "address", "topic")),
    )


def _members(root_id: int) -> list[int]:
    return [root_id, *Profile.objects.filter(merged_into=root_id).values_list("pk", flat=True)]


def _at(person: Profile, key: str) -> datetime:
    fact = person.attribute_facts.get(key)
    return datetime.fromisoformat(fact[0]) if fact else person.created_at
