"""What did people allow, and how do they say so? Permission per address and topic, and the ways to give and take it."""

from __future__ import annotations

from profiles.consent.permission import (
    CLAIMED_BY_PROGRAMS,
    EVIDENCE,
    GRANTED,
    PENDING,
    WITHDRAWN,
    Change,
    Standing,
    erasing,
    lift,
    lock,
    record,
    standings,
    suppress,
    weight,
    withdraw,
)

__all__ = [
    "CLAIMED_BY_PROGRAMS",
    "EVIDENCE",
    "GRANTED",
    "PENDING",
    "WITHDRAWN",
    "Change",
    "Standing",
    "erasing",
    "lift",
    "lock",
    "record",
    "standings",
    "suppress",
    "weight",
    "withdraw",
]
