"""What of the segments may an operator look at in the admin? Reading only, as for people."""

from __future__ import annotations

from django.contrib import admin

from profiles.admin import ReadOnlyAdmin
from segments.models import Segment, SegmentVersion, SizeHistory


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    list_display = ("name", "size", "version", "refreshed_at", "stale_since", "archived_at")
    search_fields = ("name",)
    ordering = ("name", "pk")


@admin.register(SegmentVersion)
class SegmentVersionAdmin(ReadOnlyAdmin):
    list_display = ("segment", "number", "from_at", "until_at", "by")
    list_select_related = ("segment", "by")
    ordering = ("-pk",)


@admin.register(SizeHistory)
class SizeHistoryAdmin(ReadOnlyAdmin):
    list_display = ("segment", "at", "size", "entered", "left")
    list_select_related = ("segment",)
    ordering = ("-pk",)
