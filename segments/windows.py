"""When must something have happened? A window in time, relative to now or between two days, in SQL and in words.

Days and hours are exact: "in the last 3 days" ends 72 hours after the event, to the second. Nothing after `now` counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from segments.values import MOST_DAYS, clean_dates, clean_number, midnight, say_date, say_number

LABELS = {
    "ever": _("at any time"),
    "last": _("in the last"),
    "earlier": _("more than"),
    "between": _("between two dates"),
}
UNITS = {"days": _("days"), "hours": _("hours")}
SECONDS = {"days": 86_400, "hours": 3_600}


@dataclass(frozen=True)
class Window:
    """`amount` of `unit` for "last" and "earlier"; two days for "between" (both inside)."""

    kind: str = "ever"
    amount: float = 0
    unit: str = "days"
    dates: tuple[str, str] = ("", "")

    @property
    def span(self) -> timedelta:
        return timedelta(seconds=self.amount * SECONDS[self.unit])

    def sql(self, column: str, now: datetime) -> tuple[str, tuple[Any, ...]]:
        """Return the predicate that `column` lies in the window."""
        if self.kind == "last":
            return f"{column} > %s AND {column} <= %s", (now - self.span, now)
        if self.kind == "earlier":
            return f"{column} <= %s", (now - self.span,)
        if self.kind == "between":
            start, end = midnight(self.dates[0]), midnight(self.dates[1]) + timedelta(days=1)
            return f"{column} >= %s AND {column} < %s AND {column} <= %s", (start, end, now)
        return f"{column} <= %s", (now,)

    def changes(self, column: str, now: datetime) -> tuple[str, tuple[Any, ...], timedelta]:
        """Return which events time will yet carry over an edge of the window, and how long after the event that is.

        Events after `now` (a clock that runs ahead, a bulk load) enter at their own time; the caller takes the later
        edge for the others. A window between dates, or none, is only entered.
        """
        if self.kind in ("last", "earlier"):
            return f"{column} > %s", (now - self.span,), self.span
        return f"{column} > %s", (now,), timedelta(0)

    def describe(self) -> str:
        """Return the window in words, "" for any time: "in the last 30 days"."""
        if self.kind == "last":
            return _t("in the last %(span)s") % {"span": self._say_span()}
        if self.kind == "earlier":
            return _t("more than %(span)s ago") % {"span": self._say_span()}
        if self.kind == "between":
            return _t("between %(first)s and %(last)s") % {"first": say_date(self.dates[0]), "last": say_date(self.dates[1])}
        return ""

    def _say_span(self) -> str:
        number = say_number(self.amount)
        if self.unit == "hours":
            return ngettext("%(number)s hour", "%(number)s hours", math.ceil(self.amount)) % {"number": number}
        return ngettext("%(number)s day", "%(number)s days", math.ceil(self.amount)) % {"number": number}


def load(stored: dict[str, Any] | None) -> Window:
    """Return the window of a stored (cleaned) {"kind", "amount", "unit", "dates"}; ever when there is none."""
    stored = stored or {}
    return Window(
        kind=stored.get("kind", "ever"),
        amount=stored.get("amount", 0),
        unit=stored.get("unit", "days"),
        dates=tuple(stored.get("dates", ("", ""))),
    )


def clean(value: Any) -> dict[str, Any]:
    """Return the window as it is stored; raises ValidationError."""
    if value in (None, "", {}):
        return {"kind": "ever"}
    if not isinstance(value, dict) or value.get("kind", "ever") not in LABELS:
        raise ValidationError(_t("Choose a period."), code="window")
    kind = value.get("kind", "ever")
    if kind == "between":
        return {"kind": kind, "dates": clean_dates(value.get("dates"))}
    if kind == "ever":
        return {"kind": kind}
    unit = value.get("unit", "days")
    if unit not in UNITS:
        raise ValidationError(_t("Choose days or hours."), code="window")
    amount = clean_number(value.get("amount"))
    if not 0 < amount * SECONDS[unit] <= MOST_DAYS * SECONDS["days"]:
        raise ValidationError(_t("Type how many days or hours."), code="window")
    return {"kind": kind, "amount": amount, "unit": unit}
