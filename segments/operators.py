"""Which comparisons are there, how are they asked of a JSON value in SQL, and how are they said?

A negative operator is the exact opposite of its positive one: people (or events) without a value count as "is not".
Comparisons never raise on what is stored: a value of another type simply does not match. "N days" are N times 24
hours, not calendar days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from segments.values import CLEAN, exact, midnight, say

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Parts = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Field:
    """A JSON value in SQL: `column` is a jsonb column of ours, `key` what a person chose, always a parameter."""

    column: str
    key: str

    @property
    def json(self) -> Parts:
        return f"({self.column}->%s)", (self.key,)

    @property
    def text(self) -> Parts:
        return f"({self.column}->>%s)", (self.key,)


@dataclass(frozen=True)
class Operator:
    """`takes` names the value: "nothing", "text", "texts", "number", "numbers", "date", "dates", "days"."""

    key: str
    label: str | _StrPromise
    type: str  # of the attribute it fits: an AttributeDef.Type value, or "any"
    takes: str
    words: str | _StrPromise  # with %(name)s and %(value)s
    sql: Callable[[Field, Any, datetime], Parts]
    negates: bool = False

    def compare(self, field: Field, value: Any, now: datetime) -> Parts:
        """Return a predicate that is true or not true, never an error."""
        text, params = self.sql(field, value, now)
        return (f"({text}) IS NOT TRUE" if self.negates else f"({text}) IS TRUE"), params

    def clean(self, value: Any) -> Any:
        """Return the value as it is stored; raises ValidationError with what is wrong in words."""
        return CLEAN[self.takes](value)

    def describe(self, name: str, value: Any) -> str:
        return str(self.words) % {"name": name, "value": say(self.takes, value)}


def _is(field: Field, value: str, now: datetime) -> Parts:
    text, params = field.text
    return f"{text} = %s", (*params, value)


def _in(field: Field, values: list[str], now: datetime) -> Parts:
    text, params = field.text
    return f"{text} = ANY(%s::text[])", (*params, values)


def _like(before: str, after: str) -> Callable[[Field, str, datetime], Parts]:
    def sql(field: Field, value: str, now: datetime) -> Parts:
        text, params = field.text
        json, json_params = field.json
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return (
            f"jsonb_typeof{json} IN ('string', 'number', 'boolean') AND {text} ILIKE %s",
            (*json_params, *params, f"{before}{escaped}{after}"),
        )

    return sql


def _exists(field: Field, value: None, now: datetime) -> Parts:
    text, params = field.text
    return f"{text} <> ''", params


def _number(comparison: str) -> Callable[[Field, float, datetime], Parts]:
    def sql(field: Field, value: float, now: datetime) -> Parts:
        json, params = field.json
        return f"segments_number{json} {comparison} %s::numeric", (*params, exact(value))

    return sql


def _number_between(field: Field, value: list[float], now: datetime) -> Parts:
    json, params = field.json
    return f"segments_number{json} BETWEEN %s::numeric AND %s::numeric", (*params, exact(value[0]), exact(value[1]))


def _boolean(wanted: str) -> Callable[[Field, None, datetime], Parts]:
    def sql(field: Field, value: None, now: datetime) -> Parts:
        text, params = field.text
        return f"lower({text}) = %s", (*params, wanted)

    return sql


def _moments(start: datetime | None, end: datetime | None, field: Field) -> Parts:
    """Return that the moment lies in [start, end)."""
    json, params = field.json
    if end is None:
        return f"segments_moment{json} >= %s", (*params, start)
    if start is None:
        return f"segments_moment{json} < %s", (*params, end)
    json_again, params_again = field.json
    return f"segments_moment{json} >= %s AND segments_moment{json_again} < %s", (*params, start, *params_again, end)


def _in_last_days(field: Field, days: float, now: datetime) -> Parts:
    json, params = field.json
    return (
        f"segments_moment{json} > %s AND segments_moment{json} <= %s",
        (*params, now - timedelta(days=days), *params, now),
    )


def _more_than_days_ago(field: Field, days: float, now: datetime) -> Parts:
    json, params = field.json
    return f"segments_moment{json} <= %s", (*params, now - timedelta(days=days))


def _in_next_days(field: Field, days: float, now: datetime) -> Parts:
    json, params = field.json
    return (
        f"segments_moment{json} > %s AND segments_moment{json} <= %s",
        (*params, now, *params, now + timedelta(days=days)),
    )


def _has(field: Field, value: str, now: datetime) -> Parts:
    json, params = field.json
    text, text_params = field.text
    # The text of a single value counts as a list of one.
    return (
        f"CASE jsonb_typeof{json} WHEN 'array' THEN jsonb_exists({json}, %s) ELSE {text} = %s END",
        (*params, *params, value, *text_params, value),
    )


ONE_DAY = timedelta(days=1)
OPERATORS = {
    operator.key: operator
    for operator in (
        Operator("is", _("is"), "string", "text", _("%(name)s is %(value)s"), _is),
        Operator("is_not", _("is not"), "string", "text", _("%(name)s is not %(value)s"), _is, negates=True),
        Operator("in", _("is any of"), "string", "texts", _("%(name)s is %(value)s"), _in),
        Operator("not_in", _("is none of"), "string", "texts", _("%(name)s is not %(value)s"), _in, negates=True),
        Operator("contains", _("contains"), "string", "text", _("%(name)s contains %(value)s"), _like("%", "%")),
        Operator(
            "not_contains",
            _("does not contain"),
            "string",
            "text",
            _("%(name)s does not contain %(value)s"),
            _like("%", "%"),
            negates=True,
        ),
        Operator("starts_with", _("starts with"), "string", "text", _("%(name)s starts with %(value)s"), _like("", "%")),
        Operator("ends_with", _("ends with"), "string", "text", _("%(name)s ends with %(value)s"), _like("%", "")),
        Operator("equals", "=", "number", "number", _("%(name)s is %(value)s"), _number("=")),
        Operator("not_equals", "≠", "number", "number", _("%(name)s is not %(value)s"), _number("="), negates=True),
        Operator("more_than", ">", "number", "number", _("%(name)s is more than %(value)s"), _number(">")),
        Operator("at_least", "≥", "number", "number", _("%(name)s is at least %(value)s"), _number(">=")),
        Operator("less_than", "<", "number", "number", _("%(name)s is less than %(value)s"), _number("<")),
        Operator("at_most", "≤", "number", "number", _("%(name)s is at most %(value)s"), _number("<=")),
        Operator("between", _("is between"), "number", "numbers", _("%(name)s is between %(value)s"), _number_between),
        Operator("true", _("is yes"), "boolean", "nothing", _("%(name)s is yes"), _boolean("true")),
        Operator("false", _("is no"), "boolean", "nothing", _("%(name)s is no"), _boolean("false")),
        Operator("in_last_days", _("in the last"), "date", "days", _("%(name)s is in the last %(value)s"), _in_last_days),
        Operator(
            "more_than_days_ago", _("more than"), "date", "days", _("%(name)s is more than %(value)s ago"), _more_than_days_ago
        ),
        Operator("in_next_days", _("in the next"), "date", "days", _("%(name)s is in the next %(value)s"), _in_next_days),
        Operator(
            "on",
            _("on"),
            "date",
            "date",
            _("%(name)s is on %(value)s"),
            lambda field, value, now: _moments(midnight(value), midnight(value) + ONE_DAY, field),
        ),
        Operator(
            "before",
            _("before"),
            "date",
            "date",
            _("%(name)s is before %(value)s"),
            lambda field, value, now: _moments(None, midnight(value), field),
        ),
        Operator(
            "after",
            _("after"),
            "date",
            "date",
            _("%(name)s is after %(value)s"),
            lambda field, value, now: _moments(midnight(value) + ONE_DAY, None, field),
        ),
        Operator(
            "between_dates",
            _("between"),
            "date",
            "dates",
            _("%(name)s is between %(value)s"),
            lambda field, value, now: _moments(midnight(value[0]), midnight(value[1]) + ONE_DAY, field),
        ),
        Operator("has", _("contains"), "list", "text", _("%(name)s contains %(value)s"), _has),
        Operator("has_not", _("does not contain"), "list", "text", _("%(name)s does not contain %(value)s"), _has, negates=True),
        Operator("exists", _("has any value"), "any", "nothing", _("%(name)s is known"), _exists),
        Operator("missing", _("has no value"), "any", "nothing", _("%(name)s is not known"), _exists, negates=True),
    )
}


def fitting(type_: str) -> list[Operator]:
    """Return the operators for a value of this type, in the order of the menu; all types know "has any value"."""
    return [operator for operator in OPERATORS.values() if operator.type in (type_, "any")]


def flip_days(operator: str, value: Any) -> list[timedelta]:
    """Return the distances from the moment in question at which time alone changes the answer; [] when it never does."""
    if operator == "in_last_days":
        return [timedelta(0), timedelta(days=value)]
    if operator == "more_than_days_ago":
        return [timedelta(days=value)]
    if operator == "in_next_days":
        return [timedelta(days=-value), timedelta(0)]
    return []
