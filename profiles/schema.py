"""Which attributes and event properties have been seen, and of what type? Learned from what arrives, within bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from profiles.models import AttributeDef, EventDef

Type = AttributeDef.Type

MOST_ATTRIBUTES = 2_000
MOST_EVENTS = 5_000  # ids are 16 bits, and a list of events is there to be read by people
MOST_PROPERTIES_PER_EVENT = 255
SEEN_PRECISION = timedelta(minutes=1)

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$")


def type_of(value: object) -> Type | None:
    """Return the type of a JSON value; None for null, which says nothing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, int | float):
        return Type.NUMBER
    if isinstance(value, str):
        return Type.DATE if _DATE.match(value) else Type.STRING
    return Type.LIST if isinstance(value, list | tuple) else Type.OBJECT


def joint(one: str | None, other: str) -> str:
    """Return the type that holds values of both: text when they differ."""
    return other if one is None or one == other else str(Type.STRING)


def types_of(values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return {key: joint type} over all these objects."""
    found: dict[str, str] = {}
    for each in values:
        for key, value in each.items():
            if (kind := type_of(value)) is not None:
                found[key] = joint(found.get(key), kind)
    return found


def event_defs(*, names: Collection[str], now: datetime, is_internal: bool = False) -> dict[str, EventDef]:
    """Return the definitions of these events, making the missing ones. One query, two more when some are new.

    Beyond MOST_EVENTS names nothing new is made: such names are missing in the answer.
    """
    wanted = sorted(set(names))
    known = {found.name: found for found in EventDef.objects.filter(name__in=wanted)}
    missing = [name for name in wanted if name not in known]
    if missing:
        room = max(0, MOST_EVENTS - EventDef.objects.count())
        # Conflicts use up ids, which are scarce: only names that were missing a moment ago are inserted.
        EventDef.objects.bulk_create(
            [EventDef(name=name, is_internal=is_internal, first_seen_at=now) for name in missing[:room]], ignore_conflicts=True
        )
        known |= {found.name: found for found in EventDef.objects.filter(name__in=missing)}
    return known


def event_ids(names: Collection[str], now: datetime, *, is_internal: bool = False) -> dict[str, int]:
    """Return {name: id} of these events, making the missing ones; see `event_defs`."""
    return {name: found.pk for name, found in event_defs(names=names, now=now, is_internal=is_internal).items()}


def types() -> dict[str, str]:
    """Return {key: type} of all attributes."""
    return dict(AttributeDef.objects.values_list("key", "type"))


def learn_attributes(*, types: Mapping[str, str], now: datetime) -> None:
    """Remember attributes of these types. One query when all of it is known."""
    if not types:
        return
    known = dict(AttributeDef.objects.filter(key__in=list(types)).values_list("key", "type"))
    new = [key for key in sorted(types) if key not in known]
    if new:
        room = max(0, MOST_ATTRIBUTES - AttributeDef.objects.count())
        AttributeDef.objects.bulk_create(
            [AttributeDef(key=key, type=types[key], first_seen_at=now) for key in new[:room]], ignore_conflicts=True
        )
    widened = [key for key, kind in known.items() if joint(kind, types[key]) != kind]
    if widened:
        AttributeDef.objects.filter(key__in=widened).update(type=Type.STRING)


def learn_events(*, defs: Mapping[str, EventDef], types: Mapping[str, Mapping[str, str]], now: datetime) -> None:
    """Remember properties of events and that the events were seen now. One statement when all of it is known and fresh.

    `types` is {event name: {property: type}}; only names in `defs` count.
    """
    for name in sorted(set(types) & set(defs)):
        _learn_properties(defs[name], types[name])
    stale = Q(latest_seen_at=None) | Q(latest_seen_at__lt=now - SEEN_PRECISION)
    ids = EventDef.objects.filter(stale, pk__in=[found.pk for found in defs.values()])
    # Rows another batch is just updating are left to it.
    EventDef.objects.filter(pk__in=ids.select_for_update(skip_locked=True).values("pk")).update(latest_seen_at=now)


def _learn_properties(found: EventDef, types: Mapping[str, str]) -> None:
    room = MOST_PROPERTIES_PER_EVENT - len(found.properties)
    fresh: dict[str, str] = {}
    for key, kind in types.items():
        held = found.properties.get(key)
        if held is None and room <= 0:
            continue
        if (both := joint(held, kind)) != held:
            room -= held is None
            fresh[key] = both
    if not fresh:
        return
    found.properties = {**found.properties, **fresh}
    with connection.cursor() as cursor:
        # Added to what is there by now, not to what was read: another batch may have learned something else.
        cursor.execute(
            "UPDATE profiles_eventdef SET properties = properties || %s::jsonb WHERE id = %s", [json.dumps(fresh), found.pk]
        )
