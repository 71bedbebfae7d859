"""Who does the recurring work when beat, the broker or the workers are gone?

The dispatcher walks the same table without the broker: one thread per queue runs, in this process, what nobody
finished lately. While beat and the workers do their part it only looks.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from omni import heartbeats
from omni.celery import QUEUES, RECURRING, Recurring

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
PATIENCE = timedelta(seconds=3)  # beyond the interval, until the dispatcher steps in

_missing: set[str] = set()


def overdue(*, queue: str, now: datetime) -> list[Recurring]:
    """Return the work of `queue` that nobody finished within its interval and some patience. One query."""
    ages = heartbeats.ages(now=now)
    return [
        work
        for work in RECURRING
        if work.queue == queue
        and ages.get(heartbeats.tick(work.task), timedelta.max) > timedelta(seconds=work.every_seconds) + PATIENCE
    ]


def run_overdue(*, queue: str, now: datetime) -> list[str]:
    """Run the overdue work of `queue` here, one after the other; return the names of what succeeded."""
    return [work.task for work in overdue(queue=queue, now=now) if _run(work.task)]


def serve(stop: threading.Event) -> None:
    """Poll all queues until `stop` is set; running work is finished first."""
    threads = [threading.Thread(target=_serve_queue, args=(queue, stop), name=f"dispatch {queue}") for queue in QUEUES]
    for thread in threads:
        thread.start()
    while not stop.wait(POLL_SECONDS):
        _guarded(lambda: heartbeats.record("dispatcher", now=timezone.now()))
    for thread in threads:
        thread.join()


def _serve_queue(queue: str, stop: threading.Event) -> None:
    while not stop.wait(POLL_SECONDS):
        _guarded(lambda: run_overdue(queue=queue, now=timezone.now()))
    connections.close_all()


def _guarded(work: Callable[[], object]) -> None:
    # The database may be away for a while; the next round finds it again.
    close_old_connections()
    try:
        work()
    except (InterfaceError, OperationalError):
        logger.warning("the dispatcher cannot reach the database")
        connections.close_all()


def _run(task: str) -> bool:
    function = find(task)
    if function is None:
        return False
    try:
        function()
    except (InterfaceError, OperationalError):
        raise
    except Exception:  # one failing kind of work must not keep the others from running
        logger.exception("recurring work %s failed", task)
        return False
    heartbeats.record(heartbeats.tick(task), now=timezone.now())
    return True


def find(task: str) -> Callable[[], object] | None:
    """Return the task by its dotted name; None, logged once, when this version has no such function."""
    module_name, _, name = task.rpartition(".")
    try:
        found: Callable[[], object] = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        if task not in _missing:
            _missing.add(task)
            logger.error("recurring work %s is not there: %s", task, error)
        return None
    return found
