"""Is what arrives right? Numbers per source and event, from the tallies, and what of them needs a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext as _

from omni import figures
from profiles.models import EventDef, EventTally, Source, SourceTally

if TYPE_CHECKING:
    from datetime import date

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
FEWEST = 50  # of a day; below that numbers jump by chance
MOST_SHOWN = 500
FELL_BELOW = 0.5
GREW_ABOVE = 3.0
MOST_LATE = 0.2
MOST_REPEATED = 0.2


@dataclass
class Line:
    """An event of a source: yesterday, the same weekday before, and shares of the last seven days."""

    source: Source
    event: EventDef
    yesterday: int = 0
    before: int = 0
    used: int = 0
    late: int = 0
    nameless: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def change(self) -> float | None:
        return self.yesterday / self.before - 1 if self.before else None

    @property
    def late_share(self) -> float | None:
        return self.late / self.used if self.used else None

    @property
    def nameless_share(self) -> float | None:
        return self.nameless / self.used if self.used else None


@dataclass(frozen=True)
class Repeated:
    """A source that sends the same again, as a share of its calls of the last seven days."""

    source: Source
    share: float
    is_bad: bool


def lines(*, now: datetime) -> list[Line]:
    """Return what came in the last eight days, what needs a look first. Three queries."""
    yesterday = now.date() - DAY
    found: dict[tuple[int, int], Line] = {}
    tallies = EventTally.objects.filter(day__gte=yesterday - WEEK, day__lte=yesterday)
    rows = list(tallies.values_list("source_id", "name_id", "day", "used", "late", "nameless"))
    sources = Source.objects.in_bulk({row[0] for row in rows})
    events = EventDef.objects.defer("properties").in_bulk({row[1] for row in rows})
    for source_id, name_id, day, used, late, nameless in rows:
        line = found.setdefault((source_id, name_id), Line(sources[source_id], events[name_id]))
        _add(line, day, yesterday, used, late, nameless)
    for line in found.values():
        line.findings = _findings(line)
    return sorted(found.values(), key=lambda line: (not line.findings, -line.used, line.event.name))[:MOST_SHOWN]


def repeated(*, now: datetime) -> list[Repeated]:
    """Return the sources that sent something twice within seven days, the worst first. Two queries."""
    sums = SourceTally.objects.filter(hour_at__gte=now - WEEK).values("source_id").order_by("source_id")
    rows = {row["source_id"]: row for row in sums.annotate(ok=Sum("used"), again=Sum("repeated")) if row["again"]}
    sources = Source.objects.in_bulk(rows)
    found = []
    for pk, row in rows.items():
        calls = row["ok"] + row["again"]
        share = row["again"] / calls
        found.append(Repeated(sources[pk], share, share > MOST_REPEATED and calls >= FEWEST))
    return sorted(found, key=lambda one: -one.share)


def count_findings(lines_: Sequence[Line], repeated_: Sequence[Repeated]) -> int:
    return sum(bool(line.findings) for line in lines_) + sum(one.is_bad for one in repeated_)


def _add(line: Line, day: date, yesterday: date, used: int, late: int, nameless: int) -> None:
    if day == yesterday - WEEK:
        line.before += used
        return
    if day == yesterday:
        line.yesterday += used
    line.used += used
    line.late += late
    line.nameless += nameless


def _findings(line: Line) -> list[str]:
    found = []
    if line.before >= FEWEST and line.yesterday < line.before * FELL_BELOW:
        found.append(
            _("Yesterday %(n)s came, a week before %(before)s.")
            % {"n": figures.number(line.yesterday), "before": figures.number(line.before)}
        )
    if line.yesterday >= FEWEST and line.before and line.yesterday > line.before * GREW_ABOVE:
        times = figures.number(line.yesterday / line.before, places=1)
        found.append(_("Yesterday %(times)s times as many came as a week before.") % {"times": times})
    if line.used >= FEWEST and (line.late_share or 0) > MOST_LATE:
        found.append(_("%(share)s came more than a day late.") % {"share": figures.percent(line.late_share)})
    return found
