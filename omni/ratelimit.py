"""May this caller ask again already? Token buckets that all processes share, at a fraction of a query per request.

A process takes a handful of tokens from the table at once and gives them out itself, so that a flood of requests is no
flood of queries. What it does not give out within LEASE_SECONDS is lost, which costs a caller less than a second's worth.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from omni.models import Bucket

LEASE_SECONDS = 2.0
SHARE_OF_A_SECOND = 0.25
REFUSED_SECONDS = 0.1
MOST_REMEMBERED = 10_000
FORGET_AFTER = timedelta(days=1)

# Takes the wanted tokens, or answers no row when there are not so many.
_TAKE = """
    INSERT INTO omni_bucket AS b (key, tokens, filled_at) VALUES (%(key)s, %(burst)s - %(wanted)s, clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET filled_at = clock_timestamp(), tokens = -%(wanted)s
        + LEAST(%(burst)s, b.tokens + EXTRACT(EPOCH FROM clock_timestamp() - b.filled_at) * %(rate)s)
    WHERE LEAST(%(burst)s, b.tokens + EXTRACT(EPOCH FROM clock_timestamp() - b.filled_at) * %(rate)s) >= %(wanted)s
    RETURNING tokens
"""


@dataclass(frozen=True)
class Limit:
    """So many requests a second for long, and so many at once after a pause."""

    per_second: float
    burst: float


@dataclass(frozen=True)
class Verdict:
    """Whether this request may pass, and what to tell the caller about the next ones."""

    is_allowed: bool
    limit: int  # requests a second
    remaining: int
    reset_seconds: int  # until the bucket is full again
    retry_after_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        said = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }
        return said if self.is_allowed else {**said, "Retry-After": str(self.retry_after_seconds)}


@dataclass
class _Lease:
    tokens: int
    left_in_bucket: float
    until: float
    is_refusal: bool = False


_leases: dict[str, _Lease] = {}
_guard = threading.Lock()


def take(key: str, limit: Limit) -> Verdict:
    """Take one token from the bucket `key`. No query for most of many requests, else one or two."""
    with _guard:
        lease = _leases.get(key)
        if lease is None or lease.until < time.monotonic():
            lease = None
        elif lease.tokens > 0:
            lease.tokens -= 1
            return _verdict(limit, lease, is_allowed=True)
        elif lease.is_refusal:
            return _verdict(limit, lease, is_allowed=False)
    return _renew(key, limit)


def forget() -> None:
    """Give up what this process holds; its next requests ask the table."""
    _leases.clear()


def prune(*, now: datetime) -> int:
    """Delete the buckets that nobody took from for a day: they are full. Return how many."""
    return Bucket.objects.filter(filled_at__lt=now - FORGET_AFTER).delete()[0]


def _renew(key: str, limit: Limit) -> Verdict:
    taken, left = 0, 0.0
    for wanted in sorted({max(1, int(limit.per_second * SHARE_OF_A_SECOND)), 1}, reverse=True):
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {"key": key, "burst": limit.burst, "rate": limit.per_second, "wanted": wanted})
            row = cursor.fetchone()
        if row is not None:
            taken, left = wanted, max(0.0, row[0])
            break
    until = time.monotonic() + (LEASE_SECONDS if taken else REFUSED_SECONDS)
    lease = _Lease(max(0, taken - 1), left, until, is_refusal=not taken)
    with _guard:
        if len(_leases) >= MOST_REMEMBERED:
            _leases.clear()
        held = _leases.get(key)
        if held is not None and held.until >= time.monotonic() and taken:
            lease.tokens += held.tokens  # two threads renewed at once
        _leases[key] = lease
        return _verdict(limit, lease, is_allowed=taken > 0)


def _verdict(limit: Limit, lease: _Lease, *, is_allowed: bool) -> Verdict:
    remaining = lease.tokens + int(lease.left_in_bucket)
    return Verdict(
        is_allowed=is_allowed,
        limit=math.ceil(limit.per_second),
        remaining=remaining,
        reset_seconds=math.ceil(max(0.0, limit.burst - remaining) / limit.per_second),
        retry_after_seconds=max(1, math.ceil(1 / limit.per_second)),
    )
