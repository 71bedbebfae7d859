"""What may one ask about events?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments import windows
from segments.conditions.attribute import RawField
from segments.operators import OPERATORS
from segments.values import clean_number

MEASURES = {
    "did": gettext_lazy("did"),
    "did_not": gettext_lazy("did not do"),
    "count": gettext_lazy("did, so many times"),
    "sum": gettext_lazy("did, for a total value of"),
}
COMPARISONS = {
    "at_least": gettext_lazy("at least"),
    "at_most": gettext_lazy("at most"),
    "exactly": gettext_lazy("exactly"),
    "between": gettext_lazy("between"),
}
AGGREGATES = ("count", "sum")
MOST_FILTERS = 10
MOST_COUNT = 1_000_000
VALUE = "value"  # the number of the event, kept in a column of its own


class EventForm(forms.Form):
    event = forms.CharField(max_length=255, error_messages={"required": gettext_lazy("Choose what they did.")})
    measure = forms.ChoiceField(choices=list(MEASURES.items()))
    comparison = forms.ChoiceField(choices=list(COMPARISONS.items()), required=False)
    amount = RawField(required=False)
    amount_to = RawField(required=False)
    window = RawField(required=False)
    where = RawField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_amounts(cleaned)
        try:
            cleaned["window"] = windows.clean(cleaned.get("window"))
        except ValidationError as error:
            self.add_error("window", error)
        try:
            cleaned["where"] = _clean_filters(cleaned.get("where"))
        except ValidationError as error:
            self.add_error("where", error)
        return cleaned

    def _clean_amounts(self, cleaned: dict[str, Any]) -> None:
        measure = cleaned.get("measure")
        if measure not in AGGREGATES:
            for name in ("comparison", "amount", "amount_to"):
                cleaned.pop(name, None)
            return
        cleaned["comparison"] = cleaned.get("comparison") or "at_least"
        wanted = ("amount", "amount_to") if cleaned["comparison"] == "between" else ("amount",)
        for name in ("amount", "amount_to"):
            if name not in wanted:
                cleaned.pop(name, None)
                continue
            try:
                cleaned[name] = _clean_amount(cleaned.get(name), measure)
            except ValidationError as error:
                self.add_error(name, error)
        if len(wanted) == 2 and not self.errors and cleaned["amount"] > cleaned["amount_to"]:
            self.add_error("amount_to", _("The first number is larger than the second."))


def _clean_amount(value: Any, measure: str) -> float:
    number = clean_number(value)
    if measure == "count" and (number != int(number) or not 0 <= number <= MOST_COUNT):
        raise ValidationError(_("Type a whole number of times."), code="amount")
    return number


def _clean_filters(value: Any) -> list[dict[str, Any]]:
    if value in (None, ""):
        return []
    if not isinstance(value, list) or len(value) > MOST_FILTERS or not all(isinstance(row, dict) for row in value):
        raise ValidationError(_("Up to %(most)s details can be asked for.") % {"most": MOST_FILTERS}, code="where")
    return [_clean_filter(row) for row in value]


def _clean_filter(row: dict[str, Any]) -> dict[str, Any]:
    name, operator = row.get("property"), OPERATORS.get(str(row.get("operator")))
    if not isinstance(name, str) or not name.strip() or len(name) > 255 or "\x00" in name:
        raise ValidationError(_("Choose a detail of the event."), code="where")
    # A comparison with the clock would change by itself without an event; the window of the condition is there for that.
    if operator is None or operator.takes == "days":
        raise ValidationError(_("Choose how to compare %(property)s.") % {"property": name}, code="where")
    return {"property": name, "operator": operator.key, "value": operator.clean(row.get("value"))}
