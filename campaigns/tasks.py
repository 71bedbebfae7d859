"""What do journeys do later? Tasks look at the tables; they carry no data and may run twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.utils import timezone

from campaigns import delivery, engine, requested
from campaigns.delivery.clock import database_clock
from omni import celery, feed

LONGEST_SECONDS = 20


def _until_idle(work: Callable[[], int]) -> int:
    """Repeat until nothing is done, or so long that the next tick may go on."""
    done, started = 0, time.monotonic()
    while time.monotonic() - started < LONGEST_SECONDS and (some := work()):
        done += some
    return done


@shared_task(name="campaigns.tasks.fire_due", queue="engine")
def fire_due(**kwargs: Any) -> None:
    if _until_idle(lambda: engine.fire_due(now=timezone.now(), most_chunks=10)):
        celery.nudge("campaigns.tasks.advance")


@shared_task(name="campaigns.tasks.advance", queue="engine")
def advance(**kwargs: Any) -> None:
    if _until_idle(lambda: engine.advance(now=timezone.now())):
        celery.nudge("campaigns.tasks.send_email")


@shared_task(name="campaigns.tasks.follow_feed", queue="engine")
def follow_feed(**kwargs: Any) -> None:
    if _until_idle(lambda: feed.consume(name="campaigns", now=timezone.now())):
        celery.nudge("campaigns.tasks.advance")


@shared_task(name="campaigns.tasks.send_email", queue="send.email")
def send_email(**kwargs: Any) -> None:
    if delivery.drain(lane="email", clock=database_clock(), seconds=LONGEST_SECONDS):
        celery.nudge("campaigns.tasks.advance")


@shared_task(name="campaigns.tasks.post_requested", queue="send.email")
def post_requested(**kwargs: Any) -> None:
    requested.post_due(clock=database_clock(), seconds=LONGEST_SECONDS)


@shared_task(name="campaigns.tasks.reap", queue="engine")
def reap(**kwargs: Any) -> None:
    clock = database_clock()
    if _until_idle(lambda: delivery.reap(now=clock())):
        celery.nudge("campaigns.tasks.send_email")
    _until_idle(lambda: delivery.tell(now=clock()))
