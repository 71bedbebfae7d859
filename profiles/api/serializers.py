"""What do programs send and get about people, consents, imports and definitions?"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from profiles import identity
from profiles.imports import mapping
from profiles.ingest.clean import TooDeepError, clean
from profiles.models import (
    AttributeDef,
    Consent,
    ConsentState,
    Event,
    EventDef,
    Identifier,
    Import,
    ImportFault,
    ImportTrial,
    ImportUndo,
    Profile,
)

MOST_ATTRIBUTES_PER_CALL = 200


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelled one is not silently lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({str(name)[:80]: ["This field is not known."] for name in unknown})
        return super().to_internal_value(data)


class AttributesField(serializers.DictField):
    """{key: JSON value}; null takes an attribute away."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        if len(values) > MOST_ATTRIBUTES_PER_CALL:
            raise serializers.ValidationError(f"At most {MOST_ATTRIBUTES_PER_CALL} attributes in one call.")
        if any(not key or len(key) > 255 for key in values):
            raise serializers.ValidationError("Keys have 1 to 255 characters.")
        try:
            return dict(clean(values))
        except (TooDeepError, RecursionError):
            raise serializers.ValidationError("The value is nested too deeply.") from None


class IdentifiersIn(StrictSerializer):
    user_id = serializers.CharField(max_length=255, required=False)
    email = serializers.CharField(max_length=255, required=False)
    phone = serializers.CharField(max_length=255, required=False, help_text="With its country code, such as +48512345678.")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if not attrs:
            raise serializers.ValidationError("Give at least one of user_id, email and phone.")
        normal, errors = {}, {}
        for kind, value in attrs.items():
            found = identity.normalize(kind, value)
            if found is None:
                errors[kind] = ["This cannot be used as an identifier."]
            else:
                normal[kind] = found
        if errors:
            raise serializers.ValidationError(errors)
        return normal


class PersonIn(StrictSerializer):
    identifiers = IdentifiersIn()
    attributes = AttributesField(required=False, default=dict)
    at = serializers.DateTimeField(
        required=False, help_text="As of when the attributes hold; a newer known value stays. Default: now."
    )


class PersonPatch(StrictSerializer):
    attributes = AttributesField()
    at = serializers.DateTimeField(required=False)


class IdentifierOut(serializers.ModelSerializer[Identifier]):
    class Meta:
        model = Identifier
        fields = ("id", "type", "value", "source", "first_seen_at", "latest_seen_at", "verified_at")


class PersonOut(serializers.ModelSerializer[Profile]):
    identifiers = IdentifierOut(many=True, read_only=True)
    name = serializers.CharField(read_only=True)
    attributes = serializers.DictField(read_only=True)

    class Meta:
        model = Profile
        fields = (
            "id",
            "name",
            "identifiers",
            "attributes",
            "is_test",
            "restricted_at",
            "created_at",
            "updated_at",
            "latest_seen_at",
            "version",
        )


class EventOut(serializers.Serializer[Event]):
    id = serializers.UUIDField()
    time = serializers.DateTimeField()
    name = serializers.CharField(source="name.name")
    value = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    properties = serializers.DictField()
    profile_id = serializers.IntegerField(help_text="The profile it was recorded for; differs from the person's after a merge.")
    received_at = serializers.DateTimeField()


class ConsentIn(StrictSerializer):
    channel = serializers.ChoiceField(choices=list(mapping.CHANNELS))
    address = serializers.CharField(max_length=255)
    topic = serializers.SlugField(max_length=40, required=False, default="", allow_blank=True)
    status = serializers.ChoiceField(choices=[Consent.Status.GRANTED, Consent.Status.WITHDRAWN])
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]
    at = serializers.DateTimeField(required=False, help_text="When the person said so. Default: now.")
    proof = AttributesField(
        required=False, default=dict, help_text="What proves it: form text, url, ip. Without proof an opt-out is never lifted."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        normal = identity.normalize(attrs["channel"], attrs["address"])
        if normal is None:
            raise serializers.ValidationError({"address": ["This is not an address of the channel."]})
        return {**attrs, "address": normal}


class ConsentStateOut(serializers.ModelSerializer[ConsentState]):
    class Meta:
        model = ConsentState
        fields = ("channel", "address", "topic", "status", "since_at")


@extend_schema_field(OpenApiTypes.STR)
class JsonTextField(serializers.JSONField):
    """JSON as the text of a form field, or as it is in a JSON body."""

    def __init__(self, **options: Any) -> None:
        super().__init__(binary=False, **options)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            self.binary = True
        return super().to_internal_value(data)


class ImportIn(StrictSerializer):
    file = serializers.FileField()
    name = serializers.CharField(max_length=200, required=False)
    mapping = JsonTextField(
        required=False,
        help_text='{"<column>": {"to": "email" | "phone" | "user_id" | "created_at" | "attribute:<key>" | "skip"}}. '
        "Columns left out are guessed.",
    )
    consent = JsonTextField(
        help_text='{"status": "granted" | "withdrawn" | "unknown", "channels": ["email"], "topics": [], '
        '"source": "...", "date": "2026-01-31"}'
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="Only say what the file would do: follow `trial`, then POST to /imports/<id>/start."
    )


class ImportTrialOut(serializers.ModelSerializer[ImportTrial]):
    class Meta:
        model = ImportTrial
        fields = (
            "state", "rows_done", "rows_created", "rows_updated", "rows_unchanged", "rows_rejected", "profiles_merged", "reasons",
            "error", "created_at", "finished_at",
        )  # fmt: skip


class ImportUndoOut(serializers.ModelSerializer[ImportUndo]):
    class Meta:
        model = ImportUndo
        fields = (
            "state", "people_total", "people_done", "people_removed", "people_restored", "people_kept", "identifiers_removed",
            "consents_taken_back", "error", "created_at", "finished_at",
        )  # fmt: skip


class ImportOut(serializers.ModelSerializer[Import]):
    trial = ImportTrialOut(read_only=True, allow_null=True, default=None)
    undo = ImportUndoOut(source="undoing", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Import
        fields = (
            "id", "name", "state", "format", "encoding", "delimiter", "has_header", "header", "mapping", "consent", "rows_total",
            "rows_done", "rows_created", "rows_updated", "rows_unchanged", "rows_rejected", "error",
            "created_at", "started_at", "finished_at", "trial", "undo",
        )  # fmt: skip


class ImportFaultOut(serializers.ModelSerializer[ImportFault]):
    cells = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ImportFault
        fields = ("id", "row", "column", "reason", "cells")


class AttributeDefOut(serializers.ModelSerializer[AttributeDef]):
    class Meta:
        model = AttributeDef
        fields = ("key", "type", "label", "first_seen_at")


class EventDefOut(serializers.ModelSerializer[EventDef]):
    properties = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = EventDef
        fields = ("name", "label", "properties", "is_internal", "first_seen_at", "latest_seen_at")
