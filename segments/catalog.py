"""What may a condition be about: which attributes, events, segments and topics does the company have, with which values?"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.db import connection

from profiles.models import AttributeDef, EventDef, Topic
from segments.models import Segment

MOST_LISTED = 2_000
NEWEST = 3_000  # rows looked at for the values to propose
MOST_VALUES = 40
LONGEST_VALUE = 80
KEEP_SECONDS = 120

OF_ATTRIBUTE = "SELECT attributes->%s AS found FROM profiles_profile WHERE merged_into_id IS NULL ORDER BY id DESC LIMIT %s"
OF_PROPERTY = "SELECT properties->%s AS found FROM profiles_event WHERE name_id = %s ORDER BY time DESC LIMIT %s"


@dataclass(frozen=True)
class Attribute:
    key: str
    label: str
    type: str


@dataclass(frozen=True)
class EventName:
    id: int
    name: str
    label: str
    properties: dict[str, str]


class Catalog:
    """The lists behind the choices of the builder, each loaded once, when first asked for."""

    def __init__(self, *, but_segment: int | None = None) -> None:
        self.but_segment = but_segment

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        rows = AttributeDef.objects.exclude(type=AttributeDef.Type.OBJECT).order_by("key")[:MOST_LISTED]
        return {row.key: Attribute(row.key, row.label or row.key, row.type) for row in rows}

    @cached_property
    def events(self) -> dict[str, EventName]:
        rows = EventDef.objects.order_by("is_internal", "name")[:MOST_LISTED]
        return {row.name: EventName(row.pk, row.name, row.label or row.name, row.properties) for row in rows}

    @cached_property
    def segments(self) -> list[tuple[str, str]]:
        rows = Segment.objects.in_use().exclude(pk=self.but_segment).order_by("name", "pk").values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows[:MOST_LISTED]]

    @cached_property
    def topics(self) -> list[tuple[str, str]]:
        return list(Topic.objects.order_by("name", "pk").values_list("key", "name"))

    def type_of(self, attribute: str) -> str:
        found = self.attributes.get(attribute)
        return found.type if found else AttributeDef.Type.STRING

    def type_of_property(self, event: str, name: str) -> str:
        found = self.events.get(event)
        if name == "value":
            return AttributeDef.Type.NUMBER
        return found.properties.get(name, AttributeDef.Type.STRING) if found else AttributeDef.Type.STRING

    def values_of(self, attribute: str) -> list[str]:
        """Return frequent values of an attribute among the newest people."""
        if attribute not in self.attributes:
            return []
        return _frequent(f"attribute:{attribute}", OF_ATTRIBUTE, (attribute, NEWEST))

    def values_of_property(self, event: str, name: str) -> list[str]:
        """Return frequent values of a property among the newest events of this name."""
        found = self.events.get(event)
        if found is None or name not in found.properties:
            return []
        return _frequent(f"property:{found.id}:{name}", OF_PROPERTY, (name, found.id, NEWEST))


def _frequent(key: str, rows: str, params: tuple[Any, ...]) -> list[str]:
    """Return the most frequent texts among these rows, elements of lists singly; kept for KEEP_SECONDS."""
    name = f"segments.values.{hashlib.sha256(key.encode()).hexdigest()}"
    held: list[str] | None = cache.get(name)
    if held is not None:
        return held
    text = (
        f"SELECT word FROM ({rows}) AS rows, jsonb_array_elements_text(CASE jsonb_typeof(found)"
        " WHEN 'array' THEN found WHEN 'object' THEN '[]' ELSE jsonb_build_array(found) END) AS word"
        " WHERE found IS NOT NULL AND word <> '' AND length(word) <= %s"
        " GROUP BY word ORDER BY count(*) DESC, word LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(text, (*params, LONGEST_VALUE, MOST_VALUES))
        found = [row[0] for row in cursor.fetchall()]
    cache.set(name, found, KEEP_SECONDS)
    return found
