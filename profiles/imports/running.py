"""How is a file imported in the background, so that a crash costs nothing and anybody may go on?

An import is leased by one worker. Each chunk of rows is one transaction that also moves `rows_done` on, and only while the
lease is still held: whoever was stopped half-way leaves nothing behind, and whoever goes on skips what is done.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import IO

from django.db import DataError, OperationalError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from profiles import bulk, identity, schema
from profiles.imports import ahead, loading, mapping, reading
from profiles.imports.ahead import Chunk
from profiles.imports.loading import Loaded
from profiles.imports.mapping import Plan
from profiles.imports.reading import Shape
from profiles.imports.rows import Fault, Row
from profiles.models import Import

logger = logging.getLogger(__name__)

CHUNK_ROWS = 5_000
LEASE = timedelta(seconds=60)
MOST_TRIES = 5
ERASED = "erased"  # the reason of rows about people who were erased; a code, for programs count by it

Clock = Callable[[], datetime]


class _LeaseLostError(Exception):
    """The import was cancelled, or another worker has it."""


def run(*, clock: Clock, until: datetime) -> bool:
    """Work on one import that is due until it is finished or `until` has come; False when none is due.

    1. Claim the oldest import that is queued, or whose worker died (SKIP LOCKED), with a lease.
    2. Count its rows, and learn the attributes it brings.
    3. Load it chunk by chunk, each in a transaction with its progress, renewing the lease.
    4. Finish it; or give the lease back, for the next call to go on; or stop it with the error in words.
    """
    work = _claim(clock())
    if work is None:
        return False
    try:
        with work.file.open("rb") as file:
            _run(work, file, clock, until)
    except _LeaseLostError:
        logger.info("import %s was cancelled or taken over", work.pk)
    except FileNotFoundError:
        _fail(work, _("The file is gone."), clock())
    except Exception as error:  # the edge of a batch: the import steps aside and says why
        logger.exception("import %s stopped", work.pk)
        _fail(work, f"{type(error).__name__}: {error}"[:2000], clock())
    return True


def shape_of(an_import: Import) -> Shape:
    names = tuple(an_import.header) if an_import.format == Import.Format.JSONL else None
    return Shape(an_import.encoding, an_import.delimiter, an_import.has_header, names)


def _claim(now: datetime) -> Import | None:
    is_free = Q(state=Import.State.QUEUED) | Q(state=Import.State.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        work = Import.objects.filter(is_free).order_by("created_at", "pk").select_for_update(skip_locked=True).first()
        if work is None:
            return None
        work.state = Import.State.RUNNING
        work.started_at = work.started_at or now
        work.lease_until = now + LEASE
        work.save(update_fields=["state", "started_at", "lease_until"])
    return work


def _run(work: Import, file: IO[bytes], clock: Clock, until: datetime) -> None:
    shape, plan = shape_of(work), mapping.of(work)
    if work.rows_total is None:
        schema.learn_attributes(types={column.attribute: column.stored_type for column in plan.attributes}, now=clock())
        _save(work, clock(), rows_total=reading.count(file, shape))
    rest = islice(reading.records(file, shape), work.rows_done, None)
    with ahead.chunks(rest, plan, most_rows=CHUNK_ROWS) as chunks:
        for chunk in chunks:
            _load_chunk(work, plan, chunk, clock())
            if clock() >= until:
                # Not due to a fault: the next call may go on at once.
                _save(work, clock(), state=Import.State.QUEUED)
                return
    now = clock()
    _save(work, now, state=Import.State.DONE, finished_at=now, rows_total=work.rows_done)


def _load_chunk(work: Import, plan: Plan, chunk: Chunk, now: datetime) -> None:
    """Load the rows and move the progress on, in one transaction; do it again when others were in the way."""
    for tries_left in reversed(range(MOST_TRIES)):
        try:
            with transaction.atomic():
                done, faults = load(work, plan, chunk, now)
                _keep(work, faults)
                _save(
                    work,
                    now,
                    rows_done=F("rows_done") + len(chunk.records),
                    rows_created=F("rows_created") + done.created,
                    rows_updated=F("rows_updated") + done.updated,
                    rows_unchanged=F("rows_unchanged") + done.unchanged,
                    rows_rejected=F("rows_rejected") + len(faults),
                )
        except (OperationalError, identity.ContentionError, loading.ChangedMeanwhileError):
            if not tries_left:
                raise
            logger.warning("import %s: a chunk met other changes and is done again", work.pk)
        else:
            work.rows_done += len(chunk.records)
            return


def load(work: Import, plan: Plan, chunk: Chunk, now: datetime) -> tuple[Loaded, list[Fault]]:
    """Load the rows in the caller's transaction; return what came of them, and the rows that were not used."""
    loaded, refused = _load_or_part(work, plan, chunk.usable, now)
    if not refused and not loaded.erased:
        return loaded, chunk.faults
    cells = {record.number: record.cells for record in chunk.records}
    reason = _("The database cannot store this row.")
    faults = [Fault(row.number, "", reason, reason, cells[row.number]) for row in refused]
    # Without the cells: they are what was erased.
    faults += [Fault(row.number, "", ERASED, ERASED, []) for row in loaded.erased]
    return loaded, [*chunk.faults, *faults]


def _keep(work: Import, faults: Sequence[Fault]) -> None:
    if faults:
        bulk.copy(
            "profiles_importfault",
            ("of_id", "row", '"column"', "reason", "cells"),
            (
                (str(work.pk), str(fault.number), fault.column, fault.reason, json.dumps(fault.cells, ensure_ascii=False))
                for fault in faults
            ),
        )


def _load_or_part(work: Import, plan: Plan, usable: Sequence[Row], now: datetime) -> tuple[Loaded, list[Row]]:
    """Load the rows; when the database refuses a value, halve them until the one row that carries it stands alone."""
    try:
        with transaction.atomic():
            return loading.load(rows=usable, plan=plan, import_id=work.pk, at=work.created_at, now=now), []
    except DataError:
        if len(usable) == 1:
            return Loaded(), list(usable)
    middle = len(usable) // 2
    one, refused = _load_or_part(work, plan, usable[:middle], now)
    other, refused_too = _load_or_part(work, plan, usable[middle:], now)
    both = Loaded(
        one.created + other.created,
        one.updated + other.updated,
        one.unchanged + other.unchanged,
        one.merged + other.merged,
        one.erased + other.erased,
        one.newcomers + other.newcomers,
    )
    return both, refused + refused_too


def _save(work: Import, now: datetime, **changes: object) -> None:
    """Write `changes` and renew the lease, if it is still held; a state other than RUNNING gives it back."""
    until = now + LEASE if changes.get("state", Import.State.RUNNING) == Import.State.RUNNING else None
    held = Import.objects.filter(pk=work.pk, state=Import.State.RUNNING, lease_until=work.lease_until, rows_done=work.rows_done)
    if not held.update(lease_until=until, **changes):
        raise _LeaseLostError
    work.lease_until = until


def _fail(work: Import, error: str, now: datetime) -> None:
    running = Import.objects.filter(pk=work.pk, state=Import.State.RUNNING, lease_until=work.lease_until)
    running.update(state=Import.State.FAILED, error=error, finished_at=now, lease_until=None)
