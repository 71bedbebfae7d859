"""What may the words of a letter know about its reader?

Plain dictionaries only. What is stored with a delivery is just what its words use, so that a retry says the same and
nothing else about the person is kept twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from omni.models import Company

Path = tuple[str, ...]
RESERVED = frozenset(["person", "company", "campaign", "unsubscribe_url", "preferences_url", "omni", "now", "today"])


def build(*, attributes: Mapping[str, Any], address: str, company: Company, campaign_name: str, now: datetime) -> dict[str, Any]:
    """Return the names the words may use: `person.…`, each attribute also by its bare name, `company`, `campaign`, `now`."""
    person = {**attributes, "email": attributes.get("email") or address}
    local = now.astimezone(zone(company.time_zone))
    return {
        **{key: value for key, value in person.items() if key not in RESERVED},
        "person": person,
        "company": {"name": company.name, "postal_address": company.postal_address},
        "campaign": {"name": campaign_name},
        "now": local.isoformat(timespec="seconds"),
        "today": local.date().isoformat(),
    }


def only(context: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """Return the part of the context that these paths read. `("person",)` alone means everything about the person."""
    kept: dict[str, Any] = {"now": context["now"], "today": context["today"]}
    for path in sorted(paths, key=len):
        name = path[0]
        if name not in context:
            continue
        value = context[name]
        if len(path) == 1 or not isinstance(value, dict):
            kept[name] = value
        elif path[1] in value:
            inner = kept.setdefault(name, {})
            if inner is not value:
                inner[path[1]] = value[path[1]]
    return kept


def zone(name: object, fallback: str = "UTC") -> ZoneInfo:
    """Return the time zone of this name, else of the fallback."""
    try:
        return ZoneInfo(name if isinstance(name, str) and name else fallback)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC") if name == fallback else zone(fallback)
