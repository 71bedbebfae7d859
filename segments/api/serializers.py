"""What goes in and out of the API of segments?"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from segments import tree
from segments.conditions import CONDITIONS
from segments.models import Membership, Segment

EXAMPLE = {
    "version": 1,
    "root": {
        "match": "all",
        "items": [
            {"kind": "attribute", "params": {"attribute": "country", "operator": "in", "value": ["Poland", "Bulgaria"]}},
            {
                "kind": "event",
                "params": {
                    "event": "Order Completed",
                    "measure": "count",
                    "comparison": "at_least",
                    "amount": 3,
                    "window": {"kind": "last", "amount": 30, "unit": "days"},
                    "where": [{"property": "category", "operator": "is", "value": "Boots"}],
                },
            },
        ],
    },
}
GROUP_DESCRIPTION = "Items are groups or conditions, nested up to 8 deep and up to 100 conditions in all."


def definition_schema() -> dict[str, Any]:
    """Return the JSON schema of a definition: version, and groups of conditions."""
    leaf = {
        "type": "object",
        "required": ["kind", "params"],
        "properties": {
            "kind": {"type": "string", "enum": [condition.key for condition in CONDITIONS]},
            "params": {
                "type": "object",
                "additionalProperties": True,
                "description": "As docs/conditions.md lists for the kind.",
            },
        },
    }
    group = {
        "type": "object",
        "required": ["match", "items"],
        "description": GROUP_DESCRIPTION,
        "properties": {
            "match": {"type": "string", "enum": list(tree.MATCHES)},
            "items": {"type": "array", "minItems": 1, "items": {"oneOf": [leaf, {"type": "object", "description": "A group."}]}},
        },
    }
    return {
        "type": "object",
        "required": ["version", "root"],
        "properties": {"version": {"type": "integer", "const": tree.VERSION}, "root": group},
    }


@extend_schema_field(definition_schema())
class DefinitionField(serializers.JSONField):
    """A definition; every fault is reported at the path of its node, such as `root/items/0/params/value`."""

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        sound, faults = tree.inspect(found)
        if faults:
            raise serializers.ValidationError([f"{place(fault)}: {fault.text}" for fault in faults])
        return sound


def place(fault: tree.Fault) -> str:
    """Return where in the JSON a fault is: "root/items/0/params/value"."""
    parts = ["root", *(f"items/{index}" for index in fault.path.split(".") if index)]
    if fault.field in ("kind", "params", "match"):
        parts.append(fault.field)
    elif fault.field:
        parts += ["params", fault.field]
    return "/".join(parts)


@extend_schema_serializer(examples=[OpenApiExample("Regulars", {"name": "Regulars", "definition": EXAMPLE}, request_only=True)])
class SegmentIn(serializers.Serializer[Segment]):
    name = serializers.CharField(max_length=160)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    definition = DefinitionField()


class SegmentPatch(serializers.Serializer[Segment]):
    name = serializers.CharField(max_length=160, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    definition = DefinitionField(required=False)


class SegmentOut(serializers.ModelSerializer[Segment]):
    definition = DefinitionField(read_only=True)
    sentence = serializers.SerializerMethodField(help_text="The definition in words.")

    class Meta:
        model = Segment
        fields = (
            "id",
            "name",
            "description",
            "definition",
            "sentence",
            "version",
            "size",
            "refreshed_at",
            "stale_since",
            "refresh_error",
            "created_at",
            "updated_at",
            "archived_at",
        )
        read_only_fields = fields

    def get_sentence(self, segment: Segment) -> str:
        return tree.describe(segment.definition)


class MemberOut(serializers.ModelSerializer[Membership]):
    person = serializers.IntegerField(source="profile_id")

    class Meta:
        model = Membership
        fields = ("person", "from_at", "until_at")
        read_only_fields = fields


class DefinitionIn(serializers.Serializer[Any]):
    definition = DefinitionField()


class ExampleOut(serializers.Serializer[Any]):
    person = serializers.IntegerField(source="profile.pk")
    name = serializers.CharField(source="profile.name")
    reasons = serializers.ListField(child=serializers.CharField())


class PreviewOut(serializers.Serializer[Any]):
    size = serializers.IntegerField(help_text="How many match.")
    everybody = serializers.IntegerField()
    by_email = serializers.IntegerField(help_text="How many of them e-mail may reach now.")
    sample = ExampleOut(many=True, source="examples")


class DescribeOut(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    reads = serializers.ListField(child=serializers.CharField(), help_text="The changes that can alter an answer.")


class FindingOut(serializers.Serializer[Any]):
    path = serializers.CharField(help_text='Positions from the root: "" is the root, "0.2" the third item of its first.')
    holds = serializers.BooleanField()
    clause = serializers.CharField()
    note = serializers.CharField()


class IsMemberOut(serializers.Serializer[Any]):
    is_member = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True)
    findings = FindingOut(many=True)
