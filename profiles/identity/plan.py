"""Which person does each claim mean, and who turns out to be the same? Decided in memory, from facts loaded before.

A claim is a set of identifiers seen together. Its most important identifier (user id, e-mail, phone, others, device,
anonymous id) says who is meant; each of the others joins in as far as the rules allow. What would break a rule is left out
of the claim: it stays with its owner, or nobody's, and the refusal is noted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from profiles.identity.merge import Join
from profiles.identity.rules import Rules
from profiles.models import Identifier

Key = tuple[str, str]  # (type, normalized value)

MOST_IDENTIFIERS = 1000
MOST_MERGES = 100

_PRIORITY: dict[str, int] = {
    Identifier.Type.USER_ID: 0,
    Identifier.Type.EMAIL: 1,
    Identifier.Type.PHONE: 2,
    Identifier.Type.DEVICE_ID: 8,
    Identifier.Type.ANONYMOUS_ID: 9,
}
_PRIORITY_OF_OTHER_TYPES = 5
# A browser or a tablet is seen with whoever holds it.
SHAREABLE = frozenset({Identifier.Type.DEVICE_ID, Identifier.Type.ANONYMOUS_ID})


class Refused(StrEnum):
    """Which rule kept an identifier from joining."""

    OTHER_USER_ID = "other_user_id"
    SHARED_DEVICE = "shared_device"
    KEPT_APART = "kept_apart"
    TOO_MANY = "too_many"
    TOO_MANY_IN_ALL = "too_many_in_all"
    TOO_MANY_MERGES = "too_many_merges"


@dataclass(frozen=True)
class Claim:
    """Identifiers that came together, already normalized (see `normalize`), at least one; where from and when."""

    identifiers: tuple[Key, ...]
    source: str
    at: datetime


@dataclass(eq=False)
class Group:
    """One person to be: an existing profile, or a new one (`id` None), with what joined it."""

    id: int | None
    seen: dict[str, list[datetime]] = field(default_factory=dict)  # when each identifier came, by type
    merges: int = 0
    apart: set[int] = field(default_factory=set)  # profiles that a person said are somebody else
    since: datetime | None = None
    added: dict[Key, Claim] = field(default_factory=dict)
    absorbed: list[Join] = field(default_factory=list)  # profiles merged into this one, and why
    into: Group | None = None

    def has(self, kind: str) -> bool:
        return bool(self.seen.get(kind))

    @property
    def is_known(self) -> bool:
        return any(moments and kind not in SHAREABLE for kind, moments in self.seen.items())

    @property
    def size(self) -> int:
        return sum(len(moments) for moments in self.seen.values())

    @property
    def ids(self) -> set[int]:
        return {pk for pk in (self.id, *(join.origin for join in self.absorbed)) if pk is not None}

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The smallest survives: existing before new, known before anonymous, older before younger."""
        return (self.id is None, not self.is_known, self.id or 0)


@dataclass(frozen=True)
class Standing:
    """What an existing profile has: when the identifiers of each type came, how many merges it has seen, who it is not."""

    seen: Mapping[str, Sequence[datetime]]
    merges: int = 0
    apart: frozenset[int] = frozenset()


@dataclass(frozen=True)
class No:
    """An identifier of a claim that did not join the person the claim means. `owner` None: nobody had it."""

    key: Key
    rule: Refused
    person: Group
    owner: Group | None
    claim: Claim


class Plan:
    """Applies the rules claim by claim; afterwards `groups` are the people, `of` says whose each claim is, `refused` what
    was left out.
    """

    def __init__(self, *, owners: Mapping[Key, int], standings: Mapping[int, Standing], rules: Rules | None = None) -> None:
        self._rules = rules or Rules()
        self._groups = {
            pk: Group(pk, {kind: list(moments) for kind, moments in facts.seen.items()}, facts.merges, set(facts.apart))
            for pk, facts in standings.items()
        }
        self._owner: dict[Key, Group] = {key: self._groups[pk] for key, pk in owners.items()}
        self._made: list[Group] = []
        self.of: list[Group] = []
        self.refused: list[No] = []

    def take(self, claims: Iterable[Claim]) -> None:
        self.of = [self._take(claim) for claim in claims]

    @property
    def groups(self) -> list[Group]:
        """People that changed: new ones, those with new identifiers, those that absorbed others."""
        everyone = [*self._groups.values(), *self._made]
        return [group for group in everyone if group.into is None and (group.id is None or group.added or group.absorbed)]

    def _take(self, claim: Claim) -> Group:
        keys = sorted(set(claim.identifiers), key=_importance)
        person = self._whose(keys[0])
        if person is None:
            person = self._start(claim)
            self._add(person, keys[0], claim)
        for key in keys[1:]:
            owner = self._whose(key)
            if owner is person:
                continue
            no = self._may_add(person, key, claim) if owner is None else self._may_join(person, owner, key, claim)
            if no is not None:
                self.refused.append(No(key, no, person, owner, claim))
            elif owner is None:
                self._add(person, key, claim)
            else:
                person = _join(person, owner, keys[0], key, claim)
        if person.since is not None:
            person.since = min(person.since, claim.at)
        return person

    def _whose(self, key: Key) -> Group | None:
        group = self._owner.get(key)
        return None if group is None else root_of(group)

    def _start(self, claim: Claim) -> Group:
        group = Group(None, since=claim.at)
        self._made.append(group)
        return group

    def _add(self, group: Group, key: Key, claim: Claim) -> None:
        group.added[key] = claim
        group.seen.setdefault(key[0], []).append(claim.at)
        self._owner[key] = group

    def _may_add(self, group: Group, key: Key, claim: Claim) -> Refused | None:
        if key[0] == Identifier.Type.USER_ID and group.has(key[0]):
            return Refused.OTHER_USER_ID
        if group.size >= MOST_IDENTIFIERS:
            return Refused.TOO_MANY_IN_ALL
        return None if self._fit(key[0], [*group.seen.get(key[0], []), claim.at], claim.at) else Refused.TOO_MANY

    def _may_join(self, one: Group, other: Group, key: Key, claim: Claim) -> Refused | None:
        if one.has(Identifier.Type.USER_ID) and other.has(Identifier.Type.USER_ID):
            return Refused.OTHER_USER_ID
        if one.apart & other.ids or other.apart & one.ids:
            return Refused.KEPT_APART
        if key[0] in SHAREABLE and _are_two(one, other):
            return Refused.SHARED_DEVICE
        if one.size + other.size > MOST_IDENTIFIERS:
            return Refused.TOO_MANY_IN_ALL
        for kind in one.seen.keys() & other.seen.keys():
            if one.has(kind) and other.has(kind) and not self._fit(kind, [*one.seen[kind], *other.seen[kind]], claim.at):
                return Refused.TOO_MANY
        if one.id is not None and other.id is not None and one.merges + other.merges >= MOST_MERGES:
            return Refused.TOO_MANY_MERGES
        return None

    def _fit(self, kind: str, moments: Sequence[datetime], at: datetime) -> bool:
        limit = self._rules.limit(kind)
        if limit.ever is not None and len(moments) > limit.ever:
            return False
        recent = moments if limit.window is None else [each for each in moments if abs(at - each) < limit.window]
        return len(recent) <= limit.most


def root_of(group: Group) -> Group:
    while group.into is not None:
        group = group.into
    return group


def _importance(key: Key) -> tuple[int, str, str]:
    return (_PRIORITY.get(key[0], _PRIORITY_OF_OTHER_TYPES), *key)


def _are_two(one: Group, other: Group) -> bool:
    """Whether both are known by a name of the same kind, so that a device they share says nothing."""
    return any(one.has(kind) and other.has(kind) for kind in one.seen.keys() & other.seen.keys() - SHAREABLE)


def _join(one: Group, other: Group, first: Key, second: Key, claim: Claim) -> Group:
    root, origin = sorted((one, other), key=lambda group: group.rank)
    for kind, moments in origin.seen.items():
        root.seen.setdefault(kind, []).extend(moments)
    root.merges += origin.merges
    root.apart |= origin.apart
    root.added |= origin.added
    if root.since and origin.since:
        root.since = min(root.since, origin.since)
    if root.id is not None and origin.id is not None:
        root.merges += 1
        evidence = {"keys": [list(first), list(second)], "source": claim.source, "at": claim.at.isoformat()}
        join = Join(root.id, origin.id, f"{first[0]} came together with {second[0]}", evidence=evidence)
        root.absorbed = [*root.absorbed, *origin.absorbed, join]
    origin.into = root
    return root


def without_erased(claim: Claim, buried: Collection[Key], owners: Mapping[Key, int]) -> Claim | None:
    """Return what the claim says without buried identifiers; None when it is about the erased person.

    It is about somebody else when a more important identifier than every buried one belongs to a living person, such as
    an account that took over the e-mail address. A new account with the old address is the erased person again.
    """
    keys = sorted(set(claim.identifiers), key=_importance)
    first = next((place for place, key in enumerate(keys) if key in buried), None)
    if first is None:
        return claim
    if not any(key in owners for key in keys[:first]):
        return None
    return replace(claim, identifiers=tuple(key for key in claim.identifiers if key not in buried))


def distinct_keys(claims: Sequence[Claim]) -> list[Key]:
    return sorted({key for claim in claims for key in claim.identifiers})
