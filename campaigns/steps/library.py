"""How are the things called that steps name by number? Read once for a whole page."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import get_language

from campaigns import content
from campaigns.models import Sender, Template
from profiles.models import EventDef
from segments.models import Segment

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo


MOST_KEPT = 500
_compiled: dict[tuple[object, ...], list[str]] = {}


class Library:
    """Segments, templates, senders and events by id; each kind costs one query, when it is first asked for.

    `now` is when the page is made; without it nothing is said about what time has passed.
    """

    def __init__(self, *, now: datetime | None = None) -> None:
        self.now = now

    @cached_property
    def segments(self) -> dict[int, Segment]:
        rows = Segment.objects.filter(archived_at=None).only("name", "size", "refreshed_at").order_by("name", "pk")
        return {row.pk: row for row in rows}

    @cached_property
    def templates(self) -> dict[int, Template]:
        rows = Template.objects.filter(archived_at=None).order_by("name", "pk")
        return {row.pk: row for row in rows}

    @cached_property
    def senders(self) -> dict[int, Sender]:
        return {row.pk: row for row in Sender.objects.select_related("account").order_by("-is_default", "name", "pk")}

    @cached_property
    def events(self) -> dict[str, EventDef]:
        return {row.name: row for row in EventDef.objects.order_by("is_internal", "name")}

    @cached_property
    def zone(self) -> ZoneInfo:
        from campaigns.schedule import company_zone

        return company_zone()

    def template_faults(self, template: Template) -> list[str]:
        """Return what keeps the template from being sent; compiled once per saved text and language."""
        kept = ("template faults", template.pk, template.updated_at, get_language())
        found: list[str] | None = _compiled.get(kept)
        if found is None:
            if len(_compiled) > MOST_KEPT:
                _compiled.clear()
            found = _compiled[kept] = content.faults(template)
        return found

    def segment_name(self, pk: int | None) -> str:
        segment = self.segments.get(pk or 0)
        return segment.name if segment else ""

    def template_name(self, pk: int | None) -> str:
        template = self.templates.get(pk or 0)
        return template.name if template else ""

    def event_name(self, name: str) -> str:
        event = self.events.get(name)
        return str(event) if event else name
