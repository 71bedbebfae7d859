"""What may an operator look at in the admin? Reading only: every change goes through the functions that keep the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from profiles.models import (
    AttributeDef,
    Consent,
    ConsentText,
    ContactPoint,
    DeadLetter,
    EventDef,
    Identifier,
    Merge,
    PrivacyRequest,
    Profile,
    Snooze,
    Source,
    SourceTally,
    Suppression,
    Topic,
)

if TYPE_CHECKING:
    from django.http import HttpRequest

    _Base = admin.ModelAdmin[Any]
else:
    _Base = admin.ModelAdmin


class ReadOnlyAdmin(_Base):
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Profile)
class ProfileAdmin(ReadOnlyAdmin):
    list_display = ("pk", "__str__", "merged_into", "created_at", "latest_seen_at")
    list_filter = ("is_test",)
    raw_id_fields = ("merged_into",)
    exclude = ("search",)


@admin.register(Identifier)
class IdentifierAdmin(ReadOnlyAdmin):
    list_display = ("type", "value", "profile_id", "source", "latest_seen_at")
    list_filter = ("type",)
    search_fields = ("=value",)


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ("root_id", "origin_id", "reason", "merged_at", "reversed_at")


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    list_display = ("channel", "address", "topic", "status", "method", "at")
    search_fields = ("=address",)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ("channel", "address", "reason", "at", "lifted_at")
    search_fields = ("=address",)


@admin.register(ContactPoint)
class ContactPointAdmin(ReadOnlyAdmin):
    list_display = ("kind", "address", "profile_id", "bounced_at")
    search_fields = ("=address",)


@admin.register(Snooze)
class SnoozeAdmin(ReadOnlyAdmin):
    list_display = ("channel", "address", "starts_at", "ends_at", "method")
    search_fields = ("=address",)


@admin.register(PrivacyRequest)
class PrivacyRequestAdmin(ReadOnlyAdmin):
    list_display = ("kind", "channel", "address", "asked_at", "state", "decided_at")
    list_filter = ("state", "kind")
    search_fields = ("=address",)
    exclude = ("profile", "decided_by")


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "prefix", "created_at", "revoked_at")
    exclude = ("key_hash",)


@admin.register(SourceTally)
class SourceTallyAdmin(ReadOnlyAdmin):
    list_display = ("source", "hour_at", "used", "repeated", "refused")


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ("source", "reason", "received_at", "replayed_at")
    list_filter = ("reason",)


@admin.register(AttributeDef)
class AttributeDefAdmin(ReadOnlyAdmin):
    list_display = ("key", "type", "label", "first_seen_at")


@admin.register(EventDef)
class EventDefAdmin(ReadOnlyAdmin):
    list_display = ("name", "is_internal", "latest_seen_at")


@admin.register(Topic)
class TopicAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "is_default", "needs_confirmation", "archived_at")


@admin.register(ConsentText)
class ConsentTextAdmin(ReadOnlyAdmin):
    list_display = ("topic", "version", "created_at")
