"""How is a person erased so that nothing of them is left, nothing brings them back, and the numbers still add up?

An erasure begins with one transaction: from then on the person is gone for every page, every message and every door, and
tombstones keep them away. What else is held is swept in the background, portion by portion; killed at any moment, it goes
on. A transaction that had found the person before may still write about them, so the last pass begins only when all those
have ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from omni import audit
from profiles import changes, consent, identity, tombstones
from profiles.models import Erasure, Profile, Retention, Suppression
from profiles.privacy import holdings, subjects
from profiles.privacy.holdings import Fate, Holding, Subject

if TYPE_CHECKING:
    from omni.models import User

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
MOST_SHARING = 20
ACTION = "person.erase"

Clock = Callable[[], datetime]


class ChangedError(Exception):
    """The person was merged or erased since they were looked at."""

    permanent = True


@dataclass(frozen=True)
class Line:
    """What one table holds, and what becomes of it."""

    holding: Holding
    count: int


@dataclass(frozen=True)
class Preview:
    """Everything that would go with a person. `sharing` are other people who carry an address or phone of theirs."""

    profile_ids: tuple[int, ...]
    lines: list[Line]
    sharing: list[Profile]

    def of(self, fate: Fate) -> list[Line]:
        return [line for line in self.lines if line.holding.fate is fate and line.count]

    @property
    def going(self) -> int:
        return sum(line.count for line in self.of(Fate.ERASED))


def preview(person_id: int) -> Preview:
    """Count what is held about this person and everybody merged into them. A query or two per table."""
    subject = subjects.of_person(person_id)
    lines = [Line(holding, holding.rows(subject).count()) for holding in holdings.every()]
    return Preview(subject.profile_ids, lines, _sharing(subject))


def begin(*, person_id: int, reason: str, by: User | None, now: datetime, by_label: str = "") -> Erasure:
    """Take the person out of everything that can be seen or sent to; raises ChangedError for one who is no survivor.

    One transaction:
    1. Lock the person and everybody merged into them, and the gates of their addresses.
    2. Put a tombstone on every identifier and address.
    3. Erase what says who they are, and the profiles.
    4. Tell downstream; write the audit entry.

    `run` sweeps the rest.
    """
    with transaction.atomic():
        subject = _lock(person_id)
        erasure = Erasure.objects.create(
            profile_ids=list(subject.profile_ids),
            trace={"keys": sorted(subject.keys), "addresses": sorted(subject.addresses)},
            reason=reason[:300],
            by=by,
            by_label=(by_label or str(by or audit.SYSTEM))[:160],
            begun_at=now,
            backups_expire_date=(now + timedelta(days=Retention.load().backups_days)).date(),
        )
        blocked = Suppression.objects.filter(holdings.of_addresses(subject, "channel", "address"), lifted_at=None)
        suppressed = {(channel, address): why for channel, address, why in blocked.values_list("channel", "address", "reason")}
        tombstones.bury(keys=subject.keys, addresses=subject.addresses, suppressed=suppressed, erasure=erasure, now=now)
        erasure.counts = _take_identity(subject, now)
        erasure.save(update_fields=["counts"])
        changes.profile_changed(profile_ids=subject.profile_ids, attributes=[changes.ANYTHING], now=now)
        audit.record(actor=by, action=ACTION, obj=erasure, after={"number": str(erasure.number), "reason": reason}, now=now)
    return erasure


def run(*, clock: Clock, until: datetime) -> bool:
    """Sweep for one erasure that is due until nothing is left or `until` has come; False when none is due."""
    work = _claim(clock())
    if work is None:
        return False
    try:
        _sweep(work, clock, until)
    except OperationalError:
        logger.warning("erasure %s met a busy database and goes on later", work.pk)
    return True


def take_away(subject: Subject, *, now: datetime) -> int:
    """Erase these people without tombstones and without a certificate: nameless visitors whose time is over.

    One transaction; returns how many rows went. Locks the profiles, in order.
    """
    with transaction.atomic():
        rows = Profile.objects.filter(pk__in=subject.profile_ids).order_by("pk").select_for_update()
        list(rows.values_list("pk"))
        total = sum(_take_identity(subject, now).values())
        for holding in holdings.every():
            if not holding.at_once:
                total += _exhaust(holding, subject, now)
        changes.profile_changed(profile_ids=subject.profile_ids, attributes=[changes.ANYTHING], now=now)
    return total


def _lock(person_id: int) -> Subject:
    origins = identity.origins_of(person_id)
    wanted = sorted([person_id, *origins])
    rows = Profile.objects.filter(pk__in=wanted).order_by("pk").select_for_update()
    found = dict(rows.values_list("pk", "merged_into_id"))
    # Nobody merges anything more into a survivor that is locked.
    if sorted(found) != wanted or found[person_id] is not None or identity.origins_of(person_id) != origins:
        raise ChangedError(person_id)
    subject = subjects.of([person_id, *origins])
    for channel in sorted({channel for channel, _ in subject.addresses}):
        consent.lock(channel=channel, addresses=[address for kind, address in subject.addresses if kind == channel])
    return subject


def _take_identity(subject: Subject, now: datetime) -> dict[str, int]:
    """Erase what is at once and then the profiles. Needs their locks."""
    counts = {}
    with consent.erasing():
        for holding in holdings.every():
            if holding.at_once and (count := _exhaust(holding, subject, now)):
                counts[holding.key] = count
        # Origins point to their survivor.
        Profile.objects.filter(merged_into_id__in=subject.profile_ids).delete()
        Profile.objects.filter(pk__in=subject.profile_ids).delete()
        counts["profile"] = len(subject.profile_ids)
    return counts


def _exhaust(holding: Holding, subject: Subject, now: datetime) -> int:
    total = 0
    while count := holding.erase(subject, now):
        total += count
    return total


def _claim(now: datetime) -> Erasure | None:
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    with transaction.atomic():
        running = Erasure.objects.filter(is_free, state=Erasure.State.RUNNING).order_by("pk")
        work = running.select_for_update(skip_locked=True).first()
        if work is None:
            return None
        work.lease_until = now + LEASE
        work.barrier = work.barrier or _next_transaction()
        work.save(update_fields=["lease_until", "barrier"])
    return work


def _sweep(work: Erasure, clock: Clock, until: datetime) -> None:
    is_last = _is_quiet_before(work.barrier or 0)
    trace: dict[str, list[list[str]]] = work.trace or {"keys": [], "addresses": []}
    subject = Subject(tuple(work.profile_ids), _keys(trace["keys"]), _keys(trace["addresses"]))
    for holding in holdings.every():
        while _take_portion(work, holding, subject, clock()):
            if clock() >= until:
                _release(work, clock())
                return
    if not is_last:
        _release(work, clock() + timedelta(seconds=1))
        return
    done = Erasure.objects.filter(pk=work.pk, state=Erasure.State.RUNNING)
    done.update(state=Erasure.State.DONE, finished_at=clock(), trace=None, lease_until=None)


def _keys(pairs: list[list[str]]) -> frozenset[identity.Key]:
    return frozenset((kind, value) for kind, value in pairs)


def _take_portion(work: Erasure, holding: Holding, subject: Subject, now: datetime) -> int:
    """Erase a portion together with its count, so that a count is neither lost nor doubled."""
    with transaction.atomic(), consent.erasing():
        held = Erasure.objects.select_for_update().filter(pk=work.pk, state=Erasure.State.RUNNING).first()
        if held is None:
            return 0
        count = holding.erase(subject, now)
        if count:
            held.counts[holding.key] = held.counts.get(holding.key, 0) + count
            held.lease_until = now + LEASE
            held.save(update_fields=["counts", "lease_until"])
    return count


def _release(work: Erasure, due_at: datetime) -> None:
    Erasure.objects.filter(pk=work.pk, state=Erasure.State.RUNNING).update(lease_until=due_at)


def _next_transaction() -> int:
    """Return a number that every transaction which may have seen the person is below."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _is_quiet_before(barrier: int) -> bool:
    """Say whether every transaction below `barrier` has ended; our own and those of other databases do not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS running (id)"
            " WHERE running.id::text::bigint < %s AND running.id IS DISTINCT FROM pg_current_xact_id_if_assigned()"
            " AND NOT EXISTS (SELECT FROM pg_stat_activity elsewhere WHERE elsewhere.datname <> current_database()"
            "  AND elsewhere.backend_xid::text::bigint = running.id::text::bigint & 4294967295))",
            [barrier],
        )
        return bool(cursor.fetchone()[0])


def _sharing(subject: Subject) -> list[Profile]:
    """Return other people whose attributes carry an address of theirs. One query over everybody."""
    values = sorted(address for _, address in subject.addresses)
    if not values:
        return []
    same = Q(attributes__email__in=values) | Q(attributes__phone__in=values)
    return list(Profile.objects.surviving().filter(same).exclude(pk__in=subject.profile_ids).order_by("pk")[:MOST_SHARING])


def lines_of(erasure: Erasure) -> list[tuple[str, str, int]]:
    """Return (what, what became of it, how many rows) of an erasure, in the order of the holdings."""
    known = [
        (str(one.label), str(one.fate.value), erasure.counts[one.key]) for one in holdings.every() if one.key in erasure.counts
    ]
    told = {one.key for one in holdings.every()}
    return known + [(key, str(Fate.ERASED.value), count) for key, count in erasure.counts.items() if key not in told]
