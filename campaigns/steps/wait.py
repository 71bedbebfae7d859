"""Hold people for a while, or until a time of day or a weekday of the company's zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import schedule
from campaigns.steps.base import Go, Outcome, Params, Scene, Step, Wait
from campaigns.steps.forms import StepForm

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from campaigns.models import Enrolment
    from campaigns.models import Step as StepRow

UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
LONGEST = timedelta(days=730)
ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)  # whether a wait can be reckoned does not depend on when


class WaitForm(StepForm):
    optional = ("weekdays",)

    mode = forms.ChoiceField(
        label=gettext_lazy("Wait"),
        choices=(("for", gettext_lazy("for a while")), ("until", gettext_lazy("until a time of day"))),
        widget=forms.RadioSelect,
    )
    amount = forms.IntegerField(label=gettext_lazy("How long"), min_value=1, max_value=10_000)
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"),
        choices=(
            ("minutes", gettext_lazy("minutes")),
            ("hours", gettext_lazy("hours")),
            ("days", gettext_lazy("days of 24 hours")),
            ("weeks", gettext_lazy("weeks")),
        ),
    )
    time = forms.TimeField(label=gettext_lazy("Until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only on"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen means any day. Times are in the company's time zone."),
    )

    def shape(self) -> None:
        if self.chosen("mode") == "until":
            self.keep_only("mode", "time", "weekdays")
        else:
            self.keep_only("mode", "amount", "unit")

    def clean(self) -> None:
        amount, unit = self.cleaned_data.get("amount"), self.cleaned_data.get("unit")
        if amount and unit and amount * UNITS[unit] > LONGEST:
            self.add_error("amount", _("A wait lasts two years at most."))

    def to_params(self) -> Params:
        given = self.cleaned_data
        # What the other mode held is kept, so that looking at it loses nothing.
        params = {**self.params, "mode": given.get("mode") or "for"}
        if given.get("amount"):
            params |= {"amount": given["amount"], "unit": given.get("unit") or "days"}
        if "time" in given:
            params |= {"time": given["time"].strftime("%H:%M") if given["time"] else "", "weekdays": sorted(given["weekdays"])}
        return params


class WaitStep(Step):
    key = "wait"
    label = gettext_lazy("Wait")
    hint = gettext_lazy("For two days, or until Monday at ten.")
    icon = "clock"
    group = "wait"
    Form = WaitForm

    def fresh(self, scene: Scene) -> Params:
        return {"mode": "for", "amount": 2, "unit": "days"}

    def faults(self, params: Params, scene: Scene) -> list[str]:
        try:
            _until(params, ANY_MOMENT, scene.library.zone)
        except (ValueError, KeyError, TypeError, OverflowError):
            return [_("Say how long to wait.") if params.get("mode") != "until" else _("Choose a time of day.")]
        return []

    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        zone = schedule.company_zone()
        # Whole launches come to a wait in the same moment, and the calendar costs more than a look-up.
        until: dict[datetime, datetime] = {}
        outcomes: dict[int, Outcome] = {}
        for enrolment in batch:
            since = enrolment.visit_entered_at
            if since not in until:
                until[since] = _until(step.params, since, zone)
            outcomes[enrolment.pk] = Go("next") if until[since] <= now else Wait(until[since])
        return outcomes

    def describe(self, params: Params, scene: Scene) -> str:
        if params.get("mode") == "until":
            return _describe_until(params)
        amount = params.get("amount")
        sentences = {
            "minutes": ngettext("Wait %(n)s minute", "Wait %(n)s minutes", amount or 0),
            "hours": ngettext("Wait %(n)s hour", "Wait %(n)s hours", amount or 0),
            "days": ngettext("Wait %(n)s day", "Wait %(n)s days", amount or 0),
            "weeks": ngettext("Wait %(n)s week", "Wait %(n)s weeks", amount or 0),
        }
        return sentences.get(params.get("unit", ""), sentences["days"]) % {"n": amount} if amount else _("Wait")


def _until(params: Params, since: datetime, zone: ZoneInfo) -> datetime:
    if params.get("mode") != "until":
        return since + min(int(params["amount"]) * UNITS[params["unit"]], LONGEST)
    weekdays = params.get("weekdays") or list(range(7))
    rule = schedule.parse({"kind": "weekly", "time": params.get("time"), "weekdays": weekdays})
    # A moment before, so that who comes at ten sharp is not held for a day.
    return schedule.next_fires(rule, zone, after=since - timedelta(microseconds=1))[0].due_at


def _describe_until(params: Params) -> str:
    try:
        at = time.fromisoformat(params.get("time") or "").strftime("%H:%M")
    except ValueError:
        return _("Wait until a time of day")
    days = params.get("weekdays") or []
    if not days:
        return _("Wait until %(time)s") % {"time": at}
    return _("Wait until %(time)s on %(days)s") % {"time": at, "days": words_of_weekdays(days)}


def words_of_weekdays(days: Sequence[int]) -> str:
    """Return "Monday, Wednesday or Friday" for [0, 2, 4]."""
    names = [str(WEEKDAYS[day]) for day in sorted(days)]
    if len(names) < 2:
        return "".join(names)
    return _("%(all_but_last)s or %(last)s") % {"all_but_last": ", ".join(names[:-1]), "last": names[-1]}
