"""How are the figures of a bench shown and kept?"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from django.conf import settings


@dataclass(frozen=True)
class Row:
    """One figure: what Omni needs for some work, beside what a bare yardstick needs in the same run.

    `better` says which way is better for `ours`; `goal` is the bound that `ours` is held to (None: none).
    """

    work: str
    unit: str
    ours: float
    yardstick: float | None
    yardstick_name: str
    goal: float | None = None
    better: Literal["higher", "lower"] = "lower"

    @property
    def ratio(self) -> float | None:
        return self.ours / self.yardstick if self.yardstick else None

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.ours <= self.goal if self.better == "lower" else self.ours >= self.goal

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def write(name: str, rows: Sequence[Row]) -> None:
    """Print the rows as a table and write them to VAR/bench/<name>.json."""
    path = settings.VAR / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")
    print(_table(rows))
    print(f"\nwritten to {path}; {os.cpu_count()} cores, peak memory of this process {peak_mb():.0f} MB")


def peak_mb() -> float:
    """Return the largest memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / 1024 if sys.platform == "darwin" else peak / 1024


def _table(rows: Sequence[Row]) -> str:
    header = ("work", "ours", "unit", "yardstick", "", "ratio", "goal", "met")
    cells = [header, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    goal = "" if row.goal is None else f"{'<=' if row.better == 'lower' else '>='} {_number(row.goal)}"
    met = "" if row.met is None else ("yes" if row.met else "NO")
    return (
        row.work,
        _number(row.ours),
        row.unit,
        _number(row.yardstick),
        row.yardstick_name,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        goal,
        met,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
