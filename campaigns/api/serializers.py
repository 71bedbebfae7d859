"""What goes in and out when programs work with campaigns?"""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns import graph
from campaigns.models import Campaign, Enrolment, Version
from profiles.models import Topic

GRAPH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "entry", "steps"],
    "properties": {
        "version": {"type": "integer", "const": 1},
        "entry": {"type": "string", "description": "Key of the entry step."},
        "steps": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["kind", "params", "next"],
                "properties": {
                    "kind": {"type": "string", "description": "A kind of docs/steps.md."},
                    "params": {"type": "object"},
                    "next": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        },
    },
}


@extend_schema_field(GRAPH_SCHEMA)
class GraphField(serializers.JSONField):
    """A journey. Its shape is checked at the door; what else keeps it from being published is told by `validate`."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if found := graph.shape_faults(value):
            raise serializers.ValidationError([f"{fault.path}: {fault.text}" for fault in found], code="graph")
        return value


class CampaignIn(serializers.Serializer[Any]):
    """Fields of a campaign that may be set; with PATCH only those that are given are changed."""

    name = serializers.CharField(max_length=160)
    draft = GraphField(required=False)
    topic = serializers.SlugRelatedField(
        slug_field="key", queryset=Topic.objects.all(), allow_null=True, required=False, help_text="Key of the topic."
    )
    control_percent = serializers.IntegerField(min_value=0, max_value=50, required=False)
    goal_event = serializers.CharField(max_length=255, allow_blank=True, required=False)
    goal_days = serializers.IntegerField(min_value=1, max_value=365, required=False)


class CampaignOut(serializers.ModelSerializer[Campaign]):
    topic: serializers.SlugRelatedField[Topic] = serializers.SlugRelatedField(slug_field="key", read_only=True, allow_null=True)
    version = serializers.IntegerField(
        source="current_version.number", default=None, allow_null=True, read_only=True, help_text="The version that runs."
    )

    class Meta:
        model = Campaign
        fields: ClassVar = [
            "id", "name", "state", "version", "topic", "control_percent", "goal_event", "goal_days",
            "created_at", "live_at", "paused_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class CampaignDetailOut(CampaignOut):
    draft = GraphField(read_only=True)

    class Meta(CampaignOut.Meta):
        fields: ClassVar = [*CampaignOut.Meta.fields, "draft"]
        read_only_fields = fields


class VersionOut(serializers.ModelSerializer[Version]):
    graph = GraphField(read_only=True)
    published_by = serializers.StringRelatedField[Any](allow_null=True)

    class Meta:
        model = Version
        fields: ClassVar = ["number", "published_at", "published_by", "graph"]
        read_only_fields = fields


class FaultOut(serializers.Serializer[Any]):
    step = serializers.CharField(allow_blank=True, help_text="Key of the step; empty for the journey as a whole.")
    path = serializers.CharField()
    text = serializers.CharField()


class ValidationOut(serializers.Serializer[Any]):
    is_sound = serializers.BooleanField()
    faults = FaultOut(many=True)


class EnrolmentOut(serializers.ModelSerializer[Enrolment]):
    step = serializers.CharField(source="step.key")
    version = serializers.IntegerField(source="version.number")

    class Meta:
        model = Enrolment
        fields: ClassVar = [
            "id", "profile_id", "entry_key", "version", "is_control", "state", "step", "due_at", "entered_at", "ended_at",
            "reason", "converted_at", "conversion_value",
        ]  # fmt: skip
        read_only_fields = fields


class EntryIn(serializers.Serializer[Any]):
    profile_ids = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=1000)
    entry_key = serializers.RegexField(
        r"^[\w.:-]{1,56}$", help_text="Names this entry, such as an order number: with the same key a person enters once."
    )


class EntryOut(serializers.Serializer[Any]):
    entered = serializers.IntegerField(
        help_text="How many came in. Who is inside already, may not come again, or is not known is left out."
    )
