"""How does a condition about events look in the builder?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments import chips, operators, windows
from segments.conditions.event_form import AGGREGATES, VALUE

if TYPE_CHECKING:
    from segments.catalog import Catalog

Params = dict[str, Any]

# What and how it is compared as one choice: the row then reads as a sentence.
OFTEN = {
    "did": gettext_lazy("at least once"),
    "did_not": gettext_lazy("never"),
    "count:at_least": gettext_lazy("at least"),
    "count:at_most": gettext_lazy("at most"),
    "count:exactly": gettext_lazy("exactly"),
    "count:between": gettext_lazy("between"),
    "sum:at_least": gettext_lazy("for at least"),
    "sum:at_most": gettext_lazy("for at most"),
    "sum:exactly": gettext_lazy("for exactly"),
    "sum:between": gettext_lazy("for between"),
}


def settle(params: Params, catalog: Catalog) -> Params:
    """Return the parameters with what no longer fits the other choices replaced."""
    settled = {"event": "", "measure": "did", **params}
    if (often := settled.pop("often", None)) is not None:
        settled["measure"], _colon, comparison = str(often).partition(":")
        settled |= {"comparison": comparison} if comparison else {}
    if settled["measure"] in AGGREGATES:
        settled.setdefault("comparison", "at_least")
        settled.setdefault("amount", 1)
    settled["window"] = _settle_window(settled.get("window"))
    details = settled.get("where")
    settled["where"] = [_settle_detail(settled["event"], row, catalog) for row in (details if isinstance(details, list) else [])]
    return settled


def row(params: Params, catalog: Catalog) -> chips.Row:
    if not params["event"]:
        return chips.Row([chips.word(_("did")), _event(params, catalog)])
    details = [_detail(params["event"], index, each, catalog) for index, each in enumerate(params["where"])]
    parts = [chips.word(_("did")), _event(params, catalog), *_often(params), *_window(params["window"])]
    return chips.Row(parts, details)


def _settle_window(window: Any) -> dict[str, Any]:
    settled = {"kind": "ever", **(window if isinstance(window, dict) else {})}
    if settled["kind"] in ("last", "earlier"):
        settled.setdefault("amount", 30)
        settled.setdefault("unit", "days")
    return settled


def _settle_detail(event: str, detail: Any, catalog: Catalog) -> dict[str, Any]:
    settled = {"property": "", "operator": "", "value": None, **(detail if isinstance(detail, dict) else {})}
    fitting = _fitting(event, settled["property"], catalog)
    if settled["operator"] not in {operator.key for operator in fitting}:
        settled |= {"operator": fitting[0].key, "value": None}
    return settled


def _fitting(event: str, name: str, catalog: Catalog) -> list[operators.Operator]:
    found = operators.fitting(catalog.type_of_property(event, name))
    return [operator for operator in found if operator.takes != "days"]


def _event(params: Params, catalog: Catalog) -> chips.Chip:
    known = [(event.name, event.label) for event in catalog.events.values()]
    return chips.select("event", _("Event"), params["event"], known, placeholder=_("choose an event"))


def _often(params: Params) -> list[chips.Chip]:
    measure = params["measure"]
    if measure not in AGGREGATES:
        return [chips.select("often", _("How often"), measure, OFTEN.items())]
    comparison = params["comparison"]
    parts = [
        chips.select("often", _("How often"), f"{measure}:{comparison}", OFTEN.items()),
        chips.number("amount", _("Amount"), params.get("amount")),
    ]
    if comparison == "between":
        parts += [chips.word(_("and")), chips.number("amount_to", _("Amount to"), params.get("amount_to"))]
    parts.append(chips.word(_("times") if measure == "count" else _("in total")))
    return parts


def _window(window: dict[str, Any]) -> list[chips.Chip]:
    parts = [chips.select("window.kind", _("When"), window["kind"], windows.LABELS.items())]
    if window["kind"] in ("last", "earlier"):
        parts.append(chips.number("window.amount", _("How long"), window.get("amount")))
        parts.append(chips.select("window.unit", _("Unit"), window.get("unit"), windows.UNITS.items()))
    if window["kind"] == "earlier":
        parts.append(chips.word(_("ago")))
    if window["kind"] == "between":
        parts += chips.values("dates", "window.dates", window.get("dates"))
    return parts


def _detail(event: str, index: int, detail: dict[str, Any], catalog: Catalog) -> list[chips.Chip]:
    name, start = detail["property"], f"where.{index}"
    found = catalog.events.get(event)
    known = [(VALUE, _("value")), *((key, key) for key in sorted(found.properties if found else {}) if key != VALUE)]
    parts = [
        chips.word(_("where") if index == 0 else _("and")),
        chips.select(f"{start}.property", _("Detail"), name, known, placeholder=_("choose a detail")),
    ]
    if not name:
        return parts
    operator = operators.OPERATORS[detail["operator"]]
    options = [(each.key, each.label) for each in _fitting(event, name, catalog)]
    parts.append(chips.select(f"{start}.operator", _("Comparison"), operator.key, options))
    return parts + chips.values(operator.takes, f"{start}.value", detail.get("value"), catalog.values_of_property(event, name))
