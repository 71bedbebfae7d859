"""How does a list become a run of checks that survives crashes, and what came of it?

A run is leased by one worker. Each batch of addresses is checked outside of any transaction (it talks to the network);
verdicts are written first and then the progress moves on, only while the lease is held. Whoever was killed in between
checks a batch once more: what a verifier answered is stored with the verdict, so that it is not paid again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from profiles.hygiene import asking, audiences, budget, checking, syntax, verdict
from profiles.hygiene.resolver import Resolver
from profiles.models import AddressCheck, Cleaning, CleaningAddress, HygienePolicy

if TYPE_CHECKING:
    from omni.models import User

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)  # longer than a batch of silent domains takes
MOST_LISTED = 100_000
CHUNK = 10_000

Clock = Callable[[], datetime]
State = Cleaning.State


class _LeaseLostError(Exception):
    """The run was paused or cancelled, or another worker has it."""


@dataclass(frozen=True)
class Preview:
    """What a run would do. `decidable` is the most that a verifier would be asked, `cost_minor` what that costs."""

    total: int
    emails: int
    phones: int
    fresh: int  # already checked, and still believed
    decidable: int
    cost_minor: int
    left_minor: int


def from_people(*, source: str, name: str, by: User | None, now: datetime, import_id: int | None = None) -> Cleaning:
    """Make a draft over the addresses of these people as they are now. Two statements for any number."""
    with transaction.atomic():
        run = Cleaning.objects.create(name=name[:200], source=source, of_import_id=import_id, created_by=by, created_at=now)
        points = audiences.points_of(source).order_by().values("kind", "address").distinct()
        with suppress(EmptyResultSet), connection.cursor() as cursor:  # of a group that is gone: nobody
            sql, params = points.query.sql_with_params()
            cursor.execute(_FILL.replace("<points>", sql), [run.pk, *params])
            run.total = cursor.rowcount
        run.save(update_fields=["total"])
    return run


def from_list(*, texts: Iterable[str], name: str, by: User | None, now: datetime) -> Cleaning:
    """Make a draft over addresses that somebody pasted or uploaded; nobody becomes a person by it."""
    addresses = {read.address for text in texts if (read := syntax.read(text)).address}
    with transaction.atomic():
        run = Cleaning.objects.create(name=name[:200], source=audiences.LIST, created_by=by, created_at=now)
        listed = sorted(addresses)
        rows = [CleaningAddress(of=run, kind=checking.EMAIL, address=address) for address in listed]
        CleaningAddress.objects.bulk_create(rows, batch_size=CHUNK)
        run.total = len(listed)
        run.save(update_fields=["total"])
    return run


def preview(run: Cleaning, *, policy: HygienePolicy, now: datetime) -> Preview:
    """Count what the run would do and at most cost. One query, linear in the run."""
    since = now - timedelta(days=policy.keep_days)
    with connection.cursor() as cursor:
        cursor.execute(_PREVIEW, {"now": now, "since": since, "run": run.pk, "undecided": [*verdict.UNDECIDED, "not_checked"]})
        total, emails, fresh, decidable = cursor.fetchone()
    cost = decidable * policy.cost_minor if asking.is_ready(policy) else 0
    return Preview(total, emails, total - emails, fresh, decidable, cost, budget.left_minor(policy, now=now))


def run(*, clock: Clock, until: datetime, resolver: Resolver | None = None) -> bool:
    """Work on one run that is due until it is finished or `until` has come; False when none is due."""
    work = _claim(clock())
    if work is None:
        return False
    try:
        _run(work, clock, until, resolver)
    except _LeaseLostError:
        logger.info("cleaning %s was stopped or taken over", work.pk)
    except Exception as error:  # the edge of a batch: the run steps aside and says why
        logger.exception("cleaning %s stopped", work.pk)
        held = Cleaning.objects.filter(pk=work.pk, state=State.RUNNING, lease_until=work.lease_until)
        said = f"{type(error).__name__}: {error}"[:2000]
        held.update(state=State.FAILED, error=said, finished_at=clock(), lease_until=None)
    return True


def again(run: Cleaning) -> int:
    """Queue a finished run for what is still unknown, and for what the verifier could not be asked; return how many."""
    with transaction.atomic():
        if not Cleaning.objects.filter(pk=run.pk, state=State.DONE).update(state=State.QUEUED, finished_at=None, halt=""):
            return 0
        open_states = [AddressCheck.State.UNKNOWN, *([AddressCheck.State.UNVERIFIED] if run.halt else [])]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE profiles_cleaningaddress a SET is_done = false FROM profiles_addresscheck k"
                " WHERE a.of_id = %s AND a.is_done AND k.kind = a.kind AND k.address = a.address AND k.state = ANY(%s)",
                [run.pk, [str(state) for state in open_states]],
            )
            count = cursor.rowcount
        Cleaning.objects.filter(pk=run.pk).update(done=F("done") - count)
    return int(count)


def _claim(now: datetime) -> Cleaning | None:
    is_free = Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)
    if Cleaning.objects.filter(state=State.RUNNING, lease_until__gte=now).exists():
        return None  # one run at a time: two would only ask the same name servers, and keep workers from other work
    with transaction.atomic():
        work = Cleaning.objects.filter(is_free).order_by("created_at", "pk").select_for_update(skip_locked=True).first()
        if work is None:
            return None
        work.state, work.started_at, work.lease_until = State.RUNNING, work.started_at or now, now + LEASE
        work.save(update_fields=["state", "started_at", "lease_until"])
    return work


def _run(work: Cleaning, clock: Clock, until: datetime, resolver: Resolver | None) -> None:
    policy = HygienePolicy.current()
    while batch := list(work.addresses.filter(is_done=False).order_by("pk")[: checking.BATCH]):
        pays = work.uses_verifier and not work.halt
        subjects = [(row.kind, row.address) for row in batch]
        asked = checking.check(subjects, policy=policy, now=clock(), resolver=resolver, pays=pays, run_id=work.pk)
        with transaction.atomic():
            rows = CleaningAddress.objects.filter(pk__in=[row.pk for row in batch], is_done=False)
            done = rows.update(is_done=True)
            work.halt = asked.halt or work.halt
            _save(work, clock(), done=F("done") + done, asked=F("asked") + asked.count, halt=work.halt)
        if clock() >= until:
            # Not due to a fault: the next call may go on at once.
            _save(work, clock(), state=State.QUEUED)
            return
    now = clock()
    _save(work, now, state=State.DONE, finished_at=now)


def _save(work: Cleaning, now: datetime, **changes: object) -> None:
    """Write `changes` and renew the lease, if it is still held; a state other than RUNNING gives it back."""
    until = now + LEASE if changes.get("state", State.RUNNING) == State.RUNNING else None
    held = Cleaning.objects.filter(pk=work.pk, state=State.RUNNING, lease_until=work.lease_until)
    if not held.update(lease_until=until, **changes):
        raise _LeaseLostError
    work.lease_until = until


def name_of(source: str) -> str:
    """Return what a run over this source is called."""
    return dict(audiences.offered()).get(source, _("A list"))


_FILL = """
INSERT INTO profiles_cleaningaddress (of_id, kind, address, is_done)
SELECT %s, found.kind, found.address, false FROM (<points>) AS found
"""
_PREVIEW = """
SELECT count(*), count(*) FILTER (WHERE a.kind = 'email'),
    count(*) FILTER (WHERE k.expires_at > %(now)s AND k.state <> 'unknown'),
    count(*) FILTER (
        WHERE a.kind = 'email'
        AND NOT coalesce(k.answered_at > %(since)s AND k.answer NOT IN ('', 'timeout', 'greylisted'), false)
        AND NOT coalesce(k.expires_at > %(now)s AND k.state <> 'unknown' AND NOT k.reason = ANY(%(undecided)s), false)
    )
FROM profiles_cleaningaddress a LEFT JOIN profiles_addresscheck k ON k.kind = a.kind AND k.address = a.address
WHERE a.of_id = %(run)s
"""
