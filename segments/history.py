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
    """Return the chart: the size as a line, below it who entered and left as bars above and below zero."""
    labels = [formats.date_format(day.date, "j M") for day in found]
    sides = {"left": 8, "right": 8, "containLabel": True}
    bar = {"type": "bar", "xAxisIndex": 1, "yAxisIndex": 1, "stack": "moves", "barMaxWidth": 12}
    return {
        "grid": [{**sides, "top": 28, "height": "48%"}, {**sides, "bottom": 24, "height": "22%"}],
        "tooltip": {"trigger": "axis"},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "legend": {"top": 0, "right": 0},
        "xAxis": [
            {"type": "category", "data": labels, "axisLabel": {"show": False}},
            {"type": "category", "data": labels, "gridIndex": 1, "axisLine": {"onZero": False}},
        ],
        "yAxis": [
            {"type": "value", "minInterval": 1, "splitNumber": 3},
            {"type": "value", "minInterval": 1, "splitNumber": 2, "gridIndex": 1},
        ],
        "series": [
            {
                "name": _("People in it"),
                "type": "line",
                "step": "end",
                "areaStyle": {"opacity": 0.08},
                "data": [day.size for day in found],
            },
            {**bar, "name": _("Entered"), "itemStyle": {"color": "var(--series-4)"}, "data": [day.entered for day in found]},
            {**bar, "name": _("Left"), "itemStyle": {"color": "var(--series-2)"}, "data": [-day.left for day in found]},
        ],
    }
