"""What does profiles tell downstream? The words of its feed.

Each is published in the transaction of the fact. `names` are what a condition may depend on: attribute keys for
`profile_changed`, event names for `event_recorded`, "<channel>" and "<channel>:<topic>" for `consent_changed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from omni import feed

PROFILE_CHANGED = "profile_changed"
EVENT_RECORDED = "event_recorded"
CONSENT_CHANGED = "consent_changed"
ANYTHING = "*"  # among the names: a person was made, merged or parted, so every answer about them may differ


def profile_changed(*, profile_ids: Sequence[int], attributes: Iterable[str], now: datetime) -> None:
    """Say that these people were made, merged, or that these attributes of theirs changed."""
    feed.publish(kind=PROFILE_CHANGED, names=attributes, profile_ids=profile_ids, now=now)


def event_recorded(*, profile_ids: Sequence[int], events: Iterable[str], now: datetime) -> None:
    """Say that events of these names were recorded for these people."""
    feed.publish(kind=EVENT_RECORDED, names=events, profile_ids=profile_ids, now=now)


def consent_changed(*, profile_ids: Sequence[int], subjects: Iterable[str], now: datetime) -> None:
    """Say that consent or suppression changed for these people."""
    feed.publish(kind=CONSENT_CHANGED, names=subjects, profile_ids=profile_ids, now=now)
