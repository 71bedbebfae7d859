"""What does segments tell downstream?

`names` are segment ids as text. Published in the transaction that opened or closed the memberships, once per
transition; the quiet first fill of a segment publishes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from omni import feed

SEGMENT_ENTERED = "segment_entered"
SEGMENT_LEFT = "segment_left"


def entered(*, segment_id: int, profile_ids: Sequence[int], now: datetime) -> None:
    feed.publish(kind=SEGMENT_ENTERED, names=[str(segment_id)], profile_ids=profile_ids, now=now)


def left(*, segment_id: int, profile_ids: Sequence[int], now: datetime) -> None:
    feed.publish(kind=SEGMENT_LEFT, names=[str(segment_id)], profile_ids=profile_ids, now=now)
