"""When is a message tried again that was certainly not taken? Pure numbers, spread by hash."""

from __future__ import annotations

import hashlib
from datetime import timedelta

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 15 * 60.0
ACCOUNT_FIRST_SECONDS = 5.0
HASH_RANGE = 1 << 32


def fraction(*parts: object) -> float:
    """Return a number in [0, 1) that depends on nothing but these parts."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") / HASH_RANGE


def backoff(*, key: object, attempts: int) -> timedelta:
    """Return the wait after this many tries: full jitter below a bound that doubles from a second to fifteen minutes."""
    bound = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(attempts, 20))
    return timedelta(seconds=bound * (0.1 + 0.9 * fraction(key, "retry", attempts)))


def rest(*, failures: int) -> timedelta:
    """Return how long an account rests that could not be reached this many times in a row."""
    return timedelta(seconds=min(LONGEST_SECONDS, ACCOUNT_FIRST_SECONDS * 2 ** min(failures, 10)))
