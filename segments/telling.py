"""What do segments tell the palette, a person's timeline and Home?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from omni import figures, home, search
from profiles.hygiene import audiences
from profiles.people import filters
from profiles.person import timeline
from segments.models import Membership, Segment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from omni.models import User

MOST_CLEANABLE = 200


def register() -> None:
    search.register("segments", gettext_lazy("Segments"), find)
    timeline.register("segment", gettext_lazy("Segments"), "filter", fetch_entered)
    timeline.register("segment", gettext_lazy("Segments"), "filter", fetch_left)
    filters.register(filters.Extra("segment", gettext_lazy("Segment"), offer_segments, inside))
    home.register_step(
        home.Step(
            "segment",
            20,
            gettext_lazy("Describe a group of people"),
            gettext_lazy("A segment keeps itself up to date, so campaigns always reach the right people."),
            "segments:segment-create",
            has_segment,
            gettext_lazy("Make a segment"),
        )
    )
    home.register_alerts(find_alerts)
    audiences.register(audiences.Audience("segment", gettext_lazy("Segment"), cleanable, members))


def cleanable() -> list[tuple[int, str]]:
    """Return the segments whose addresses can be cleaned."""
    return list(Segment.objects.in_use().order_by("name", "pk").values_list("pk", "name")[:MOST_CLEANABLE])


def members(segment_id: int) -> QuerySet[Membership, Any]:
    """Return the ids of the people in this segment now."""
    return Membership.objects.filter(segment=segment_id, until_at=None).values("profile_id")


def offer_segments() -> list[tuple[str, str]]:
    """Return the segments the list of people may be narrowed to. One query."""
    return [(str(pk), name) for pk, name in Segment.objects.in_use().order_by("name", "pk").values_list("pk", "name")]


def inside(people: Any, segment_id: str) -> Any:
    """Keep people who are in the segment now."""
    inside_now = Membership.objects.filter(profile_id=OuterRef("pk"), segment_id=int(segment_id), until_at=None)
    return people.filter(Exists(inside_now))


def find(query: str, user: User, limit: int) -> list[search.Hit]:
    rows = Segment.objects.in_use().order_by("-updated_at", "-pk")
    for word in query.split():
        rows = rows.filter(name__icontains=word)
    return [
        search.Hit(
            segment.name,
            segment.get_absolute_url(),
            "filter",
            ngettext("%(count)s person", "%(count)s people", segment.size) % {"count": figures.number(segment.size)},
        )
        for segment in rows[:limit]
    ]


def fetch_entered(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[timeline.Entry]:
    rows = Membership.objects.filter(profile_id__in=profile_ids, segment__archived_at=None).select_related("segment")
    found = timeline.newest(rows, "from_at", before=before, limit=limit)
    return [_entry(row.from_at, _("Entered a segment"), row.segment, "door-enter") for row in found]


def fetch_left(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[timeline.Entry]:
    rows = Membership.objects.filter(profile_id__in=profile_ids, segment__archived_at=None, until_at__isnull=False)
    found = timeline.newest(rows.select_related("segment"), "until_at", before=before, limit=limit)
    return [_entry(row.until_at, _("Left a segment"), row.segment, "door-exit") for row in found]


def has_segment(user: User, now: datetime) -> bool:
    return Segment.objects.in_use().exists()


def find_alerts(user: User, now: datetime) -> list[home.Alert]:
    """Return segments that could not be kept fresh. One query."""
    rows = Segment.objects.in_use().exclude(refresh_error="").order_by("name", "pk")
    return [
        home.Alert(
            _("The segment “%(name)s” is not fresh") % {"name": segment.name},
            _("Its people are those of the latest refresh that worked."),
            segment.get_absolute_url(),
            action=_("Look at it"),
        )
        for segment in rows[:10]
    ]


def _entry(at: datetime, title: str, segment: Segment, icon: str) -> timeline.Entry:
    return timeline.Entry(at, "segment", icon, title, segment.name, href=reverse("segments:segment-detail", args=[segment.pk]))
