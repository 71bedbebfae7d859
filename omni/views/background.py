"""Does the background work go on? The schedule, who is alive, what waits in the feed and what is stuck there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_celery_beat.models import PeriodicTask

from omni import celery, feed, heartbeats, toasts
from omni.models import FeedEntry, Heartbeat
from omni.roles import Right, may, require

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

LATE_AFTER = timedelta(seconds=30)
MOST_STUCK_SHOWN = 50


@dataclass(frozen=True)
class Work:
    """A row of the schedule with the moment somebody last finished it, by whatever waker."""

    task: str
    every: str
    is_enabled: bool
    finished_at: datetime | None
    is_late: bool
    admin_url: str


@dataclass(frozen=True)
class Pulse:
    """A process: what it does, and on which machine when it says so."""

    name: str
    label: str
    place: str
    seen_at: datetime
    is_late: bool


@require_GET
@require(Right.VIEW)
def overview(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    pulses = dict(Heartbeat.objects.values_list("name", "seen_at"))
    stuck = FeedEntry.objects.filter(attempts__gt=0).order_by("-attempts", "pk")[:MOST_STUCK_SHOWN]
    context = {
        "work": _work(pulses, now=now, with_links=may(request.user, Right.ADMINISTER) and request.user.is_staff),
        "pulses": _pulses(pulses, now=now),
        "backlog": feed.backlog(now=now),
        "stuck": stuck,
        "most_attempts": feed.MOST_ATTEMPTS,
        "may_retry": may(request.user, Right.ADMINISTER),
    }
    name = "omni/background.html#state" if request.htmx else "omni/background.html"
    return render(request, name, context)


@require_POST
@require(Right.ADMINISTER)
def entry_retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a stuck entry of the feed be tried again now."""
    entry = get_object_or_404(FeedEntry, pk=pk)
    FeedEntry.objects.filter(pk=entry.pk).update(attempts=0, due_at=timezone.now(), error="")
    for work in celery.RECURRING:
        if work.task == f"{entry.consumer}.tasks.follow_feed":
            celery.nudge(work.task)
    toasts.push(request, _("It will be tried again now."))
    return redirect("background")


def _work(pulses: dict[str, datetime], *, now: datetime, with_links: bool) -> list[Work]:
    rows = PeriodicTask.objects.select_related("interval", "crontab").order_by("queue", "name")
    return [_one(row, pulses.get(heartbeats.tick(row.task)), now, with_links) for row in rows]


def _one(row: PeriodicTask, finished_at: datetime | None, now: datetime, with_links: bool) -> Work:
    interval = timedelta(seconds=0) if row.interval is None else row.interval.schedule.run_every
    is_known = any(work.task == row.task for work in celery.RECURRING)
    is_late = is_known and row.enabled and (finished_at is None or now - finished_at > interval + LATE_AFTER)
    link = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk]) if with_links else ""
    return Work(row.name, str(row.interval or row.crontab or ""), row.enabled, finished_at or row.last_run_at, is_late, link)


def _pulses(pulses: dict[str, datetime], *, now: datetime) -> list[Pulse]:
    alive = {name: at for name, at in pulses.items() if not name.startswith(heartbeats.tick(""))}
    return [Pulse(name, *_in_words(name), at, now - at > LATE_AFTER) for name, at in sorted(alive.items())]


def _in_words(name: str) -> tuple[str, str]:
    """Return what a process is called on the page, and its place ("worker:engine@main@host" works for engine on main@host)."""
    if name == "beat":
        return _("Beat, rings every second"), ""
    if name == "dispatcher":
        return _("Dispatcher, steps in when nobody else does"), ""
    queue, _at, place = name.removeprefix("worker:").partition("@")
    return _("Worker for %(queue)s") % {"queue": queue}, place
