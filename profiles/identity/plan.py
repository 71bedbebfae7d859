"""Which person does each claim mean, and who turns out to be the same? Decided in memory, from facts loaded before.

A claim is a set of identifiers seen together. Its most important identifier (user id, e-mail, phone, others, anonymous id)
says who is meant; each of the others joins in as far as the rules allow. What would break a rule (two user ids for one
person, more identifiers of a type than `LIMITS`) is left out of the claim: it stays with its owner, or nobody's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from profiles.models import Identifier

Key = tuple[str, str]  # (type, normalized value)

LIMITS: dict[str, int] = {
    Identifier.Type.USER_ID: 1,
    Identifier.Type.EMAIL: 5,
    Identifier.Type.PHONE: 3,
    Identifier.Type.ANONYMOUS_ID: 300,
}
LIMIT_OF_OTHER_TYPES = 50
MOST_IDENTIFIERS = 1000
MOST_MERGES = 100

_PRIORITY: dict[str, int] = {
    Identifier.Type.USER_ID: 0,
    Identifier.Type.EMAIL: 1,
    Identifier.Type.PHONE: 2,
    Identifier.Type.ANONYMOUS_ID: 9,
}
_PRIORITY_OF_OTHER_TYPES = 5


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
    counts: Counter[str]
    user_ids: set[str]
    merges: int
    since: datetime | None = None
    added: dict[Key, Claim] = field(default_factory=dict)
    absorbed: list[tuple[int, str]] = field(default_factory=list)  # profiles merged into this one, and why
    into: Group | None = None

    @property
    def is_known(self) -> bool:
        return any(count and kind != Identifier.Type.ANONYMOUS_ID for kind, count in self.counts.items())

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The smallest survives: existing before new, known before anonymous, older before younger."""
        return (self.id is None, not self.is_known, self.id or 0)


@dataclass(frozen=True)
class Standing:
    """What an existing profile has: identifiers per type, its user ids, how many merges it has seen."""

    counts: Mapping[str, int]
    user_ids: frozenset[str]
    merges: int


class Plan:
    """Applies the rules claim by claim; afterwards `groups` are the people and `of` says whose each claim is."""

    def __init__(self, *, owners: Mapping[Key, int], standings: Mapping[int, Standing]) -> None:
        self._groups = {
            pk: Group(pk, Counter(facts.counts), set(facts.user_ids), facts.merges) for pk, facts in standings.items()
        }
        self._owner: dict[Key, Group] = {key: self._groups[pk] for key, pk in owners.items()}
        self._made: list[Group] = []
        self.of: list[Group] = []

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
            if owner is None:
                if _has_room(person, key):
                    self._add(person, key, claim)
            elif owner is not person and _may_join(person, owner):
                person = _join(person, owner, why=f"{keys[0][0]} came together with {key[0]}")
        if person.since is not None:
            person.since = min(person.since, claim.at)
        return person

    def _whose(self, key: Key) -> Group | None:
        group = self._owner.get(key)
        return None if group is None else root_of(group)

    def _start(self, claim: Claim) -> Group:
        group = Group(None, Counter(), set(), 0, since=claim.at)
        self._made.append(group)
        return group

    def _add(self, group: Group, key: Key, claim: Claim) -> None:
        group.added[key] = claim
        group.counts[key[0]] += 1
        if key[0] == Identifier.Type.USER_ID:
            group.user_ids.add(key[1])
        self._owner[key] = group


def root_of(group: Group) -> Group:
    while group.into is not None:
        group = group.into
    return group


def _importance(key: Key) -> tuple[int, str, str]:
    return (_PRIORITY.get(key[0], _PRIORITY_OF_OTHER_TYPES), *key)


def _limit(kind: str) -> int:
    return LIMITS.get(kind, LIMIT_OF_OTHER_TYPES)


def _has_room(group: Group, key: Key) -> bool:
    return group.counts[key[0]] < _limit(key[0]) and group.counts.total() < MOST_IDENTIFIERS


def _may_join(one: Group, other: Group) -> bool:
    if len(one.user_ids | other.user_ids) > 1:
        return False
    together = one.counts + other.counts
    if together.total() > MOST_IDENTIFIERS or any(count > _limit(kind) for kind, count in together.items()):
        return False
    return one.id is None or other.id is None or one.merges + other.merges < MOST_MERGES


def _join(one: Group, other: Group, *, why: str) -> Group:
    root, origin = sorted((one, other), key=lambda group: group.rank)
    root.counts += origin.counts
    root.user_ids |= origin.user_ids
    root.merges += origin.merges
    root.added |= origin.added
    if root.since and origin.since:
        root.since = min(root.since, origin.since)
    if origin.id is not None:
        root.merges += 1
        root.absorbed = [*root.absorbed, *origin.absorbed, (origin.id, why)]
    origin.into = root
    return root


def distinct_keys(claims: Sequence[Claim]) -> list[Key]:
    return sorted({key for claim in claims for key in claim.identifiers})
