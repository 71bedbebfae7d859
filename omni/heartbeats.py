"""Who was last seen alive, and when did each kind of recurring work last finish?

Names: "tick:<task>" (finished, by whomever), "worker:<queue>@<host>" (took work), "beat" (its tick arrived through the
broker), "dispatcher". A heartbeat is a hint for people and for the dispatcher: losing one loses nothing.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from omni.models import Heartbeat

PRECISION_SECONDS = 2

_latest_by_name: dict[str, float] = {}


def record(name: str, *, now: datetime, detail: dict[str, Any] | None = None) -> None:
    """Note that `name` was seen at `now`; written at most every PRECISION_SECONDS per process. One update, seldom an insert."""
    moment = time.monotonic()
    if moment - _latest_by_name.get(name, -PRECISION_SECONDS) < PRECISION_SECONDS:
        return
    _latest_by_name[name] = moment
    with transaction.atomic():
        _do_not_wait_for_the_disk()
        newer = {"seen_at": now, "detail": detail or {}}
        if not Heartbeat.objects.filter(name=name).update(**newer):
            Heartbeat.objects.bulk_create([Heartbeat(name=name, **newer)], ignore_conflicts=True)


def tick(task: str) -> str:
    return f"tick:{task}"


def ages(*, now: datetime) -> dict[str, timedelta]:
    """Return how long ago each name was seen."""
    return {name: now - seen_at for name, seen_at in Heartbeat.objects.values_list("name", "seen_at")}


def forget_before(moment: datetime) -> int:
    """Delete the rows of processes that are long gone; return how many."""
    return Heartbeat.objects.filter(seen_at__lt=moment).delete()[0]


def _do_not_wait_for_the_disk() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
