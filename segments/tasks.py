"""What of the segments runs later?"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from omni import feed
from segments import following, materialize

MOST_BATCHES = 20


@shared_task(queue="segments")
def follow_feed(**kwargs: Any) -> None:
    """Bring the segments up to date with what was committed upstream."""
    for _batch in range(MOST_BATCHES):
        if not feed.consume(name=following.CONSUMER, now=timezone.now()):
            return


@shared_task(queue="segments")
def refresh_stale(**kwargs: Any) -> None:
    """Fill new segments and refill edited ones."""
    materialize.refresh_stale(now=timezone.now())


@shared_task(queue="segments")
def flip_due(**kwargs: Any) -> None:
    """Let time alone move people in and out."""
    for _batch in range(MOST_BATCHES):
        if following.flip_due(now=timezone.now()) < following.MOST_FLIPS:
            return
