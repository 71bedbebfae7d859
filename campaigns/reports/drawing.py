"""Where do the marks of an interval chart stand? Geometry for the SVG; the template only draws.

Across in per cent of the width, so that words keep their size on a phone; down in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.experiments.statistics import Comparison, Verdict
from campaigns.reports import words
from omni import figures

WIDTH = 100.0
MARGIN = 4.0
ROW = 48
AXIS = 30


@dataclass(frozen=True)
class Row:
    """One interval: `low`, `middle`, `high` are per cent; `text` is what a screen reader and the table say."""

    label: str
    y: int
    low: float
    middle: float
    high: float
    tone: str
    text: str
    verdict: str

    @property
    def label_y(self) -> int:
        return self.y - 14

    @property
    def bar_y(self) -> int:
        return self.y - 4

    @property
    def length(self) -> float:
        return round(self.high - self.low, 2)


@dataclass(frozen=True)
class IntervalChart:
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]  # (x, label)
    zero: float
    height: int
    width: float = WIDTH
    axis: int = AXIS


def interval_chart(comparisons: Sequence[tuple[str, Comparison | None]]) -> IntervalChart | None:
    """Lay out (label, comparison) one below the other on one axis; None when none of them has an interval."""
    shown = [(label, one) for label, one in comparisons if one is not None and one.interval is not None]
    if not shown:
        return None
    edges = [edge for _, one in shown if one.interval for edge in (one.interval.low, one.interval.high)]
    low, high = min(*edges, 0.0), max(*edges, 0.0)
    step = _step(high - low)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step

    def x(value: float) -> float:
        return round(MARGIN + (value - low) / (high - low) * (WIDTH - 2 * MARGIN), 2)

    rows = [
        Row(
            label=label,
            y=AXIS + ROW * position + ROW * 2 // 3,
            low=x(one.interval.low),
            middle=x(one.difference),
            high=x(one.interval.high),
            tone={Verdict.BETTER: "better", Verdict.WORSE: "worse"}.get(one.verdict, "open"),
            text=words.points(one.difference),
            verdict=words.between(one.interval),
        )
        for position, (label, one) in enumerate(shown)
        if one.interval is not None
    ]
    count = round((high - low) / step)
    ticks = [(x(low + step * at), _label(low + step * at, step)) for at in range(count + 1)]
    return IntervalChart(rows, ticks, x(0.0), AXIS + ROW * len(rows) + 8)


def _step(span: float) -> float:
    """Return a round distance of ticks, four to eight of them over `span`."""
    rough = max(span, 1e-6) / 5
    magnitude: float = 10.0 ** math.floor(math.log10(rough))
    return next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough)


def _label(share: float, step: float) -> str:
    places = max(0, -math.floor(math.log10(step * 100) + 1e-9)) if step * 100 < 1 else (1 if (step * 100) % 1 else 0)
    points = round(share * 100, places)
    if not points:
        return "0"
    return ("+" if points > 0 else "") + figures.number(points, places=places)
