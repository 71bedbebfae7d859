"""How many people came to each step of a campaign, and what became of them there?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.models import Campaign, Version
from campaigns.reports import facts
from campaigns.reports.facts import End, Scope
from campaigns.reports.tally import Tally, total


@dataclass(frozen=True)
class StepNumbers:
    """The people of one step. `ends` is {(end, reason): tally} of everybody; `variants` the same per variant, without
    the control group; `ports` is {exit: people who took it latest}.
    """

    ends: Mapping[tuple[End, str], Tally] = field(default_factory=dict)
    variants: Mapping[str, Mapping[tuple[End, str], Tally]] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)

    @property
    def entered(self) -> int:
        return sum(tally.people for tally in self.ends.values())

    @property
    def here(self) -> int:
        return sum(tally.is_here for tally in self.ends.values())

    @property
    def passed(self) -> int:
        """People who went on through an exit."""
        return sum(self.ports.values())

    @property
    def left(self) -> int:
        """People whose journey ended at this step."""
        return self.entered - self.here - self.passed

    @property
    def sent(self) -> Tally:
        return total(tally for (end, _), tally in self.ends.items() if end is End.SENT)

    @property
    def control(self) -> Tally:
        return total(tally for (end, _), tally in self.ends.items() if end is End.CONTROL)

    @property
    def treated(self) -> Tally:
        return total(tally for (end, _), tally in self.ends.items() if end is not End.CONTROL)

    def of_variant(self, variant: str, end: End | None = None) -> Tally:
        """Return the tally of a variant's people, of those in one end when it is given."""
        return total(tally for (found, _), tally in self.variants.get(variant, {}).items() if end in (None, found))


def step_numbers(of: Campaign | Version) -> dict[str, StepNumbers]:
    """Return the numbers per step key; steps nobody came to are left out. Costs two or three queries.

    Of a campaign: over all its versions, a step's key being the same in each. Of a version: of those who entered it.
    """
    if isinstance(of, Version):
        return numbers_in(facts.scope_of(of.campaign, of))
    return numbers_in(facts.scope_of(of))


def numbers_in(scope: Scope) -> dict[str, StepNumbers]:
    """Return the numbers per step key within `scope`. Costs one query."""
    columns = "step, variant, state, reason, CASE WHEN is_here THEN '' ELSE port END AS port"
    groups = "GROUP BY step, variant, state, reason, 5"
    ends: dict[str, dict[tuple[End, str], Tally]] = defaultdict(lambda: defaultdict(Tally))
    variants: dict[str, dict[str, dict[tuple[End, str], Tally]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(Tally)))
    ports: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    statement = f"SELECT {columns}, {facts.counted()} FROM facts {groups}"  # noqa: S608 - constants
    for row in facts.select(facts.STAYS, statement, scope):
        key, end, tally = row["step"], (End(row["state"]), row["reason"]), Tally.of_row(row)
        ends[key][end] += tally
        if row["variant"]:
            variants[key][row["variant"]][end] += tally
        if row["port"]:
            ports[key][row["port"]] += tally.people
    return {
        key: StepNumbers(dict(ends[key]), {name: dict(of) for name, of in sorted(variants[key].items())}, dict(ports[key]))
        for key in ends
    }
