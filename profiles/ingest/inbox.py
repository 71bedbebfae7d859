"""How is a request accepted so that it cannot be lost, and how does it reach the pipeline?

Accepting is one durable insert. Processing and deleting are one transaction, so a crash hands the request to somebody else.
What fails is tried alone and then in ever smaller parts, so that one bad call never takes its neighbors along.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from profiles.identity import ContentionError
from profiles.ingest import deadletters, pipeline, spec
from profiles.ingest.deadletters import Letter
from profiles.ingest.envelope import RefusedError, open_envelope
from profiles.ingest.spec import Call, Drop, DropError, Origin
from profiles.models import IngestRaw, SourceTally

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000  # requests; beyond this senders are asked to come back later
MOST_REQUESTS = 200
MOST_BYTES = 2 * 1024 * 1024
MOST_CALLS = 5_000
MOST_ATTEMPTS = 8
LONGEST_BACKOFF_SECONDS = 600
TRIES_TOGETHER = 3

# The database was busy, not the data wrong: doing it again helps.
TRANSIENT = (OperationalError, ContentionError)


@dataclass
class Outcome:
    """What became of the calls of some requests."""

    calls: list[Call]
    letters: list[Letter]
    repeated: list[Call]


def accept(*, source_id: int, path: str, headers: dict[str, str], body: bytes, now: datetime) -> None:
    """Keep the request as it came. When this returns outside of a transaction, it is on the disk."""
    # Written by hand: this one statement is most of what an accepted call costs.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_ingestraw (source_id, received_at, path, headers, body, attempts, due_at)"
            " VALUES (%s, %s, %s, %s::jsonb, %s, 0, %s)",
            [source_id, now, path[:64], json.dumps(headers), body, now],
        )


def is_full() -> bool:
    """Say whether more is waiting than can be promised to be processed soon. One query that reads at most MOST_WAITING rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM profiles_ingestraw LIMIT %s) AS waiting", [MOST_WAITING])
        row = cursor.fetchone()
    return row is not None and row[0] >= MOST_WAITING


def drain(*, now: datetime) -> int:
    """Process one batch of requests; return how many were taken out of the inbox, 0 when none is due.

    1. All together; when the database is busy, a few times.
    2. If that fails, each request alone, and a failing one in halves down to the call that fails, which is kept as a
       dead letter. When the database is busy, the request waits with back-off instead.
    """
    for attempt in range(TRIES_TOGETHER):
        try:
            return _drain_together(now)
        except TRANSIENT as error:
            logger.info("inbox: the database is busy (%s), attempt %s", type(error).__name__, attempt + 1)
            time.sleep(random.uniform(0, 0.1 * (attempt + 1)))
        except Exception:  # the edge of a batch: the requests are tried one by one below
            logger.exception("inbox: a batch failed; its requests are processed one by one")
            break
    due = IngestRaw.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", flat=True)
    return sum(_drain_one(pk, now) for pk in list(due[:MOST_REQUESTS]))


def _drain_together(now: datetime) -> int:
    with transaction.atomic():
        requests = _claim(now)
        if not requests:
            return 0
        calls, letters, taken = [], [], []
        for request in requests:
            read, failed = _read(request)
            calls += read
            letters += failed
            taken.append(request.pk)
            if len(calls) >= MOST_CALLS:
                break
        batch = pipeline.run(calls=calls, now=now)
        _settle(taken, batch, letters, now)
        return len(taken)


def _drain_one(pk: int, now: datetime) -> int:
    try:
        with transaction.atomic():
            request = IngestRaw.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if request is None:
                return 0
            calls, letters = _read(request)
            batch = _run_in_parts(calls, letters, now)
            _settle([pk], batch, letters, now)
            return 1
    except TRANSIENT as error:
        return _put_off(pk, error, now)


def _run_in_parts(calls: list[Call], letters: list[Letter], now: datetime) -> pipeline.Batch:
    """Run what can be run; what fails even alone is added to `letters`."""
    try:
        with transaction.atomic():
            return pipeline.run(calls=calls, now=now)
    except TRANSIENT:
        raise
    except Exception as error:  # the edge of a batch: only the failing call steps aside
        if len(calls) == 1:
            logger.exception("inbox: a call failed")
            letters.append(_letter(calls[0].raw, calls[0].origin, Drop.FAILED, f"{type(error).__name__}: {error}"))
            return pipeline.Batch([], now)
    middle = len(calls) // 2
    one, other = _run_in_parts(calls[:middle], letters, now), _run_in_parts(calls[middle:], letters, now)
    return pipeline.Batch(
        one.calls + other.calls, now, refused=one.refused + other.refused, repeated=one.repeated + other.repeated
    )


def _put_off(pk: int, error: Exception, now: datetime) -> int:
    request = IngestRaw.objects.filter(pk=pk).first()
    if request is None:
        return 0
    if request.attempts + 1 >= MOST_ATTEMPTS:
        with transaction.atomic():
            deadletters.keep([_whole(request, Drop.FAILED, f"{type(error).__name__}: {error}")])
            request.delete()
        return 1
    wait = timedelta(seconds=min(2**request.attempts, LONGEST_BACKOFF_SECONDS))
    IngestRaw.objects.filter(pk=pk).update(attempts=request.attempts + 1, due_at=now + wait)
    return 0


def _claim(now: datetime) -> list[IngestRaw]:
    """Lock the oldest due requests that nobody else is at, as many as fit into one batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, octet_length(body) FROM profiles_ingestraw WHERE due_at <= %s ORDER BY due_at, id LIMIT %s"
            " FOR UPDATE SKIP LOCKED",
            [now, MOST_REQUESTS],
        )
        rows = cursor.fetchall()
    taken: list[int] = []
    total = 0
    for pk, size in rows:
        if taken and total + size > MOST_BYTES:
            break
        taken.append(pk)
        total += size
    return list(IngestRaw.objects.filter(pk__in=taken).order_by("due_at", "pk"))


def _read(request: IngestRaw) -> tuple[list[Call], list[Letter]]:
    """Return the usable calls of the request and letters for the others. Pure."""
    try:
        envelope = open_envelope(bytes(request.body), encoding=request.headers.get("content-encoding", ""))
    except RefusedError as error:
        return [], [_whole(request, Drop.UNREADABLE, error.message)]
    origin = Origin(request.source_id, request.received_at, envelope.sent_at, request.path, envelope.is_large)
    calls, letters = [], []
    for raw in envelope.calls:
        try:
            calls.append(spec.read(raw, origin))
        except DropError as error:
            letters.append(_letter(raw, origin, error.reason, error.detail))
        except Exception as error:  # a call that nobody thought of must not stop the others
            logger.exception("inbox: a call could not be read")
            letters.append(_letter(raw, origin, Drop.FAILED, f"{type(error).__name__}: {error}"))
    return calls, letters


def _settle(taken: list[int], batch: pipeline.Batch, letters: list[Letter], now: datetime) -> None:
    letters += [_letter(call.raw, call.origin, reason) for call, reason in batch.refused]
    deadletters.keep(letters)
    IngestRaw.objects.filter(pk__in=taken).delete()
    _tally(Outcome(batch.calls, letters, batch.repeated), now)


def _letter(raw: Any, origin: Origin, reason: Drop, detail: str = "") -> Letter:
    body = raw
    if isinstance(raw, dict):
        # What the path and the batch said about the call goes along, so that a replay reads the same.
        said = {"type": origin.type if origin.type in spec.TYPES else None, "sentAt": origin.sent_at}
        body = {**{key: value for key, value in said.items() if value is not None}, **raw}
    return Letter(origin.source_id, origin.received_at, reason, body, detail)


def _whole(request: IngestRaw, reason: Drop, detail: str) -> Letter:
    return Letter(request.source_id, request.received_at, reason, bytes(request.body), detail)


def _tally(outcome: Outcome, now: datetime) -> None:
    used = Counter(call.origin.source_id for call in outcome.calls)
    repeated = Counter(call.origin.source_id for call in outcome.repeated)
    refused = Counter(letter.source_id for letter in outcome.letters)
    latest: dict[int, datetime] = {}
    for source_id, received_at in [
        *((call.origin.source_id, call.origin.received_at) for call in (*outcome.calls, *outcome.repeated)),
        *((letter.source_id, letter.received_at) for letter in outcome.letters),
    ]:
        latest[source_id] = max(latest.get(source_id, received_at), received_at)
    hour = now.replace(minute=0, second=0, microsecond=0)
    _add_tallies(
        [
            SourceTally(
                source_id=source_id,
                hour_at=hour,
                used=used[source_id],
                repeated=repeated[source_id],
                refused=refused[source_id],
                latest_at=at,
            )
            for source_id, at in sorted(latest.items())
        ]
    )


def _add_tallies(tallies: Sequence[SourceTally]) -> None:
    # The last statement of the transaction: workers wait for each other at these rows for a moment only.
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO profiles_sourcetally AS t (source_id, hour_at, used, repeated, refused, latest_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (source_id, hour_at) DO UPDATE SET used = t.used + excluded.used,"
            " repeated = t.repeated + excluded.repeated, refused = t.refused + excluded.refused,"
            " latest_at = GREATEST(t.latest_at, excluded.latest_at)",
            [(t.source_id, t.hour_at, t.used, t.repeated, t.refused, t.latest_at) for t in tallies],
        )
