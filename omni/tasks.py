"""What does the house itself do again and again? It notes who is alive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from celery.signals import task_postrun, task_prerun
from django.utils import timezone

from omni import heartbeats, idempotency, ratelimit
from omni.celery import RECURRING, queue_of

FORGET_AFTER = timedelta(days=1)

_names = frozenset(work.task for work in RECURRING)


@shared_task(bind=True, queue="engine", name="omni.tasks.beat")
def beat(self: Task[Any, Any], /, **kwargs: Any) -> None:
    """Note that a tick of beat came through the broker, and forget processes not seen for a day."""
    now = timezone.now()
    if (self.request.headers or {}).get("periodic_task_name") or getattr(self.request, "periodic_task_name", None):
        heartbeats.record("beat", now=now)
    heartbeats.forget_before(now - FORGET_AFTER)


@shared_task(queue="engine", name="omni.tasks.keep_house")
def keep_house(**kwargs: Any) -> None:
    """Throw away answered calls and buckets that are too old to matter."""
    idempotency.forget(now=timezone.now())
    ratelimit.prune(now=timezone.now())


@task_prerun.connect(weak=False)
def note_worker(task: Task[Any, Any], **kwargs: Any) -> None:
    if task.name in _names and not task.request.called_directly:
        heartbeats.record(f"worker:{queue_of(task.name)}@{task.request.hostname}", now=timezone.now())


@task_postrun.connect(weak=False)
def note_tick(task: Task[Any, Any], state: str | None = None, **kwargs: Any) -> None:
    if task.name in _names and state == "SUCCESS":
        heartbeats.record(heartbeats.tick(task.name), now=timezone.now())
