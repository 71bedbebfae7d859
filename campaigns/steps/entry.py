"""Who comes in, when, and how often? A segment at once or by the calendar, or whoever does something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import schedule
from campaigns.steps.base import Go, Note, Outcome, Params, Port, Scene, Step
from campaigns.steps.entry_form import EntryForm

if TYPE_CHECKING:
    from campaigns.models import Enrolment
    from campaigns.models import Step as StepRow

OPERATORS = ("is", "is_not", "contains", "at_least", "at_most")
DEFAULT_AGAIN_DAYS = 30


@dataclass(frozen=True)
class Filter:
    """A condition on a property of the event: property, one of OPERATORS, the value as typed."""

    property: str
    operator: str
    value: str


@dataclass(frozen=True)
class Start:
    """An entry, read: `source` is "segment", "schedule", "joins" or "event"; `again` is "never", "always" or "after"."""

    source: str
    segment: int | None
    event: str
    filters: tuple[Filter, ...]
    rule: Params
    again: str
    again_days: int

    @property
    def is_once(self) -> bool:
        return self.source == "segment" or (self.source == "schedule" and self.rule.get("kind") == "once")

    @property
    def is_planned(self) -> bool:
        """Whether people come in by fires, not by what they do."""
        return self.source in ("segment", "schedule")


def read(params: Params) -> Start:
    """Return the entry that `params` describe; what is not understood becomes empty and shows up as a fault."""
    segment, days = params.get("segment"), params.get("again_days")
    rule = params.get("rule")
    return Start(
        source=str(params.get("source") or ""),
        segment=segment if isinstance(segment, int) else None,
        event=str(params.get("event") or ""),
        filters=tuple(_filters(params.get("where"))),
        rule=rule if isinstance(rule, dict) else {},
        again=str(params.get("again") or "never"),
        again_days=days if isinstance(days, int) and days > 0 else DEFAULT_AGAIN_DAYS,
    )


class Entry(Step):
    key = "entry"
    label = gettext_lazy("Entry")
    icon = "login"
    group = ""
    Form = EntryForm
    form_template = "campaigns/steps/_entry.html"

    def exits(self, params: Params) -> Sequence[Port]:
        return (Port("next"),)

    def fresh(self, scene: Scene) -> Params:
        return {"source": "segment", "segment": None}

    def faults(self, params: Params, scene: Scene) -> list[str]:
        start = read(params)
        if start.source == "event":
            return [] if start.event else [_("Choose the event that lets people in.")]
        if start.source not in ("segment", "schedule", "joins"):
            return [_("Choose how people come in.")]
        found = _segment_faults(start, scene)
        if start.source == "schedule":
            found += _rule_faults(start.rule, scene)
        return found

    def segments(self, params: Params) -> Collection[int]:
        start = read(params)
        return [start.segment] if start.segment and start.source != "event" else []

    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        return {enrolment.pk: Go("next") for enrolment in batch}

    def describe(self, params: Params, scene: Scene) -> str:
        start = read(params)
        if start.source == "event":
            return _describe_event(start, scene)
        segment = scene.library.segment_name(start.segment)
        name = _("“%(segment)s”") % {"segment": segment} if segment else _("a segment")
        if start.source == "joins":
            return _("Whoever joins %(segment)s") % {"segment": name}
        if start.source == "schedule":
            return _("Everyone in %(segment)s, %(when)s") % {"segment": name, "when": describe_rule(start.rule)}
        return _("Everyone in %(segment)s, at once") % {"segment": name}

    def notes(self, params: Params, scene: Scene) -> Sequence[Note]:
        again = describe_again(read(params))
        return [Note("", again)] if again else ()


def describe_again(start: Start) -> str:
    """Return the re-entry rule as a sentence; '' when people can only come once anyway."""
    if start.is_once:
        return ""
    if start.again == "always":
        return _("Again as often as it happens, but never while inside.")
    if start.again == "after":
        return ngettext(
            "Again when they left at least %(n)s day ago.", "Again when they left at least %(n)s days ago.", start.again_days
        ) % {"n": start.again_days}
    return _("Once per person.")


def describe_rule(rule: Params) -> str:
    """Return a schedule in words: "every Monday or Friday at 10:00"."""
    try:
        read_rule = schedule.parse(rule)
    except schedule.ScheduleError:
        return _("at a time to be chosen")
    at = read_rule.at.strftime("%H:%M")
    if read_rule.kind == "once" and isinstance(read_rule.on, date):
        return _("on %(date)s at %(time)s") % {"date": formats.date_format(read_rule.on, "DATE_FORMAT"), "time": at}
    if read_rule.kind == "weekly":
        days = words_of(sorted(read_rule.weekdays))
        return _("every %(days)s at %(time)s") % {"days": days, "time": at}
    if read_rule.kind == "monthly":
        if read_rule.day == 31:
            return _("on the last day of every month at %(time)s") % {"time": at}
        return _("on day %(day)s of every month at %(time)s") % {"day": read_rule.day, "time": at}
    return _("every day at %(time)s") % {"time": at}


def words_of(days: Sequence[int]) -> str:
    """Return "Monday, Wednesday and Friday" for [0, 2, 4]."""
    names = [str(WEEKDAYS[day]) for day in days]
    if len(names) < 2:
        return "".join(names)
    return _("%(all_but_last)s and %(last)s") % {"all_but_last": ", ".join(names[:-1]), "last": names[-1]}


def _filters(stored: Any) -> list[Filter]:
    rows = [row for row in stored or () if isinstance(row, dict)] if isinstance(stored, list) else []
    return [
        Filter(str(row["property"]), row["operator"], str(row.get("value", "")))
        for row in rows
        if row.get("property") and row.get("operator") in OPERATORS
    ]


def _describe_event(start: Start, scene: Scene) -> str:
    event = scene.library.event_name(start.event)
    if not event:
        return _("Whoever does something")
    if not start.filters:
        return _("Whoever does “%(event)s”") % {"event": event}
    words = {
        "is": _("%(property)s is %(value)s"),
        "is_not": _("%(property)s is not %(value)s"),
        "contains": _("%(property)s contains %(value)s"),
        "at_least": _("%(property)s is at least %(value)s"),
        "at_most": _("%(property)s is at most %(value)s"),
    }
    where = [words[each.operator] % {"property": each.property, "value": each.value} for each in start.filters]
    return _("Whoever does “%(event)s” where %(filters)s") % {"event": event, "filters": _(" and ").join(where)}


def _segment_faults(start: Start, scene: Scene) -> list[str]:
    if not start.segment:
        return [_("Choose a segment.")]
    return [] if start.segment in scene.library.segments else [_("The segment is not there any more. Choose another one.")]


def _rule_faults(rule: Params, scene: Scene) -> list[str]:
    try:
        read_rule = schedule.parse(rule)
    except schedule.ScheduleError as error:
        words = {
            "date": _("Choose the day of the start."),
            "time": _("Choose the time of the start."),
            "weekdays": _("Choose at least one weekday."),
        }
        return [words.get(str(error), _("Choose when it starts."))]
    now = scene.library.now
    if now is not None and not schedule.next_fires(read_rule, scene.library.zone, after=now - schedule.CATCH_UP):
        return [_("The time of the start is over. Choose a later one.")]
    return []
