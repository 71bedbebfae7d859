"""How does the inspector ask who comes in?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.steps.forms import StepForm

SOURCES = (
    ("segment", gettext_lazy("A segment, at once")),
    ("schedule", gettext_lazy("A segment, by the calendar")),
    ("joins", gettext_lazy("Whoever joins a segment")),
    ("event", gettext_lazy("Whoever does something")),
)
RULES = (
    ("once", gettext_lazy("Once")),
    ("daily", gettext_lazy("Every day")),
    ("weekly", gettext_lazy("Every week")),
    ("monthly", gettext_lazy("Every month")),
)
AGAIN = (
    ("never", gettext_lazy("once per person")),
    ("after", gettext_lazy("again some days after they left")),
    ("always", gettext_lazy("again as soon as they left")),
)
OPERATORS = (
    ("is", gettext_lazy("is")),
    ("is_not", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("at_least", gettext_lazy("is at least")),
    ("at_most", gettext_lazy("is at most")),
)
MOST_FILTERS = 5


class EntryForm(StepForm):
    """Filters of an event are rows: `property`, `operator` and `value` come as often as there are rows."""

    source = forms.ChoiceField(label=gettext_lazy("Who comes in?"), choices=SOURCES, widget=forms.RadioSelect)
    segment = forms.TypedChoiceField(label=gettext_lazy("Segment"), coerce=int, empty_value=None)
    kind = forms.ChoiceField(label=gettext_lazy("When"), choices=RULES)
    date = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"), coerce=int, choices=list(WEEKDAYS.items()), widget=forms.CheckboxSelectMultiple
    )
    day = forms.TypedChoiceField(
        label=gettext_lazy("On day"),
        coerce=int,
        choices=[*((day, str(day)) for day in range(1, 31)), (31, gettext_lazy("the last day"))],
    )
    time = forms.TimeField(
        label=gettext_lazy("At"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("In the company's time zone."),
    )
    event = forms.ChoiceField(
        label=gettext_lazy("What they do"),
        help_text=gettext_lazy("Counts from the launch on, and only within an hour after it happened."),
    )
    again = forms.ChoiceField(label=gettext_lazy("May come in"), choices=AGAIN)
    again_days = forms.IntegerField(label=gettext_lazy("Days after they left"), min_value=1, max_value=3650)

    def shape(self) -> None:
        library = self.scene.library
        self.fields["segment"].choices = [("", _("Choose a segment")), *((pk, row.name) for pk, row in library.segments.items())]  # type: ignore[attr-defined]
        self.fields["event"].choices = [("", _("Choose an event")), *((name, str(row)) for name, row in library.events.items())]  # type: ignore[attr-defined]
        self.keep_only(*self._wanted())

    def _wanted(self) -> list[str]:
        source = self.chosen("source")
        again = ["again", "again_days"] if self.chosen("again") == "after" else ["again"]
        if source == "event":
            return ["source", "event", *again]
        if source == "joins":
            return ["source", "segment", *again]
        if source != "schedule":
            return ["source", "segment"]
        kind = self.chosen("kind") or "once"
        own = {"once": ["date"], "weekly": ["weekdays"], "monthly": ["day"]}.get(kind, [])
        return ["source", "segment", "kind", *own, "time", *([] if kind == "once" else again)]

    @property
    def filters(self) -> list[dict[str, str]]:
        """The rows for filters: those there are, and an empty one to fill."""
        if self.chosen("source") != "event" or not self.chosen("event"):
            return []
        rows = self._typed() if self.is_bound else list(self.params.get("where") or [])
        return rows if len(rows) >= MOST_FILTERS else [*rows, {"property": "", "operator": "is", "value": ""}]

    @property
    def properties(self) -> list[str]:
        """Names to choose from: what was seen with this event so far."""
        event = self.scene.library.events.get(self.chosen("event") or "")
        return sorted(event.properties) if event else []

    @property
    def operators(self) -> tuple[tuple[str, Any], ...]:
        return OPERATORS

    def to_fields(self, params: dict[str, Any]) -> dict[str, Any]:
        rule = params.get("rule") or {}
        return {"again": "never", "again_days": 30, "kind": "once", **rule, **params}

    def to_params(self) -> dict[str, Any]:
        given = self.cleaned_data
        # What another source held is kept, so that looking at it loses nothing.
        params = {**self.params, "source": given.get("source") or "segment"}
        for name in ("segment", "event", "again"):
            if name in given:
                params[name] = given[name]
        if given.get("again_days"):
            params["again_days"] = given["again_days"]
        if params["source"] == "event":
            params["where"] = self._typed()
        if params["source"] == "schedule":
            params["rule"] = {**(self.params.get("rule") or {}), **self._rule()}
        return params

    def _rule(self) -> dict[str, Any]:
        given = self.cleaned_data
        rule: dict[str, Any] = {"kind": given.get("kind") or "once"}
        if "date" in given:
            rule["date"] = given["date"].isoformat() if given["date"] else ""
        if "time" in given:
            rule["time"] = given["time"].strftime("%H:%M") if given["time"] else ""
        return rule | {name: given[name] for name in ("weekdays", "day") if given.get(name)}

    def _typed(self) -> list[dict[str, str]]:
        getlist = getattr(self.data, "getlist", None)
        columns = [getlist(name) if getlist else [] for name in ("property", "operator", "value")]
        allowed = {key for key, _label in OPERATORS}
        return [
            {"property": name.strip(), "operator": operator, "value": value.strip()}
            for name, operator, value in zip(*columns, strict=False)
            if name.strip() and operator in allowed
        ][:MOST_FILTERS]
