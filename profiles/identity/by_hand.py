"""What may a person do about who is who? Merge two people, and add, take away, move and verify identifiers.

What the rules would refuse a person may do, having seen what it means; what was said to be apart is forgotten then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from profiles import changes, search, tombstones
from profiles.identity import merge as merging
from profiles.identity.merge import Join
from profiles.identity.parting import keep_apart
from profiles.identity.plan import MOST_IDENTIFIERS, MOST_MERGES, SHAREABLE, Key
from profiles.identity.resolve import CONTACT_TYPES, MOST_TRIES, ContentionError
from profiles.models import ContactPoint, Identifier, KeptApart, Merge, Profile

BY_HAND = "by_hand"
SUGGESTION = "suggestion"
MOVED = "moved"


class CannotMergeError(Exception):
    """These two cannot become one; `code` says why."""

    permanent = True

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TakenError(Exception):
    """Somebody has this identifier already."""

    permanent = True

    def __init__(self, owner_id: int) -> None:
        super().__init__(f"profile {owner_id} has it")
        self.owner_id = owner_id


class LastIdentifierError(Exception):
    """Without its last identifier nobody would find the person again."""

    permanent = True


@dataclass(frozen=True)
class Roles:
    """Who stays and who goes into them; the same whichever of the two one begins with."""

    root: Profile
    origin: Profile
    user_ids: tuple[str, ...]

    @property
    def has_two_user_ids(self) -> bool:
        return len(self.user_ids) > 1


def order(one: Profile, other: Profile) -> Roles:
    """Return which of two survivors is the root: known before anonymous, older before younger. Two queries."""
    known = set(
        Identifier.objects.filter(profile__in=[one.pk, other.pk])
        .exclude(type__in=SHAREABLE)
        .values_list("profile_id", flat=True)
        .distinct()
    )
    root, origin = sorted((one, other), key=lambda person: (person.pk not in known, person.pk))
    user_ids = Identifier.objects.filter(profile__in=[one.pk, other.pk], type=Identifier.Type.USER_ID).order_by("value")
    return Roles(root, origin, tuple(user_ids.values_list("value", flat=True)))


def obstacle(found: Roles) -> str:
    """Return the code of what forbids this merge even to a person; '' when nothing does. Two queries."""
    if found.root.pk == found.origin.pk:
        return "same_person"
    sizes = Identifier.objects.filter(profile__in=[found.root.pk, found.origin.pk]).count()
    if sizes > MOST_IDENTIFIERS:
        return "too_many_identifiers"
    if Merge.objects.filter(root__in=[found.root.pk, found.origin.pk], reversed_at=None).count() >= MOST_MERGES:
        return "too_many_merges"
    return ""


def merge(
    *,
    one: int,
    other: int,
    keep: Mapping[str, int] | None = None,
    confirms_user_ids: bool = False,
    rule: str = BY_HAND,
    evidence: Mapping[str, Any] | None = None,
    by: str,
    now: datetime,
) -> Merge | None:
    """Make two people one because a person says so; None when they are one already.

    `keep` is {attribute: id of the profile whose value stays}; of others the newest stays. Two user ids need
    `confirms_user_ids`. Raises CannotMergeError, ContentionError, Profile.DoesNotExist.
    """
    for _ in range(MOST_TRIES):
        with transaction.atomic():
            pair = sorted({Profile.objects.get(pk=pk).merged_into_id or pk for pk in (one, other)})
            if len(pair) == 1:
                return None
            rows = Profile.objects.filter(pk__in=pair).order_by("pk").select_for_update(no_key=True)
            first, second = list(rows)
            if first.merged_into_id is None and second.merged_into_id is None:
                found = order(first, second)
                _check(found, confirms_user_ids)
                decisions = _decisions(found, keep or {}, by, now)
                return _merge(
                    found,
                    Join(found.root.pk, found.origin.pk, "a person joined them", rule, dict(evidence or {}), decisions, by),
                    now,
                )
    raise ContentionError(f"profiles {one} and {other} kept changing")


def _check(found: Roles, confirms_user_ids: bool) -> None:
    if code := obstacle(found):
        raise CannotMergeError(code)
    if found.has_two_user_ids and not confirms_user_ids:
        raise CannotMergeError("two_user_ids")


def _decisions(found: Roles, keep: Mapping[str, int], by: str, now: datetime) -> dict[str, dict[str, Any]]:
    """Return the decided values with a fact of their own, so that no late news between the two facts overwrites them."""
    decided = {}
    for key, profile_id in keep.items():
        person = {each.pk: each for each in (found.root, found.origin)}.get(profile_id)
        if person is None or key not in person.attribute_facts:
            continue
        decision = {"keep": "origin" if person is found.origin else "root", "fact": [now.isoformat(), by[:80]]}
        decided[key] = {**decision, "value": person.attributes[key]} if key in person.attributes else decision
    return decided


def _merge(found: Roles, join: Join, now: datetime) -> Merge:
    sides = [_members(found.root.pk), _members(found.origin.pk)]
    KeptApart.objects.filter(Q(one__in=sides[0], other__in=sides[1]) | Q(one__in=sides[1], other__in=sides[0])).delete()
    (done,) = merging.carry_out([join], now=now)
    search.refresh([found.root.pk])
    changes.profile_changed(profile_ids=[found.root.pk, found.origin.pk], attributes=[changes.ANYTHING], now=now)
    return done


def _members(root_id: int) -> list[int]:
    return [root_id, *Profile.objects.filter(merged_into=root_id).values_list("pk", flat=True)]


def add_identifier(*, person: Profile, key: Key, source: str, now: datetime) -> Identifier:
    """Give a survivor one more normalized identifier. Raises TakenError, and CannotMergeError
    when there are too many or it belonged to somebody who was erased.
    """
    kind, value = key
    if tombstones.among([key]):
        raise CannotMergeError("erased")
    with transaction.atomic():
        person = Profile.objects.select_for_update(no_key=True).get(pk=person.pk, merged_into=None)
        if person.identifiers.count() >= MOST_IDENTIFIERS:
            raise CannotMergeError("too_many_identifiers")
        try:
            with transaction.atomic():
                row = Identifier.objects.create(
                    profile=person, type=kind, value=value, source=source[:80], first_seen_at=now, latest_seen_at=now
                )
        except IntegrityError:
            raise TakenError(Identifier.objects.get(type=kind, value=value).profile_id) from None
        if kind in CONTACT_TYPES:
            ContactPoint.objects.update_or_create(
                kind=kind, address=value, defaults={"profile": person}, create_defaults={"profile": person, "created_at": now}
            )
        _tell([person.pk], now)
    return row


def remove_identifier(*, person: Profile, identifier_id: int, now: datetime) -> Identifier:
    """Take an identifier away from a survivor. Raises LastIdentifierError, Identifier.DoesNotExist."""
    with transaction.atomic():
        person = Profile.objects.select_for_update(no_key=True).get(pk=person.pk, merged_into=None)
        row = person.identifiers.get(pk=identifier_id)
        if person.identifiers.count() == 1:
            raise LastIdentifierError
        ContactPoint.objects.filter(profile=person, kind=row.type, address=row.value).delete()
        Identifier.objects.filter(pk=row.pk).delete()
        _tell([person.pk], now)
    return row


def move_identifier(*, person: Profile, identifier_id: int, to: Profile, by: str, now: datetime) -> Identifier:
    """Give an identifier of one survivor to another; from now on the two are kept apart, else the next event joined them."""
    with transaction.atomic():
        pair = sorted({person.pk, to.pk})
        locked = Profile.objects.filter(pk__in=pair, merged_into=None).order_by("pk").select_for_update(no_key=True)
        if len(pair) != 2 or list(locked.values_list("pk", flat=True)) != pair:
            raise CannotMergeError("not_two_people")
        row = Identifier.objects.get(pk=identifier_id, profile=person)
        if Identifier.objects.filter(profile=person).count() == 1:
            raise LastIdentifierError
        Identifier.objects.filter(pk=row.pk).update(profile=to)
        ContactPoint.objects.filter(profile=person, kind=row.type, address=row.value).update(profile=to)
        keep_apart([(person.pk, to.pk)], reason=MOVED, by=by, now=now)
        _tell(pair, now)
    return row


def verify_identifier(*, person: Profile, identifier_id: int, is_verified: bool, now: datetime) -> Identifier:
    """Say that an identifier was checked, or that it was not. Raises Identifier.DoesNotExist."""
    with transaction.atomic():
        row = person.identifiers.select_for_update().get(pk=identifier_id)
        row.verified_at = (row.verified_at or now) if is_verified else None
        row.save(update_fields=["verified_at"])
    return row


def _tell(profile_ids: Sequence[int], now: datetime) -> None:
    search.refresh(list(profile_ids))
    changes.profile_changed(profile_ids=list(profile_ids), attributes=[changes.ANYTHING], now=now)
