"""Which people of which segments does a change upstream concern, and whose time has come?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from omni.models import FeedEntry
from profiles.changes import ANYTHING, CONSENT_CHANGED, EVENT_RECORDED, PROFILE_CHANGED
from segments import materialize
from segments.changes import SEGMENT_ENTERED, SEGMENT_LEFT
from segments.models import Flip, Segment

CONSUMER = "segments"
KINDS = (PROFILE_CHANGED, EVENT_RECORDED, CONSENT_CHANGED, SEGMENT_ENTERED, SEGMENT_LEFT)
MOST_FLIPS = 5_000


def handle(entries: Sequence[FeedEntry], now: datetime) -> None:
    """Refresh the people of a batch of entries, each segment once for all of them."""
    wanted: dict[int, set[int]] = {}
    for pk, reads in Segment.objects.filter(archived_at=None).values_list("pk", "reads"):
        reading = set(reads)
        concerned = {person for entry in entries if _concerns(entry, reading) for person in entry.profile_ids}
        if concerned:
            wanted[pk] = concerned
    materialize.refresh_people(wanted, now=now)


def flip_due(*, now: datetime) -> int:
    """Refresh the people whose answers time alone may have changed; return how many moments were due.

    The refresh writes their next moment in place of the one that was due, in the same transaction.
    """
    due = list(
        Flip.objects.filter(due_at__lte=now, segment__archived_at=None, segment__stale_since=None)
        .order_by("due_at", "segment_id", "profile_id")
        .values_list("segment_id", "profile_id")[:MOST_FLIPS]
    )
    wanted: dict[int, set[int]] = {}
    for segment_id, profile_id in due:
        wanted.setdefault(segment_id, set()).add(profile_id)
    materialize.refresh_people(wanted, now=now)
    return len(due)


def _concerns(entry: FeedEntry, reading: set[str]) -> bool:
    return ANYTHING in entry.names or any(f"{entry.kind}:{name}" in reading for name in entry.names)
