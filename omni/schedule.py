"""Does the visible schedule hold the table of recurring work?

The table in `omni.celery` is what the code needs; django-celery-beat is what an owner sees and may change. `sync` adds
what is new and removes what is gone; it leaves intervals and switched-off rows as the owner left them.
"""

from __future__ import annotations

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from omni.celery import RECURRING, Recurring

MARK = "Recurring work of Omni"
SHORTEST_EXPIRY_SECONDS = 10


@transaction.atomic
def sync() -> tuple[int, int]:
    """Make the rows of new work, move work to its queue, remove rows of ours whose work is gone; return (made, removed)."""
    wanted = {work.task: work for work in RECURRING}
    removed = PeriodicTask.objects.filter(description=MARK).exclude(task__in=wanted).delete()[0]
    known = {row.task: row for row in PeriodicTask.objects.filter(task__in=wanted)}
    moved = [row for task, row in known.items() if row.queue != wanted[task].queue]
    for row in moved:
        row.queue = wanted[row.task].queue
    PeriodicTask.objects.bulk_update(moved, ["queue"])
    new = [_row(work) for task, work in wanted.items() if task not in known]
    PeriodicTask.objects.bulk_create(new)
    if removed or moved or new:
        PeriodicTasks.update_changed()
    return len(new), removed


def _row(work: Recurring) -> PeriodicTask:
    every, _made = IntervalSchedule.objects.get_or_create(every=work.every_seconds, period=IntervalSchedule.SECONDS)
    return PeriodicTask(
        name=work.task,
        task=work.task,
        queue=work.queue,
        interval=every,
        # A tick nobody took is stale by the next one: workers that come back must not find a heap of them.
        expire_seconds=max(SHORTEST_EXPIRY_SECONDS, work.every_seconds),
        description=MARK,
    )
