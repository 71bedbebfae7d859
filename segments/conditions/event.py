"""Did the person do this, how often or for how much, when, and with which details?

Events keep the profile they were recorded for; counts and sums run over everybody who was merged into the person.
A question that people without any such event answer too ("did not", "at most 2 times") selects those who do not match
and lets the compiler subtract them, so that the people without events never have to be listed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from profiles.changes import EVENT_RECORDED
from profiles.models import EventDef
from segments import chips, windows
from segments.conditions import event_row
from segments.conditions.base import NOBODY, ROOT, ROOT_OF, Condition, Params, Sql, of_origins
from segments.conditions.event_form import COMPARISONS, VALUE, EventForm
from segments.operators import OPERATORS, Field
from segments.values import exact, say_number

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from segments.catalog import Catalog

HAVING = {"at_least": "{0} >= %s", "at_most": "{0} <= %s", "exactly": "{0} = %s", "between": "{0} BETWEEN %s AND %s"}
SUMS = {"count": "count(*)", "sum": "COALESCE(sum(e.value), 0)"}


class EventCondition(Condition):
    key = "event"
    label = gettext_lazy("Event")
    icon = "bolt"
    Form = EventForm
    leads: ClassVar = {"event": ("where",)}

    def reads(self, params: Params) -> set[str]:
        return {f"{EVENT_RECORDED}:{params['event']}"}

    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        source = self._events(params, windows.load(params["window"]).sql("e.time", now), now=now, among=among)
        having, having_params, inverted = _having(params)
        if source is None:
            return Sql(NOBODY.text, (), inverted)
        root = ROOT.format("e.profile_id")
        if having is None:
            return Sql(f"SELECT DISTINCT {root} AS id {source.text}", source.params, inverted)
        text = f"SELECT {root} AS id {source.text} GROUP BY 1 HAVING {having}"
        return Sql(text, (*source.params, *having_params), inverted)

    def flips_at(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql | None:
        window = windows.load(params["window"])
        inside, inside_params, span = window.changes("e.time", now)
        source = self._events(params, (inside, inside_params), now=now, among=among)
        if source is None:
            return None
        having, having_params, inverted = _having(params)
        # Who has too few events now only gets fewer as time goes by; sums may also grow, by negative values leaving.
        can_only_leave = window.kind == "last" and params.get("comparison") == "at_least" and params["measure"] == "count"
        if having is None or inverted or not can_only_leave:
            having, having_params = "true", ()
        # An event ahead of the clock changes the answer when its own time comes, any other when it crosses the edge.
        moment = "min(CASE WHEN e.time > %s THEN e.time ELSE e.time + %s END)"
        return Sql(
            f"SELECT {ROOT.format('e.profile_id')} AS profile_id, {moment} AS moment {source.text} GROUP BY 1 HAVING {having}",
            (now, span, *source.params, *having_params),
        )

    def fresh(self) -> Params:
        return {"measure": "did", "event": "", "window": {"kind": "ever"}, "where": []}

    def settle(self, params: Params, catalog: Catalog) -> Params:
        return event_row.settle(params, catalog)

    def row(self, params: Params, catalog: Catalog) -> chips.Row:
        return event_row.row(params, catalog)

    def describe(self, params: Params) -> str:
        said = _describe_measure(params)
        if period := windows.load(params["window"]).describe():
            said = _("%(did)s %(period)s") % {"did": said, "period": period}
        if params["where"]:
            details = [OPERATORS[row["operator"]].describe(row["property"], row["value"]) for row in params["where"]]
            said = _("%(did)s where %(details)s") % {"did": said, "details": _(" and ").join(details)}
        return said

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        source = self._events(params, windows.load(params["window"]).sql("e.time", now), now=now, among=profile_ids)
        if source is None:
            return {}
        text = f"SELECT {ROOT.format('e.profile_id')}, count(*), max(e.time), COALESCE(sum(e.value), 0) {source.text} GROUP BY 1"
        with connection.cursor() as cursor:
            cursor.execute(text, source.params)
            rows = cursor.fetchall()
        return {pk: _note(params, count, latest, total) for pk, count, latest, total in rows}

    def _events(
        self, params: Params, time: tuple[str, tuple[Any, ...]], *, now: datetime, among: Collection[int] | None
    ) -> Sql | None:
        """Return FROM and WHERE of the events in question; None when nothing of this name was ever recorded."""
        # The number of the name, not a subquery: the planner then knows how many rows to expect.
        name_id = EventDef.objects.filter(name=params["event"]).values_list("pk", flat=True).first()
        if name_id is None:
            return None
        people = of_origins("e.profile_id", among)
        text = f"FROM profiles_event e {ROOT_OF.format('e.profile_id')} WHERE e.name_id = %s AND {time[0]}{people.text}"
        values: list[Any] = [name_id, *time[1], *people.params]
        for row in params["where"]:
            column = "jsonb_build_object('value', e.value)" if row["property"] == VALUE else "e.properties"
            predicate, more = OPERATORS[row["operator"]].compare(Field(column, row["property"]), row["value"], now)
            text += f" AND {predicate}"
            values += more
        return Sql(text, tuple(values))


def _having(params: Params) -> tuple[str | None, tuple[Any, ...], bool]:
    """Return the HAVING clause, its parameters, and whether the set it selects is to be subtracted.

    People without events have 0: a comparison that holds for 0 is turned round, and the others subtracted. None
    stands for "any event at all".
    """
    measure = params["measure"]
    if measure in ("did", "did_not"):
        return None, (), measure == "did_not"
    low = exact(params["amount"])
    high = exact(params.get("amount_to", 0))
    values = (low, high) if params["comparison"] == "between" else (low,)
    clause = HAVING[params["comparison"]].format(SUMS[measure])
    holds_for_none = {
        "at_least": low <= 0,
        "at_most": low >= 0,
        "exactly": low == 0,
        "between": low <= 0 <= high,
    }[params["comparison"]]
    if holds_for_none:
        return f"NOT ({clause})", values, True
    if measure == "count" and params["comparison"] == "at_least" and low == 1:
        return None, (), False
    return clause, values, False


def _describe_measure(params: Params) -> str:
    event, measure = params["event"], params["measure"]
    if measure == "did_not":
        return _("who did not do “%(event)s”") % {"event": event}
    if measure == "did":
        return _("who did “%(event)s”") % {"event": event}
    low, comparison = params["amount"], params["comparison"]
    amount = say_number(low)
    if comparison == "between":
        amount = _("%(low)s to %(high)s") % {"low": amount, "high": say_number(params["amount_to"])}
    else:
        amount = f"{COMPARISONS[comparison]} {amount}"
    if measure == "sum":
        return _("who did “%(event)s” for %(amount)s in total") % {"event": event, "amount": amount}
    times = int(params.get("amount_to") or low)
    return ngettext("who did “%(event)s” %(amount)s time", "who did “%(event)s” %(amount)s times", times) % {
        "event": event,
        "amount": amount,
    }


def _note(params: Params, count: int, latest: datetime, total: Decimal) -> str:
    day = formats.date_format(timezone.localtime(latest), "DATE_FORMAT")
    times = ngettext("%(count)s time", "%(count)s times", count) % {"count": say_number(count)}
    note = _("%(event)s: %(times)s, latest on %(day)s") % {"event": params["event"], "times": times, "day": day}
    if params["measure"] == "sum":
        return _("%(note)s, %(total)s in total") % {"note": note, "total": say_number(float(total))}
    return note
