"""Which groups of people does the demo company look at?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from omni.models import User
from segments import editing, materialize
from segments.models import Segment

Node = dict[str, Any]


def _all(*items: Node) -> Node:
    return {"match": "all", "items": list(items)}


def _any(*items: Node) -> Node:
    return {"match": "any", "items": list(items)}


def _none(*items: Node) -> Node:
    return {"match": "none", "items": list(items)}


def _is(attribute: str, operator: str, value: Any) -> Node:
    return {"kind": "attribute", "params": {"attribute": attribute, "operator": operator, "value": value}}


def _did(event: str, days: int | None = None, where: list[Node] | None = None, **measure: Any) -> Node:
    window = {"kind": "last", "amount": days, "unit": "days"} if days else {"kind": "ever"}
    return {"kind": "event", "params": {"measure": "did", "event": event, "window": window, "where": where or [], **measure}}


def _times(event: str, count: int, days: int) -> Node:
    return _did(event, days, measure="count", comparison="at_least", amount=count)


_REACHABLE: Node = {"kind": "reachable", "params": {"relation": "may", "channel": "email", "topic": ""}}
_BOOTS = {"property": "category", "operator": "is", "value": "Boots"}

# (key, name, description, root)
GROUPS: tuple[tuple[str, str, str, Node], ...] = (
    ("reachable", "Everyone we may write to", "Opted in by e-mail, and the address works.", _all(_REACHABLE)),
    (
        "active",
        "Active and reachable",
        "Looked around or bought in the last 45 days, and we may write to them.",
        _all(_REACHABLE, _any(_did("Product Viewed", 45), _did("Order Completed", 45), _did("Store Purchase", 45))),
    ),
    (
        "loyal",
        "Loyal customers",
        "Ordered at least three times in the last 90 days.",
        _all(_times("Order Completed", 3, 90)),
    ),
    (
        "spenders",
        "Spent 500 EUR or more",
        "In the web shop, in the last 90 days.",
        _all(_did("Order Completed", 90, measure="sum", comparison="at_least", amount=500)),
    ),
    (
        "quiet",
        "Gone quiet",
        "Bought in the last 90 days, and did not even look in the last 30.",
        _all(
            _any(_did("Order Completed", 90), _did("Store Purchase", 90)),
            _none(_did("Product Viewed", 30), _did("Order Completed", 30), _did("Store Purchase", 30)),
        ),
    ),
    (
        "cart",
        "Left something in the cart",
        "Put something into the cart in the last 7 days and did not order since.",
        _all(_did("Product Added", 7), _none(_did("Order Completed", 7))),
    ),
    (
        "boots",
        "Looking for boots in Poland and Bulgaria",
        "Viewed boots at least three times in the last 30 days.",
        _all(
            _is("country", "in", ["PL", "BG"]),
            _did("Product Viewed", 30, [_BOOTS], measure="count", comparison="at_least", amount=3),
        ),
    ),
    ("gold", "Gold members", "The highest tier of the club.", _all(_is("loyalty_tier", "is", "Gold"))),
    (
        "both",
        "Shops online and in store",
        "Did both in the last 90 days.",
        _all(_did("Order Completed", 90), _did("Store Purchase", 90)),
    ),
)


def describe_all(*, by: User, now: datetime) -> dict[str, Segment]:
    """Make the segments; return them by key. They are empty until `refresh`."""
    return {
        key: editing.create(name=name, definition={"version": 1, "root": root}, by=by, now=now, description=description)
        for key, name, description, root in GROUPS
    }


def refresh(*, now: datetime) -> None:
    """Bring every membership to what it was at `now`."""
    for segment in materialize.by_dependency(Segment.objects.filter(archived_at=None)):
        materialize.refresh_all(segment, now=now)
