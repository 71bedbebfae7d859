"""How did a segment grow and shrink?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from segments.models import Segment, SizeHistory

DAYS = 90


@dataclass
class Day:
    """A day of the viewer's zone: the size at its end, who entered and left during it."""

    date: date
    size: int
    entered: int = 0
    left: int = 0


def days(segment: Segment, *, now: datetime) -> list[Day]:
    """Return the latest DAYS days from the first known size on; days without a change keep the size. One query."""
    start = now - timedelta(days=DAYS)
    rows = SizeHistory.objects.filter(segment=segment, at__gt=start - timedelta(days=DAYS)).order_by("at")
    found: dict[date, Day] = {}
    for row in rows:
        day = timezone.localtime(row.at).date()
        held = found.setdefault(day, Day(day, row.size))
        held.size = row.size
        held.entered += row.entered
        held.left += row.left
    if not found:
        return []
    filled = []
    day, size = max(min(found), timezone.localtime(start).date()), next(iter(found.values())).size
    for known in found.values():
        if known.date < day:
            size = known.size
    while day <= timezone.localtime(now).date():
        current = found.get(day) or Day(day, size)
        size = current.size
        filled.append(current)
        day += timedelta(days=1)
    return filled


def option(found: list[Day]) -> dict[str, Any]:
    """Return the chart: the size as a line, entered and left as bars above and below zero."""
    return {
        "grid": {"left": 8, "right": 8, "top": 28, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "right": 0},
        "xAxis": {"type": "category", "data": [formats.date_format(day.date, "j M") for day in found]},
        "yAxis": [
            {"type": "value", "minInterval": 1},
            {"type": "value", "minInterval": 1, "show": False},
        ],
        "series": [
            {
                "name": _("People in it"),
                "type": "line",
                "step": "end",
                "areaStyle": {"opacity": 0.08},
                "data": [day.size for day in found],
            },
            {
                "name": _("Entered"),
                "type": "bar",
                "yAxisIndex": 1,
                "stack": "moves",
                "barMaxWidth": 14,
                "itemStyle": {"opacity": 0.7, "color": "var(--series-4)"},
                "data": [day.entered for day in found],
            },
            {
                "name": _("Left"),
                "type": "bar",
                "yAxisIndex": 1,
                "stack": "moves",
                "barMaxWidth": 14,
                "itemStyle": {"opacity": 0.7, "color": "var(--series-2)"},
                "data": [-day.left for day in found],
            },
        ],
    }
