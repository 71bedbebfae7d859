"""What came of a run: how many addresses in which state and why, which ones, and how are the bad ones left out?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from profiles import csv_export
from profiles.hygiene import suppressions, verdict
from profiles.hygiene.suppressions import Entry
from profiles.models import AddressCheck, Cleaning, CleaningAddress, ContactPoint, Suppression

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CHUNK = 2_000
State = AddressCheck.State


@dataclass(frozen=True)
class Part:
    """So many addresses are in this state for this reason."""

    state: str
    reason: str
    count: int

    @property
    def label(self) -> str | _StrPromise:
        told = verdict.REASONS.get(self.reason)
        return told.label if told else self.reason

    @property
    def sentence(self) -> str | _StrPromise:
        told = verdict.REASONS.get(self.reason)
        return told.sentence if told else ""


def parts(run: Cleaning) -> list[Part]:
    """Return the counts by state and reason, best state first, of what is done. One query, linear in the run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.state, k.reason, count(*) FROM profiles_cleaningaddress a"
            " JOIN profiles_addresscheck k ON k.kind = a.kind AND k.address = a.address"
            " WHERE a.of_id = %s AND a.is_done GROUP BY 1, 2",
            [run.pk],
        )
        found = [Part(*row) for row in cursor.fetchall()]
    order = [str(state) for state in State]
    return sorted(found, key=lambda part: (order.index(part.state), -part.count, part.reason))


def checks(run: Cleaning, *, state: str = "", reason: str = "") -> QuerySet[AddressCheck]:
    """Return the verdicts on the addresses of this run that are done."""
    mine = CleaningAddress.objects.filter(of=run, kind=OuterRef("kind"), address=OuterRef("address"), is_done=True)
    found = AddressCheck.objects.filter(Exists(mine))
    if state:
        found = found.filter(state=state)
    return found.filter(reason=reason) if reason else found


def owners(rows: list[AddressCheck]) -> dict[tuple[str, str], int]:
    """Return {(kind, address): profile id} of those who have these addresses. One query."""
    points = ContactPoint.objects.filter(address__in=[row.address for row in rows])
    return {(kind, address): pk for kind, address, pk in points.values_list("kind", "address", "profile_id")}


def exclude(run: Cleaning, *, now: datetime) -> int:
    """Block every undeliverable address of the run until somebody lifts it; return how many were not blocked before."""
    count = 0
    rows = checks(run, state=State.UNDELIVERABLE).exclude(reason="syntax").order_by("pk")
    for chunk in _chunks(rows):
        entries = [
            Entry(row.kind, row.address, Suppression.Reason.UNDELIVERABLE, str(verdict.REASONS[row.reason].sentence))
            for row in chunk
            if row.reason in verdict.REASONS
        ]
        count += len(suppressions.add(entries=entries, source=source_of(run), now=now))
    return count


def include(run: Cleaning, *, now: datetime) -> int:
    """Lift what `exclude` blocked; return how many."""
    return sum(suppressions.lift_source(channel=kind, source=source_of(run), now=now) for kind in ("email", "phone"))


def excluded(run: Cleaning) -> int:
    return Suppression.objects.filter(source=source_of(run), lifted_at=None).count()


def source_of(run: Cleaning) -> str:
    return f"cleaning:{run.pk}"


def as_csv(run: Cleaning) -> Iterator[str]:
    """Yield the verdicts as a file. Two queries per CHUNK addresses."""
    header = [
        *("address", "kind", "state", "reason", "score", "suggestion", "provider", "free", "role", "disposable", "accept_all"),
        *("checked_at", "method", "person"),
    ]
    return csv_export.lines(header, _cells(run))


def _cells(run: Cleaning) -> Iterator[list[Any]]:
    for chunk in _chunks(checks(run).order_by("pk")):
        known = owners(chunk)
        for row in chunk:
            yield [
                *(row.address, row.kind, row.state, row.reason, row.score, row.suggestion, row.provider),
                *(int(flag) for flag in (row.is_free, row.is_role, row.is_disposable, row.is_accept_all)),
                *(row.checked_at.isoformat(timespec="seconds") if row.checked_at else "", row.method),
                known.get((row.kind, row.address)),
            ]


def _chunks(rows: QuerySet[AddressCheck]) -> Iterator[list[AddressCheck]]:
    latest = 0
    # By keys instead of a cursor that stays open for as long as somebody's line is slow.
    while chunk := list(islice(rows.filter(pk__gt=latest)[:CHUNK], CHUNK)):
        latest = chunk[-1].pk
        yield chunk
