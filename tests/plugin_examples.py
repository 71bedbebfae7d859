"""What would a person typically choose for each kind of condition? As stored; the abstract tests run over all of them."""

from __future__ import annotations

from typing import Any

CONDITIONS: dict[str, list[dict[str, Any]]] = {
    "attribute": [
        {"attribute": "country", "operator": "is", "value": "PL"},
        {"attribute": "country", "operator": "in", "value": ["PL", "BG"]},
    ],
    "event": [
        {"event": "Order Completed", "measure": "did", "window": {"kind": "ever"}, "where": []},
        {
            "event": "Order Completed",
            "measure": "count",
            "comparison": "at_least",
            "amount": 3,
            "window": {"kind": "last", "days": 30},
            "where": [{"property": "category", "operator": "is", "value": "Boots"}],
        },
    ],
    "membership": [{"relation": "in", "segment": 1}, {"relation": "not_in", "segment": 1}],
    "reachable": [
        {"relation": "may", "channel": "email", "topic": ""},
        {"relation": "may_not", "channel": "email", "topic": "news"},
    ],
    "consent": [
        {"status": "granted", "channel": "email", "topic": ""},
        {"status": "unknown", "channel": "email", "topic": "news"},
    ],
}
