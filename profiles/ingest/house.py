"""What of the ingest is thrown away, and when?"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Model, QuerySet

from profiles.ingest import deadletters, recent
from profiles.models import AttributeChange, DeadLetter, EventTally, SeenMessage, SourceTally

MESSAGES_REMEMBERED_FOR = timedelta(days=30)
TALLIES_KEPT_FOR = timedelta(days=60)
EVENT_TALLIES_KEPT_FOR = timedelta(days=400)
FORMER_VALUES_KEPT_FOR = timedelta(days=365)
CHUNK = 10_000
MOST_PER_RUN = 1_000_000


def prune(*, now: datetime) -> int:
    """Delete what is older than it need be, in chunks so that no lock is long; return how many rows."""
    recent.shorten(now=now)
    return (
        _prune(SeenMessage.objects.filter(seen_at__lt=now - MESSAGES_REMEMBERED_FOR))
        + _prune(DeadLetter.objects.filter(received_at__lt=now - deadletters.KEPT_FOR))
        + _prune(SourceTally.objects.filter(hour_at__lt=now - TALLIES_KEPT_FOR))
        + _prune(EventTally.objects.filter(day__lt=(now - EVENT_TALLIES_KEPT_FOR).date()))
        + _prune(AttributeChange.objects.filter(at__lt=now - FORMER_VALUES_KEPT_FOR))
    )


def _prune(old: QuerySet[Model]) -> int:
    total = 0
    while total < MOST_PER_RUN:
        chunk = list(old.values_list("pk", flat=True)[:CHUNK])
        if not chunk:
            break
        total += old.filter(pk__in=chunk).delete()[0]
    return total
