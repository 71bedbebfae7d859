"""What would the whole file do? Each chunk is really loaded and taken back, in the background.

What an earlier chunk would have made is gone when the next one is tried, so hashes of its identifiers are kept: a person
in two chunks counts as new once, and as updated afterwards (even if the later row says nothing new).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import IO, Any

from django.db import OperationalError, connection, transaction

from profiles import bulk, identity, schema
from profiles.imports import ahead, leases, loading, mapping, reading, running
from profiles.imports.ahead import Chunk
from profiles.imports.loading import Loaded
from profiles.imports.mapping import Plan
from profiles.imports.rows import Fault
from profiles.models import Import, ImportTrial, TriedKey

logger = logging.getLogger(__name__)

MOST_REASONS = 50
MOST_TRIES = 5

Clock = Callable[[], datetime]


def queue(*, an_import: Import, plan: Plan, now: datetime) -> bool:
    """Ask what the import would do with this plan, instead of what was asked before; False when it was started already.

    Raises mapping.MappingError.
    """
    mapping.check(plan, known_types=schema.types(), today=now.date())
    with transaction.atomic():
        waiting = Import.objects.filter(pk=an_import.pk, state=Import.State.MAPPING)
        said = {"mapping": plan.mapping_as_json(), "consent": plan.consent.as_json()}
        if not waiting.update(**said):
            return False
        ImportTrial.objects.filter(of=an_import).delete()
        ImportTrial.objects.create(of=an_import, created_at=now, **said)
    return True


def plan_of(trial: ImportTrial) -> Plan:
    return mapping.build(header=trial.of.header, mapping=trial.mapping, consent=trial.consent)


def run(*, clock: Clock, until: datetime) -> bool:
    """Work on one trial that is due until it is finished or `until` has come; False when none is due.

    A chunk is one transaction, in which only the counts are left: nobody waits for its locks longer than for an import.
    """
    trial = leases.claim(ImportTrial, now=clock())
    if trial is None:
        return False
    try:
        with trial.of.file.open("rb") as file:
            _run(trial, file, clock, until)
    except leases.LostError:
        logger.info("trial %s was taken over", trial.pk)
    except Exception as error:  # the edge of a batch: the trial steps aside and says why
        logger.exception("trial %s stopped", trial.pk)
        leases.fail(trial, error=f"{type(error).__name__}: {error}", now=clock())
    return True


def _run(trial: ImportTrial, file: IO[bytes], clock: Clock, until: datetime) -> None:
    work, plan = trial.of, plan_of(trial)
    shape = running.shape_of(work)
    if work.rows_total is None:
        work.rows_total = reading.count(file, shape)
        Import.objects.filter(pk=work.pk, rows_total=None).update(rows_total=work.rows_total)
    rest = islice(reading.records(file, shape), trial.rows_done, None)
    with ahead.chunks(rest, plan, most_rows=running.CHUNK_ROWS) as chunks:
        for chunk in chunks:
            _try_chunk(trial, plan, chunk, clock())
            if clock() >= until:
                leases.save(trial, now=clock(), state=ImportTrial.State.QUEUED)
                return
    with transaction.atomic():
        now = clock()
        TriedKey.objects.filter(of=trial).delete()
        leases.save(trial, now=now, state=ImportTrial.State.DONE, finished_at=now)


def _try_chunk(trial: ImportTrial, plan: Plan, chunk: Chunk, now: datetime) -> None:
    for tries_left in reversed(range(MOST_TRIES)):
        try:
            with transaction.atomic():
                with transaction.atomic():
                    loaded, faults = running.load(trial.of, plan, chunk, now)
                    transaction.set_rollback(True)
                _count(trial, chunk, loaded, faults, now)
        except (OperationalError, identity.ContentionError, loading.ChangedMeanwhileError):
            if not tries_left:
                raise
        else:
            return


def _count(trial: ImportTrial, chunk: Chunk, loaded: Loaded, faults: list[Fault], now: datetime) -> None:
    repeated = _remember(trial, loaded)
    trial.rows_done += len(chunk.records)
    trial.rows_created += loaded.created - repeated
    trial.rows_updated += loaded.updated + repeated
    trial.rows_unchanged += loaded.unchanged
    trial.rows_rejected += len(faults)
    trial.profiles_merged += loaded.merged
    trial.reasons = _with(trial.reasons, faults)
    numbers = ("rows_done", "rows_created", "rows_updated", "rows_unchanged", "rows_rejected", "profiles_merged", "reasons")
    leases.save(trial, now=now, **{name: getattr(trial, name) for name in numbers})


def _remember(trial: ImportTrial, loaded: Loaded) -> int:
    """Keep what these new people are known by; return how many of them were new in an earlier chunk already."""
    people = [[_hash(key) for key in keys] for keys in loaded.newcomers]
    hashes = bulk.numbers({one for person in people for one in person})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key_hash FROM profiles_triedkey WHERE of_id = %s AND key_hash = ANY(%s::bigint[])", [trial.pk, hashes]
        )
        seen = {one for (one,) in cursor.fetchall()}
        cursor.execute(
            "INSERT INTO profiles_triedkey (of_id, key_hash) SELECT %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
            [trial.pk, hashes],
        )
    return sum(not seen.isdisjoint(person) for person in people)


def _hash(key: identity.Key) -> int:
    return int.from_bytes(blake2b(":".join(key).encode(), digest_size=8).digest(), "big", signed=True)


def _with(reasons: list[dict[str, Any]], faults: list[Fault]) -> list[dict[str, Any]]:
    by_kind = {reason["kind"]: dict(reason) for reason in reasons}
    for fault in faults:
        if fault.kind not in by_kind:
            by_kind[fault.kind] = {"kind": fault.kind, "rows": 0, "example": {"number": fault.number, "reason": fault.reason}}
        by_kind[fault.kind]["rows"] += 1
    return sorted(by_kind.values(), key=lambda reason: -int(reason["rows"]))[:MOST_REASONS]
