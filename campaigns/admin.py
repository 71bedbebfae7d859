"""What may an operator look at in the admin? Reading only: every change goes through the functions that keep the rules."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from campaigns.models import (
    Attempt,
    Campaign,
    Content,
    Delivery,
    Enrolment,
    Fire,
    Outcome,
    RequestedLetter,
    Template,
    Version,
    Visit,
    Work,
)
from profiles.admin import ReadOnlyAdmin


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("pk", "name", "state", "control_percent", "goal_event", "live_at", "ended_at")
    list_filter = ("state",)
    search_fields = ("name",)
    exclude = ("undo", "redo")


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    list_display = ("campaign", "number", "published_at", "published_by")
    list_select_related: ClassVar = ["campaign", "published_by"]


@admin.register(Fire)
class FireAdmin(ReadOnlyAdmin):
    list_display = ("campaign", "planned_local", "due_at", "state", "entered", "entered_through_id", "finished_at")
    list_filter = ("state",)
    list_select_related: ClassVar = ["campaign"]


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    list_display = ("pk", "campaign", "profile_id", "state", "reason", "step", "due_at", "attempts", "entered_at")
    list_filter = ("state",)
    list_select_related: ClassVar = ["campaign", "step"]
    search_fields = ("=profile_id",)
    search_help_text = "Profile id"


@admin.register(Visit)
class VisitAdmin(ReadOnlyAdmin):
    list_display = ("enrolment_id", "number", "step", "profile_id", "entered_at", "left_at", "port")
    list_select_related: ClassVar = ["step"]
    search_fields = ("=profile_id",)
    search_help_text = "Profile id"


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "pk",
        "campaign",
        "profile_id",
        "channel",
        "variant",
        "state",
        "reason",
        "waiting",
        "created_at",
        "settled_at",
    )
    list_filter = ("state", "reason")
    list_select_related: ClassVar = ["campaign"]
    search_fields = ("=profile_id",)
    search_help_text = "Profile id"
    exclude = ("context",)


@admin.register(Work)
class WorkAdmin(ReadOnlyAdmin):
    list_display = ("delivery_id", "lane", "state", "due_at", "lease_until", "fence", "attempts", "crashes")
    list_filter = ("state", "lane")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("delivery_id", "fence", "at", "result", "detail")


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = ("delivery_id", "kind", "at", "is_machine", "machine_reason")
    list_filter = ("kind", "is_machine")


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    list_display = ("pk", "name", "channel", "markup", "updated_at", "archived_at")
    search_fields = ("name", "subject")


@admin.register(Content)
class ContentAdmin(ReadOnlyAdmin):
    list_display = ("pk", "step", "variant", "share", "subject", "created_at")
    list_select_related: ClassVar = ["step"]


@admin.register(RequestedLetter)
class RequestedLetterAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "address", "state", "reason", "created_at", "settled_at", "used_at")
    list_filter = ("state", "kind")
    search_fields = ("=address",)
