"""How does a misspelt address of a person become the one that was meant, and how is that taken back?

The corrected address becomes the person's, the misspelt one is no longer written to but keeps recognizing the person should
it arrive again. A permission given for one address says nothing about another: it is carried over only when somebody
says so, with his name as the witness. What was refused (an opt-out, a complaint, a block by staff) is always carried over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from profiles import changes, consent, identity, search
from profiles.hygiene import suppressions
from profiles.hygiene.suppressions import Entry
from profiles.identity import rules
from profiles.models import (
    AddressCheck,
    Cleaning,
    CleaningAddress,
    Consent,
    ConsentState,
    ContactPoint,
    Correction,
    Identifier,
    Profile,
    Suppression,
)

if TYPE_CHECKING:
    from omni.models import User

EMAIL = "email"
SOURCE = "correction"
MOST_AT_ONCE = 500
CARRIED_BLOCKS = (Suppression.Reason.COMPLAINED, Suppression.Reason.MANUAL)


@dataclass
class Corrected:
    """How many addresses were replaced, and which were left and why ("taken": another person has it; "full")."""

    count: int = 0
    left: dict[str, str] = field(default_factory=dict)


def open_in(run: Cleaning) -> QuerySet[AddressCheck]:
    """Return the suggestions of this run that are about a person's address and that nobody has decided on."""
    mine = CleaningAddress.objects.filter(of=run, kind=OuterRef("kind"), address=OuterRef("address"), is_done=True)
    owned = ContactPoint.objects.filter(kind=OuterRef("kind"), address=OuterRef("address"))
    waiting = AddressCheck.objects.filter(kind=EMAIL, suggestion_refused_at=None).exclude(suggestion="")
    return waiting.filter(Exists(mine), Exists(owned))


def accept(
    *, checks: Sequence[AddressCheck], run: Cleaning | None, carries_consent: bool, by: User | None, now: datetime
) -> Corrected:
    """Replace these addresses by their suggestions, MOST_AT_ONCE in a transaction.

    1. Lock the people. Leave out who has no room, and addresses that another person has: those two may be one person,
       which is not for a spelling to say.
    2. Give the corrected address to the person, by the rules of identity; take the misspelt one from the addresses.
    3. Carry over what was refused, and with `carries_consent` what was granted.
    4. Write the journal, ask for a check of the new address, tell downstream.
    """
    done = Corrected()
    for start in range(0, len(checks), MOST_AT_ONCE):
        with transaction.atomic():
            _accept(
                {row.address: row.suggestion for row in checks[start : start + MOST_AT_ONCE]}, run, carries_consent, by, now, done
            )
    return done


def refuse(*, check: AddressCheck, now: datetime) -> None:
    """Believe the spelling: the same suggestion is not made again."""
    AddressCheck.objects.filter(pk=check.pk).update(suggestion_refused_at=now, retry_at=now)


def undo(*, corrections: Sequence[Correction], by: User | None, now: datetime) -> int:
    """Give these people their former addresses back; return how many. Where others changed things meanwhile it leaves them.

    A permission that was carried over is withdrawn from the corrected address, which is nobody's again.
    """
    with transaction.atomic():
        survivor = _lock({one.profile_id for one in corrections})
        rows = list(
            Correction.objects.filter(pk__in=[one.pk for one in corrections], undone_at=None).order_by("pk").select_for_update()
        )
        names = {name.value: name for name in Identifier.objects.filter(type=EMAIL, value__in=[row.corrected for row in rows])}
        back = [row for row in rows if row.corrected in names and names[row.corrected].profile_id == survivor.get(row.profile_id)]
        ours = [row.corrected for row in back if _is_unused(names[row.corrected])]
        Identifier.objects.filter(pk__in=[names[address].pk for address in ours]).delete()
        ContactPoint.objects.filter(kind=EMAIL, address__in=ours).delete()
        ContactPoint.objects.bulk_create(
            [
                ContactPoint(profile_id=survivor[row.profile_id], kind=EMAIL, address=row.address, created_at=row.known_since)
                for row in back
            ],
            ignore_conflicts=True,
        )
        Correction.objects.filter(pk__in=[row.pk for row in back]).update(undone_at=now)
        _take_consent_back([row.corrected for row in back if row.carried_consent and row.corrected in ours], by, now)
        people = sorted({survivor[row.profile_id] for row in back})
        search.refresh(people)
        changes.profile_changed(profile_ids=people, attributes=[changes.ANYTHING], now=now)
    return len(back)


def _accept(
    meant: dict[str, str], run: Cleaning | None, carries_consent: bool, by: User | None, now: datetime, done: Corrected
) -> None:
    people = set(ContactPoint.objects.filter(kind=EMAIL, address__in=meant).values_list("profile_id", flat=True))
    _lock(people)
    points = {point.address: point for point in ContactPoint.objects.filter(kind=EMAIL, address__in=meant)}
    chosen = _allowed(meant, points, now, done)
    claims = [identity.Claim(((EMAIL, meant[address]), (EMAIL, address)), SOURCE, now) for address in chosen]
    for address, owner in zip(chosen, identity.resolve(claims=claims, now=now)):
        if owner != points[address].profile_id:
            raise identity.ContentionError(f"the owner of {len(chosen)} addresses changed meanwhile")
    ContactPoint.objects.filter(pk__in=[points[address].pk for address in chosen]).delete()
    _carry(chosen, meant, points, carries_consent, by, now)
    Correction.objects.bulk_create(
        Correction(
            profile_id=points[address].profile_id,
            kind=EMAIL,
            address=address,
            corrected=meant[address],
            carried_consent=carries_consent,
            known_since=points[address].created_at,
            run=run,
            by=by,
            at=now,
        )
        for address in chosen
    )
    AddressCheck.objects.bulk_create(
        [AddressCheck(kind=EMAIL, address=meant[address], retry_at=now) for address in chosen], ignore_conflicts=True
    )
    changed = [points[address].profile_id for address in chosen]
    changes.profile_changed(profile_ids=changed, attributes=[changes.ANYTHING], now=now)
    done.count += len(chosen)


def _allowed(meant: dict[str, str], points: dict[str, ContactPoint], now: datetime, done: Corrected) -> list[str]:
    """Return the addresses that may be replaced; note the others. Two queries."""
    taken = dict(Identifier.objects.filter(type=EMAIL, value__in=set(meant.values())).values_list("value", "profile_id"))
    rooms = Identifier.objects.filter(type=EMAIL, profile_id__in={point.profile_id for point in points.values()})
    limit = rules.current().limit(EMAIL)
    if limit.window is not None:
        rooms = rooms.filter(first_seen_at__gt=now - limit.window)
    counts = dict(rooms.values("profile_id").annotate(count=Count("pk")).values_list("profile_id", "count"))
    chosen = []
    for address in sorted(set(meant) & set(points)):
        person, new = points[address].profile_id, meant[address]
        if taken.get(new, person) != person:
            done.left[address] = "taken"
        elif new not in taken and counts.get(person, 0) >= limit.most:
            done.left[address] = "full"
        else:
            if new not in taken:
                taken[new], counts[person] = person, counts.get(person, 0) + 1
            chosen.append(address)
    return chosen


def _carry(
    chosen: Sequence[str],
    meant: dict[str, str],
    points: dict[str, ContactPoint],
    carries_consent: bool,
    by: User | None,
    now: datetime,
) -> None:
    states = ConsentState.objects.filter(channel=EMAIL, address__in=chosen).order_by("pk")
    if not carries_consent:
        states = states.filter(status=Consent.Status.WITHDRAWN)
    consent.record(
        changes=[
            consent.Change(
                channel=EMAIL,
                address=meant[state.address],
                status=state.status,
                at=state.since_at,
                method="staff",
                topic=state.topic,
                source=_("Correction of %(address)s") % {"address": state.address},
                proof={"actor": str(by or ""), "corrected_from": state.address},
                profile_id=points[state.address].profile_id,
            )
            for state in states
        ],
        now=now,
    )
    blocks = Suppression.objects.filter(channel=EMAIL, address__in=chosen, lifted_at=None, reason__in=CARRIED_BLOCKS)
    entries = [Entry(EMAIL, meant[row.address], row.reason, row.detail) for row in blocks]
    if entries:
        suppressions.add(entries=entries, source=SOURCE, now=now)


def _take_consent_back(addresses: Collection[str], by: User | None, now: datetime) -> None:
    granted = ConsentState.objects.filter(channel=EMAIL, address__in=addresses, status=Consent.Status.GRANTED).order_by("pk")
    consent.record(
        changes=[
            consent.Change(
                channel=EMAIL,
                address=state.address,
                status=Consent.Status.WITHDRAWN,
                at=now,
                method="staff",
                topic=state.topic,
                source=_("The correction was taken back"),
                proof={"actor": str(by or "")},
            )
            for state in granted
        ],
        now=now,
    )


def _is_unused(name: Identifier) -> bool:
    """Say whether only the correction ever told this address."""
    return name.source == SOURCE and name.latest_seen_at == name.first_seen_at


def _lock(profile_ids: Collection[int]) -> dict[int, int]:
    """Hold these people, in id order, until the transaction ends; return {id: id of the survivor}."""
    merged = dict(Profile.objects.filter(pk__in=profile_ids, merged_into__isnull=False).values_list("pk", "merged_into_id"))
    roots = {merged.get(pk, pk) for pk in profile_ids}
    list(Profile.objects.filter(pk__in=roots).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return {pk: merged.get(pk, pk) for pk in profile_ids}
