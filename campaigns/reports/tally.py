"""How many people, and what did they do? Counts that can be added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from campaigns.experiments.statistics import Arm


@dataclass(frozen=True)
class Tally:
    """Counts of people. `value` is what they spent in the currency of the company, `squares` the sum of its squares."""

    people: int = 0
    delivered: int = 0
    opened: int = 0
    machine_opened: int = 0  # only by a machine
    clicked: int = 0
    machine_clicked: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    converted: int = 0
    is_here: int = 0
    payers: int = 0
    value: float = 0.0
    squares: float = 0.0

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Tally:
        """Read the columns of facts.counted()."""
        counts: dict[str, Any] = {field.name: row[field.name] or 0 for field in fields(cls)}
        return cls(**{**counts, "value": float(counts["value"]), "squares": float(counts["squares"])})

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    @property
    def conversions(self) -> Arm:
        return Arm.of_share(people=self.people, hits=self.converted)

    @property
    def revenue(self) -> Arm:
        return Arm.of_values(people=self.people, hits=self.payers, total=self.value, total_of_squares=self.squares)


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
