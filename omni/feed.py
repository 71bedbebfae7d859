"""How does one app hear what another committed?

`publish` writes one copy per consumer in the transaction of the fact itself. `consume` claims a batch with SKIP LOCKED,
hands it to the consumer's handler, and deletes it in the same transaction as the handler's work, so a crash hands the
batch to somebody else. Delivery is at least once: handlers are idempotent. A batch that fails is retried entry by
entry, so that one bad entry never blocks its neighbors, and is parked after `MOST_ATTEMPTS`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Min, QuerySet

from omni.models import FeedEntry

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
LONGEST_BACKOFF_SECONDS = 600
MOST_PROFILES_PER_ENTRY = 5_000

Handler = Callable[[Sequence[FeedEntry], datetime], None]


@dataclass(frozen=True)
class Consumer:
    """Somebody downstream: its name, the kinds it reads, and what it does with a batch of entries."""

    name: str
    kinds: frozenset[str]
    handle: Handler


_consumers: dict[str, Consumer] = {}


def register(*, name: str, kinds: Iterable[str], handle: Handler) -> None:
    """Make `handle(entries, now)` hear of `kinds`. Called once per consumer from an AppConfig's `ready`."""
    _consumers[name] = Consumer(name, frozenset(kinds), handle)


def consumers() -> list[Consumer]:
    return list(_consumers.values())


def publish(*, kind: str, names: Iterable[str], profile_ids: Sequence[int], now: datetime) -> None:
    """Tell every consumer of `kind`; call it in the transaction that made the fact. One insert; nothing for no ids."""
    touched = sorted(set(names))
    ids = sorted(set(profile_ids))
    told = [consumer.name for consumer in _consumers.values() if kind in consumer.kinds]
    if not ids or not told:
        return
    # The ids as one text: the ORM would check and quote thousands of numbers once per consumer.
    chunks = [ids[start : start + MOST_PROFILES_PER_ENTRY] for start in range(0, len(ids), MOST_PROFILES_PER_ENTRY)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO omni_feedentry (consumer, kind, names, profile_ids, published_at, due_at, attempts, error)"
            " SELECT consumer, %s, %s::varchar[], chunk::bigint[], %s, %s, 0, ''"
            " FROM unnest(%s::text[]) AS told (consumer) CROSS JOIN unnest(%s::text[]) AS chunks (chunk)",
            [kind, touched, now, now, told, [f"{{{','.join(map(str, chunk))}}}" for chunk in chunks]],
        )


def consume(*, name: str, now: datetime, most: int = 50) -> int:
    """Handle one batch for the consumer `name`; return how many entries were taken off the feed.

    1. Claim up to `most` due entries (SKIP LOCKED, oldest first).
    2. Handle them together and delete them, in one transaction.
    3. When that fails, handle each alone; a failing entry waits with back-off and keeps its error.
    """
    consumer = _consumers[name]
    try:
        with transaction.atomic():
            entries = list(_claim(name, now, most))
            if not entries:
                return 0
            consumer.handle(entries, now)
            FeedEntry.objects.filter(pk__in=[entry.pk for entry in entries]).delete()
            return len(entries)
    except Exception:
        logger.exception("feed batch failed for consumer %s; handling entries one by one", name)
    return sum(_consume_one(consumer, pk, now) for pk in _due(name, now).values_list("pk", flat=True)[:most])


def backlog(*, now: datetime) -> list[tuple[str, int, float]]:
    """Return (consumer, entries due, age of the oldest in seconds) for every consumer."""
    rows = {
        row["consumer"]: (row["n"], (now - row["oldest"]).total_seconds())
        for row in FeedEntry.objects.filter(due_at__lte=now)
        .values("consumer")
        .annotate(n=Count("pk"), oldest=Min("published_at"))
    }
    return [(name, *rows.get(name, (0, 0.0))) for name in _consumers]


def _due(name: str, now: datetime) -> QuerySet[FeedEntry]:
    return FeedEntry.objects.filter(consumer=name, due_at__lte=now, attempts__lt=MOST_ATTEMPTS).order_by("due_at", "pk")


def _claim(name: str, now: datetime, most: int) -> QuerySet[FeedEntry]:
    return _due(name, now).select_for_update(skip_locked=True)[:most]


def _consume_one(consumer: Consumer, pk: int, now: datetime) -> int:
    try:
        with transaction.atomic():
            entry = FeedEntry.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if entry is None:
                return 0
            consumer.handle([entry], now)
            entry.delete()
            return 1
    except Exception as error:  # the edge of a batch: the entry steps aside, its neighbors go on
        logger.exception("feed entry %s failed for consumer %s", pk, consumer.name)
        entry = FeedEntry.objects.filter(pk=pk).first()
        if entry is not None:
            wait = min(2**entry.attempts, LONGEST_BACKOFF_SECONDS)
            FeedEntry.objects.filter(pk=pk).update(
                attempts=entry.attempts + 1, due_at=now + timedelta(seconds=wait), error=f"{type(error).__name__}: {error}"[:2000]
            )
        return 0
