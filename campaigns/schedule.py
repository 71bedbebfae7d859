"""When does a campaign start next? Wall-clock rules of the company's zone, made into instants.

A planned start is a local date and time. In the gap of spring it moves forward by the gap (02:30 becomes 03:30); in the
overlap of autumn it is the first of the two. Its key is the local time as planned, so that it happens once, whatever
the zone's rules become later.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

CATCH_UP = timedelta(hours=1)
KINDS = ("once", "daily", "weekly", "monthly")
FURTHEST = timedelta(days=400)


class ScheduleError(ValueError):
    """A stored rule says nothing that could be planned; the message names the part."""


@dataclass(frozen=True)
class Rule:
    """When: `once` on `on`, or every day, on `weekdays` (Monday is 0), or on `day` of the month (31: the last one)."""

    kind: str
    at: time
    on: date | None = None
    weekdays: frozenset[int] = frozenset()
    day: int = 1


@dataclass(frozen=True)
class Planned:
    """One start: its key (local time without a zone, to the second) and its instant."""

    local: str
    due_at: datetime


def parse(stored: dict[str, Any]) -> Rule:
    """Read a rule as stored in the entry: {"kind", "time": "10:00", "date": "2026-11-21", "weekdays": [0], "day": 31}.

    Raises ScheduleError.
    """
    kind = stored.get("kind")
    if kind not in KINDS:
        raise ScheduleError("kind")
    at = _read(time.fromisoformat, stored.get("time"), "time")
    on = _read(date.fromisoformat, stored.get("date"), "date") if kind == "once" else None
    weekdays = frozenset(day for day in stored.get("weekdays") or () if day in range(7))
    day = stored.get("day") or 1
    if kind == "weekly" and not weekdays:
        raise ScheduleError("weekdays")
    if kind == "monthly" and day not in range(1, 32):
        raise ScheduleError("day")
    return Rule(kind, at.replace(tzinfo=None), on, weekdays, day)


def next_fires(rule: Rule, zone: ZoneInfo, *, after: datetime, most: int = 1) -> list[Planned]:
    """Return up to `most` starts strictly after the instant `after`, in order; [] when there are none."""
    return list(islice(_fires(rule, zone, after), most))


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time: moved forward by a gap, the first of an overlap."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def instant_of_key(key: str, zone: ZoneInfo) -> datetime:
    """Return the instant of a planned start's key in today's rules of the zone."""
    return instant(datetime.fromisoformat(key), zone)


def _fires(rule: Rule, zone: ZoneInfo, after: datetime) -> Iterator[Planned]:
    latest = after
    # A day early: a zone may have skipped most of a day, and days are counted where the rule lives.
    start = after.astimezone(zone).date() - timedelta(days=1)
    for day in _days(rule, start):
        local = datetime.combine(day, rule.at)
        due_at = instant(local, zone)
        if due_at > latest:
            latest = due_at
            yield Planned(local.isoformat(timespec="seconds"), due_at)


def _days(rule: Rule, start: date) -> Iterator[date]:
    if rule.kind == "once":
        yield from [rule.on] if rule.on else []
        return
    for offset in range(FURTHEST.days):
        day = start + timedelta(days=offset)
        if _falls_on(rule, day):
            yield day


def _falls_on(rule: Rule, day: date) -> bool:
    if rule.kind == "weekly":
        return day.weekday() in rule.weekdays
    if rule.kind == "monthly":
        return day.day == min(rule.day, calendar.monthrange(day.year, day.month)[1])
    return True


def _read(reader: Any, text: Any, part: str) -> Any:
    try:
        return reader(text)
    except (TypeError, ValueError):
        raise ScheduleError(part) from None


def company_zone() -> ZoneInfo:
    """Return the zone in which campaigns are planned. Costs one query."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from omni.models import Company

    try:
        return ZoneInfo(Company.load().time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
