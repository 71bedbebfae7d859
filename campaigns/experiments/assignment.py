"""Which variant does a person get, and are they in the control group? A salted hash, so the answer never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

BUCKETS = 10_000


def bucket(salt: str, profile_id: int) -> int:
    """Return the person's place from 0 to 9,999 under this salt; another salt gives an independent place."""
    return int.from_bytes(hashlib.sha256(f"{salt}:{profile_id}".encode()).digest()[:4], "big") % BUCKETS


def bucket_sql(column: str) -> str:
    """Return the SQL of `bucket` for a column of profile ids; its one parameter is the salt as `salt:`."""
    digest = f"encode(substr(sha256(convert_to(%s || {column}::text, 'UTF8')), 1, 4), 'hex')"
    return f"(('x' || {digest})::bit(32)::bigint %% {BUCKETS})"


def control_salt(campaign_salt: str) -> str:
    return f"{campaign_salt}:control"


def variant_salt(campaign_salt: str, step_key: str) -> str:
    return f"{campaign_salt}:{step_key}"


def is_control(campaign_salt: str, profile_id: int, *, percent: int) -> bool:
    """Tell whether the person is held back; raising `percent` only adds people, lowering it only frees some."""
    return bucket(control_salt(campaign_salt), profile_id) < percent * BUCKETS // 100


def variant(salt: str, profile_id: int, shares: Sequence[tuple[str, int]]) -> str:
    """Return the variant of the person, in proportion to `shares` [("A", 50), ("B", 50)].

    Raises ValueError when nothing has a share.
    """
    total = sum(share for _, share in shares)
    place = bucket(salt, profile_id) * total
    passed = 0
    for name, share in shares:
        passed += share
        if place < passed * BUCKETS:
            return name
    raise ValueError("No variant has a share.")
