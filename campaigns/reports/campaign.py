"""What came of a campaign: who was sent what, and did it change what people do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.experiments import statistics
from campaigns.experiments.statistics import ALPHA, Comparison
from campaigns.models import Campaign, Content, Step, Version
from campaigns.reports import facts, steps
from campaigns.reports.facts import End, Scope
from campaigns.reports.steps import StepNumbers
from campaigns.reports.tally import Tally, total


@dataclass(frozen=True)
class VariantReport:
    """One variant of a message: everybody it was meant for (`meant`), those it was sent to (`sent`).

    `against_control` compares everybody who came to the step; `against_first` with the first variant of the step.
    """

    key: str
    share: int
    name: str  # of the template, else the subject
    subject: str
    meant: Tally
    sent: Tally
    against_control: Comparison | None
    against_first: Comparison | None


@dataclass(frozen=True)
class StepReport:
    """A step with its numbers; `version_number` is the latest version that has it."""

    row: Step
    numbers: StepNumbers
    variants: Sequence[VariantReport]
    ratio_p: float  # of the people having been split as the shares say

    @property
    def key(self) -> str:
        return self.row.key

    @property
    def ratio_is_off(self) -> bool:
        return self.ratio_p < statistics.SAMPLE_RATIO_ALPHA


@dataclass(frozen=True)
class Report:
    """A campaign's numbers at `as_of`, all counts of people. `ends` is {(end, reason): tally} and holds everybody once."""

    campaign: Campaign
    version: Version | None
    as_of: datetime
    ends: dict[tuple[End, str], Tally]
    steps: Sequence[StepReport]

    @property
    def audience(self) -> int:
        return sum(tally.people for tally in self.ends.values())

    @property
    def everyone(self) -> Tally:
        return total(self.ends.values())

    @property
    def control(self) -> Tally:
        return self.of(End.CONTROL)

    @property
    def treated(self) -> Tally:
        return total(tally for (end, _), tally in self.ends.items() if end is not End.CONTROL)

    @property
    def control_share(self) -> float:
        return self.control.people / self.audience if self.audience else 0.0

    @property
    def has_goal(self) -> bool:
        return bool(self.campaign.goal_event)

    @property
    def conversions(self) -> Comparison:
        """Return everybody the campaign may write to against the control group: share of people who converted."""
        return statistics.compare(self.control.conversions, self.treated.conversions)

    @property
    def revenue(self) -> Comparison:
        """Return the same for what a person spent on the goal."""
        return statistics.compare(self.control.revenue, self.treated.revenue)

    @property
    def ratio_p(self) -> float:
        """Return the p-value of the control group having the size it was set to."""
        percent = self.campaign.control_percent
        return statistics.sample_ratio([self.control.people, self.treated.people], [percent, 100 - percent])

    @property
    def ratio_is_off(self) -> bool:
        return self.ratio_p < statistics.SAMPLE_RATIO_ALPHA

    def of(self, end: End) -> Tally:
        return total(tally for (found, _), tally in self.ends.items() if found is end)

    def reasons(self, end: End) -> list[tuple[str, int]]:
        """Return (reason code, people) of those in `end`, most people first."""
        rows = [(reason, tally.people) for (found, reason), tally in self.ends.items() if found is end]
        return sorted(rows, key=lambda row: (-row[1], row[0]))


def report(campaign: Campaign, *, now: datetime, version: Version | None = None) -> Report:
    """Return the numbers of a campaign, of one of its versions when that is given. Costs four queries."""
    scope = facts.scope_of(campaign, version)
    return Report(campaign, version, now, ends_in(scope)[campaign.pk], _steps(scope))


def ends_in(scope: Scope) -> dict[int, dict[tuple[End, str], Tally]]:
    """Return {campaign id: {(end, reason): tally}} for every campaign of the scope. Costs one query."""
    statement = f"SELECT campaign_id, state, reason, {facts.counted()} FROM facts GROUP BY campaign_id, state, reason"  # noqa: S608
    found: dict[int, dict[tuple[End, str], Tally]] = {pk: {} for pk in scope.campaigns}
    for row in facts.select(facts.PEOPLE, statement, scope):
        found[row["campaign_id"]][End(row["state"]), row["reason"]] = Tally.of_row(row)
    return found


def conversion_days(report: Report) -> dict[bool, list[int]]:
    """Return {is control: people who had converted d days after entering, for d = 0 ... goal days}. Costs one query."""
    days = report.campaign.goal_days
    statement = """
        SELECT is_control, least(floor(extract(epoch FROM took) / 86400), %(days)s)::int AS day, count(*) AS people
        FROM facts WHERE took IS NOT NULL GROUP BY 1, 2
    """
    fresh = {is_control: [0] * (days + 1) for is_control in (True, False)}
    for row in facts.select(facts.PEOPLE, statement, facts.scope_of(report.campaign, report.version), {"days": days}):
        fresh[row["is_control"]][max(row["day"], 0)] += row["people"]
    return {is_control: [sum(counts[: day + 1]) for day in range(days + 1)] for is_control, counts in fresh.items()}


def _steps(scope: Scope) -> list[StepReport]:
    numbers = steps.numbers_in(scope)
    contents: dict[int, list[Content]] = {}
    for content in (
        Content.objects.filter(step__in=[step.pk for step in scope.steps]).select_related("template").order_by("variant")
    ):
        contents.setdefault(content.step_id or 0, []).append(content)
    latest: dict[str, Step] = {}
    for step in scope.steps:  # newest version first
        latest.setdefault(step.key, step)
    return [_step(row, numbers.get(key, StepNumbers()), contents.get(row.pk, [])) for key, row in latest.items()]


def _step(row: Step, numbers: StepNumbers, contents: Sequence[Content]) -> StepReport:
    shown = {content.variant: content for content in contents}
    keys = sorted({*shown, *numbers.variants})
    compared = max(len(keys) - 1, 1)
    first = numbers.of_variant(keys[0]) if keys else Tally()
    variants = [
        VariantReport(
            key=key,
            share=shown[key].share if key in shown else 0,
            name=_name(shown.get(key)),
            subject=shown[key].subject if key in shown else "",
            meant=(meant := numbers.of_variant(key)),
            sent=numbers.of_variant(key, End.SENT),
            against_control=_against(numbers.control, meant, len(keys)),
            against_first=_against(first, meant, compared) if position else None,
        )
        for position, key in enumerate(keys)
    ]
    weighted = [variant for variant in variants if variant.share]
    ratio = statistics.sample_ratio([one.meant.people for one in weighted], [one.share for one in weighted])
    return StepReport(row, numbers, variants, ratio)


def _name(content: Content | None) -> str:
    if content is None:
        return ""
    return content.template.name if content.template else content.subject


def _against(base: Tally, arm: Tally, comparisons: int) -> Comparison | None:
    """Compare shares of conversion, the error shared out over the comparisons of the step; None without a base."""
    if not base.people or not arm.people:
        return None
    return statistics.compare(base.conversions, arm.conversions, alpha=ALPHA / comparisons)
