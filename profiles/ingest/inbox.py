"""How is a request accepted so that it cannot be lost, and how does it reach the pipeline?

Accepting is one durable insert. A worker leases requests in one short transaction, which counts the attempt, and processes
and deletes them in another: when it dies, the lease runs out and somebody else goes on. A request that was tried before is
processed alone, so that one that kills its worker takes no others along, and is given up after MOST_ATTEMPTS. What merely
fails is divided down to the call that fails.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from profiles.identity import ContentionError
from profiles.ingest import deadletters, mapping, pipeline, recent, spec, tally
from profiles.ingest.deadletters import Letter
from profiles.ingest.envelope import RefusedError, inflate, open_envelope, parse
from profiles.ingest.spec import Call, Drop, DropError, Origin
from profiles.models import IngestRaw, Source

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000  # requests; beyond this senders are asked to come back later
MOST_REQUESTS = 200
MOST_BYTES = 2 * 1024 * 1024
MOST_CALLS = 5_000
MOST_ATTEMPTS = 5
LEASE = timedelta(seconds=60)
TRIES_TOGETHER = 3

# The database was busy, not the data wrong: doing it again helps.
TRANSIENT = (OperationalError, ContentionError)


@dataclass(frozen=True)
class Parcel:
    """A leased request, opened: its usable calls, and letters for the others."""

    request: IngestRaw
    calls: list[Call]
    letters: list[Letter]


def accept(*, source_id: int, path: str, headers: dict[str, str], body: bytes, now: datetime) -> None:
    """Keep the request as it came. When this returns outside of a transaction, it is on the disk."""
    row = [source_id, now, path[:64], json.dumps(headers), body, now]
    # Whether the connection still lives is not asked before: a dead one shows by itself, and a second one tries again.
    # Should the first have been written all the same, the messages in it are known.
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        _insert(row)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        _insert(row)


def _insert(row: list[Any]) -> None:
    # Written by hand: this one statement is most of what an accepted call costs.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_ingestraw (source_id, received_at, path, headers, body, attempts, due_at)"
            " VALUES (%s, %s, %s, %s::jsonb, %s, 0, %s)",
            row,
        )


def is_full() -> bool:
    """Say whether more is waiting than can be promised to be processed soon. One query that reads at most MOST_WAITING rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM profiles_ingestraw LIMIT %s) AS waiting", [MOST_WAITING])
        row = cursor.fetchone()
    return row is not None and row[0] >= MOST_WAITING


def drain(*, now: datetime) -> int:
    """Process one batch of requests; return how many were taken out of the inbox, 0 when none is due or all had to wait.

    1. Lease the oldest due requests that were never tried, or a single one that was.
    2. Those never tried go through the pipeline together; when the database is busy, a few times.
    3. If that fails, and for one tried before: each request alone, a failing one in halves down to the call that fails,
       which is kept as a dead letter. When the database is busy, the request waits with back-off.
    """
    leased = _lease(now)
    if leased and leased[0].attempts > 1:
        return _drain_suspect(leased[0], now)
    return sum(_drain_together(parcels, now) for parcels in _portions([_open(request) for request in leased]))


def _lease(now: datetime) -> list[IngestRaw]:
    """Take the oldest due requests that nobody else is at, as many as fit into one batch, and count the attempt."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Losing a count costs one more attempt; waiting for the disk would cost every batch.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            "SELECT id, octet_length(body), attempts FROM profiles_ingestraw WHERE due_at <= %s ORDER BY due_at, id LIMIT %s"
            " FOR UPDATE SKIP LOCKED",
            [now, MOST_REQUESTS],
        )
        taken = _fitting(cursor.fetchall())
        cursor.execute(
            "UPDATE profiles_ingestraw SET attempts = attempts + 1, due_at = %s WHERE id = ANY(%s)", [now + LEASE, taken]
        )
    return list(IngestRaw.objects.filter(pk__in=taken).select_related("source").order_by("pk")) if taken else []


def _fitting(rows: Sequence[tuple[int, int, int]]) -> list[int]:
    """Return those to process together. One that was tried before may kill its worker, so it goes alone."""
    taken: list[int] = []
    total = 0
    for pk, size, attempts in rows:
        if taken and (attempts or total + size > MOST_BYTES):
            break
        taken.append(pk)
        if attempts:
            break
        total += size
    return taken


def _portions(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """Divide so that no portion has many more than MOST_CALLS calls."""
    portion: list[Parcel] = []
    count = 0
    for parcel in parcels:
        portion.append(parcel)
        count += len(parcel.calls)
        if count >= MOST_CALLS:
            yield portion
            portion, count = [], 0
    if portion:
        yield portion


def _drain_together(parcels: Sequence[Parcel], now: datetime) -> int:
    for attempt in range(TRIES_TOGETHER):
        try:
            with transaction.atomic():
                held = _hold(parcels)
                batch = pipeline.run(calls=[call for parcel in held for call in parcel.calls], now=now)
                _settle(held, batch, [letter for parcel in held for letter in parcel.letters], now)
                return len(held)
        except TRANSIENT as error:
            logger.info("inbox: the database is busy (%s), attempt %s", type(error).__name__, attempt + 1)
            time.sleep(random.uniform(0, 0.1 * (attempt + 1)))
        except Exception:  # the edge of a batch: the requests are tried one by one below
            logger.exception("inbox: a batch failed; its requests are processed one by one")
            break
    return sum(_drain_one(parcel, now) for parcel in parcels)


def _drain_suspect(request: IngestRaw, now: datetime) -> int:
    if request.attempts <= MOST_ATTEMPTS:
        return _drain_one(_open(request), now)
    why = f"It was tried {MOST_ATTEMPTS} times, and its worker did not live to finish it."
    return _drain_one(Parcel(request, [], [_whole(request, Drop.FAILED, why)]), now)


def _drain_one(parcel: Parcel, now: datetime) -> int:
    letters = list(parcel.letters)
    try:
        with transaction.atomic():
            held = _hold([parcel])
            if held:
                batch = _run_in_parts(parcel.calls, letters, now)
                _settle(held, batch, letters, now)
            return len(held)
    except TRANSIENT as error:
        logger.warning("inbox: a request waits because the database is busy (%s)", type(error).__name__)
        wait = timedelta(seconds=2**parcel.request.attempts)
        IngestRaw.objects.filter(pk=parcel.request.pk).update(due_at=now + wait)
        return 0


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


def _hold(parcels: Sequence[Parcel]) -> list[Parcel]:
    """Lock the requests; leave out those that somebody else finished or works on because the lease ran out."""
    rows = IngestRaw.objects.filter(pk__in=[parcel.request.pk for parcel in parcels]).order_by("pk")
    held = set(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
    return [parcel for parcel in parcels if parcel.request.pk in held]


def _settle(held: Sequence[Parcel], batch: pipeline.Batch, letters: list[Letter], now: datetime) -> None:
    letters = [*letters, *(_letter(call.raw, call.origin, reason) for call, reason in batch.refused)]
    deadletters.keep(letters)
    IngestRaw.objects.filter(pk__in=[parcel.request.pk for parcel in held]).delete()
    recent.keep(used=batch.calls, repeated=batch.repeated, refused=letters)
    tally.add(used=batch.calls, repeated=batch.repeated, refused=letters, now=now)


def _open(request: IngestRaw) -> Parcel:
    """Return the request with its usable calls and letters for the others. Pure."""
    if request.source.kind == Source.Kind.WEBHOOK:
        return _open_hook(request)
    try:
        envelope = open_envelope(bytes(request.body), encoding=request.headers.get("content-encoding", ""))
    except RefusedError as error:
        return Parcel(request, [], [_whole(request, Drop.UNREADABLE, error.message)])
    key = request.headers.get("idempotency-key", "")
    origin = Origin(request.source_id, request.received_at, envelope.sent_at, request.path, envelope.is_large, key)
    calls, letters = [], []
    for raw in envelope.calls:
        try:
            calls.append(spec.read(raw, origin))
        except DropError as error:
            letters.append(_letter(raw, origin, error.reason, error.detail))
        except Exception as error:  # a call that nobody thought of must not stop the others
            logger.exception("inbox: a call could not be read")
            letters.append(_letter(raw, origin, Drop.FAILED, f"{type(error).__name__}: {error}"))
    return Parcel(request, calls, letters)


def _open_hook(request: IngestRaw) -> Parcel:
    """Return what the payloads of a webhook mean by the mapping of today. Pure."""
    origin = Origin(request.source_id, request.received_at)
    try:
        value = parse(inflate(bytes(request.body), encoding=request.headers.get("content-encoding", "")))
        plan = mapping.load(request.source.mapping)
    except (RefusedError, mapping.MappingError) as error:
        return Parcel(request, [], [_whole(request, Drop.UNREADABLE, str(error))])
    calls, letters = [], []
    for payload in value if isinstance(value, list) else [value]:
        try:
            calls += _meant(payload, plan, request.source.mapping_version, origin)
        except DropError as error:
            letters.append(_letter(payload, origin, error.reason, error.detail))
        except Exception as error:  # a payload that nobody thought of must not stop the others
            logger.exception("inbox: a payload could not be read")
            letters.append(_letter(payload, origin, Drop.FAILED, f"{type(error).__name__}: {error}"))
    return Parcel(request, calls, letters)


def _meant(payload: Any, plan: mapping.HookMapping, version: int, origin: Origin) -> list[Call]:
    if not plan.is_usable:
        raise DropError(Drop.UNMAPPED)
    found = mapping.calls_of(payload, plan, version=version, received_at=origin.received_at)
    calls = [spec.read(raw, origin) for raw in found]
    for call in calls:
        call.raw = payload  # what is shown and kept is what came
    return calls


def _letter(raw: Any, origin: Origin, reason: Drop, detail: str = "") -> Letter:
    body = raw
    if isinstance(raw, dict):
        # What the path and the batch said about the call goes along, so that a replay reads the same.
        said = {"type": origin.type if origin.type in spec.TYPES else None, "sentAt": origin.sent_at}
        body = {**{key: value for key, value in said.items() if value is not None}, **raw}
    return Letter(origin.source_id, origin.received_at, reason, body, detail)


def _whole(request: IngestRaw, reason: Drop, detail: str) -> Letter:
    return Letter(request.source_id, request.received_at, reason, bytes(request.body), detail)
