"""How does a report show the steps of a campaign, and where does each number lead?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign, Step, Version
from campaigns.reports import words
from campaigns.reports.campaign import Report, StepReport
from campaigns.reports.facts import End
from campaigns.reports.people import Filter
from campaigns.reports.tally import Tally
from campaigns.steps import STEPS
from campaigns.steps.base import Earlier, Scene
from campaigns.steps.library import Library

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Described = tuple[StepReport, str, str]  # a step, its icon, its sentence


@dataclass(frozen=True)
class Term:
    """A summand of an identity, or a bar: how many people, what they are, where they are listed."""

    key: str
    label: str | _StrPromise
    people: int
    url: str
    share: float  # of the whole

    @property
    def width(self) -> float:
        return round(self.share * 100, 2)


@dataclass(frozen=True)
class Cell:
    people: int | None  # None: not measured
    url: str = ""
    share: float | None = None
    note: str = ""

    @property
    def width(self) -> float:
        return round((self.share or 0) * 100, 2)


@dataclass(frozen=True)
class Column:
    """A column of a funnel, what it is called and what it counts."""

    key: str
    label: str | _StrPromise

    @property
    def definition(self) -> str | _StrPromise:
        return words.DEFINITIONS[self.key]


@dataclass(frozen=True)
class FunnelRow:
    """One variant, the control group, or all of a step."""

    mark: str
    label: str
    cells: Sequence[tuple[Column, Cell]]  # the columns that are measured at the step


@dataclass(frozen=True)
class StepPart:
    """A step as the page shows it; `rows` is empty for steps that send nothing."""

    key: str
    icon: str
    sentence: str
    way: str  # the answer that leads here ("Yes"), '' for a plain next
    entered: Cell
    here: Cell
    ports: Sequence[Term]
    columns: Sequence[Column]
    rows: Sequence[FunnelRow]
    identity: Sequence[Term]
    sayings: Sequence[words.Saying]
    ratio_is_off: bool


COLUMNS = (
    Column("came", gettext_lazy("Came")),
    Column("sent", gettext_lazy("Sent")),
    Column("delivered", gettext_lazy("Delivered")),
    Column("opened", gettext_lazy("Opened")),
    Column("clicked", gettext_lazy("Clicked")),
    Column("unsubscribed", gettext_lazy("Opted out")),
    Column("converted", gettext_lazy("Reached the goal")),
)


def step_parts(report: Report, links: Links) -> list[StepPart]:
    """Return every step as the page shows it. Costs the queries of Library for the steps' words."""
    tests = [step.key for step in report.steps if len(step.variants) > 1]
    return [_step_part(step, report, links, tests) for step in described(report)]


def described(report: Report) -> list[Described]:
    """Return (step, icon, sentence) for every step, in the words of its kind."""
    library = Library()
    earlier = [Earlier(step.row.key, step.row.kind, step.row.params) for step in report.steps]
    return [(step, *in_words(step.row, Scene(step.key, earlier, library))) for step in report.steps]


class Links:
    """Where the people behind a number of this report are listed."""

    def __init__(self, campaign: Campaign, version: Version | None) -> None:
        self.base = reverse("campaigns:report-people", args=[campaign.pk])
        self.version = version

    def __call__(self, **wanted: str) -> str:
        asked = query(Filter(**wanted), self.version)
        return f"{self.base}?{asked}" if asked else self.base


def query(wanted: Filter, version: Version | None) -> str:
    return wanted.query(version=str(version.number)) if version else wanted.query()


def in_words(row: Step, scene: Scene) -> tuple[str, str]:
    plugin = STEPS.find(row.kind)
    if plugin is None:
        return "help-circle", row.kind
    return plugin.icon, plugin.describe(row.params, scene)


def _step_part(entry: Described, report: Report, links: Links, tests: Sequence[str]) -> StepPart:
    step, icon, sentence = entry
    numbers = step.numbers
    columns = [column for column in COLUMNS if column.key != "delivered" or numbers.sent.delivered]
    rows = _funnel(step, links, columns) if step.variants else []
    whole = numbers.entered or 1
    labels = _port_labels(step.row)
    test = _("Test %(number)s") % {"number": tests.index(step.key) + 1} if len(tests) > 1 and step.key in tests else ""
    # The entry holds nobody: whoever came in came through it.
    is_entry = step.row.version.graph.get("entry") == step.key
    return StepPart(
        key=step.key,
        icon=icon,
        sentence=sentence,
        way=_ways(report).get(step.key, ""),
        entered=Cell(report.audience, links()) if is_entry else Cell(numbers.entered, links(step=step.key)),
        here=Cell(numbers.here, links(step=step.key, fact="is_here")),
        ports=[
            Term(port, labels.get(port) or _("went on"), people, links(step=step.key, port=port), people / whole)
            for port, people in sorted(numbers.ports.items())
        ],
        columns=columns,
        rows=rows,
        identity=_step_identity(step, links) if rows else [],
        sayings=words.on_variants(step, test) if report.has_goal else [],
        ratio_is_off=step.ratio_is_off,
    )


def _port_labels(row: Step) -> dict[str, str]:
    plugin = STEPS.find(row.kind)
    return {port.key: str(port.label) for port in plugin.exits(row.params)} if plugin else {}


def _ways(report: Report) -> dict[str, str]:
    """Return {step key: label of the exit that leads to it}."""
    return {following: _port_labels(step.row).get(port, "") for step in report.steps for port, following in step.row.next.items()}


def _step_identity(step: StepReport, links: Links) -> list[Term]:
    whole = step.numbers.entered or 1
    counts = {end: sum(one.people for (found, _r), one in step.numbers.ends.items() if found is end) for end in words.ENDS}
    return [
        Term(str(end), words.ENDS[end], people, links(step=step.key, state=end), people / whole)
        for end, people in counts.items()
        if people
    ]


def _funnel(step: StepReport, links: Links, columns: Sequence[Column]) -> list[FunnelRow]:
    key, numbers = step.key, step.numbers
    if len(step.variants) == 1:
        only = step.variants[0]
        cells = _cells(numbers.treated, numbers.sent, links, step=key, group="treated")
        rows = [("", only.name, cells)]
    else:
        rows = [(one.key, one.name, _cells(one.meant, one.sent, links, step=key, variant=one.key)) for one in step.variants]
    if numbers.control.people:
        rows.append(("", _("Control group"), _cells(numbers.control, None, links, step=key, group="control")))
    return [FunnelRow(mark, name, [(column, cells[column.key]) for column in columns]) for mark, name, cells in rows]


def _cells(came: Tally, sent: Tally | None, links: Links, **wanted: str) -> dict[str, Cell]:
    """Return {column key: cell} of one row; `sent` None for people who were sent nothing on purpose."""
    cells = {column.key: Cell(None) for column in COLUMNS}
    cells["came"] = Cell(came.people, links(**wanted))
    cells["converted"] = Cell(came.converted, links(**wanted, fact="converted"), _share(came.converted, came.people))
    if sent is None:
        return cells
    reached = {**wanted, "state": str(End.SENT)}
    cells["sent"] = Cell(sent.people, links(**reached), _share(sent.people, came.people))
    machines = {"opened": sent.machine_opened, "clicked": sent.machine_clicked}
    for fact in ("delivered", "opened", "clicked", "unsubscribed"):
        people: int = getattr(sent, fact)
        note = _("+%(count)s machines") % {"count": machines[fact]} if machines.get(fact) else ""
        cells[fact] = Cell(people, links(**reached, fact=fact), _share(people, sent.people), note)
    return cells


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
