"""What does chance say? The same for the same words, so that a trial can be repeated."""

from __future__ import annotations

import hashlib


def falls(percent: float, *parts: object) -> bool:
    """Say whether these parts fall into the given share."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 10_000 < percent * 100
