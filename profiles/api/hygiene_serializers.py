"""What do programs say and hear about addresses: checks, runs of list cleaning, blocked addresses?"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from profiles.api.serializers import StrictSerializer
from profiles.forms.hygiene import CHANNELS
from profiles.hygiene import audiences, cleaning, verdict
from profiles.models import AddressCheck, Cleaning, Suppression

MOST_PER_CALL = 10_000
BY_PROGRAMS = [(reason.value, reason.label) for reason in Suppression.Reason if reason is not Suppression.Reason.DOMAIN]


class AddressCheckIn(StrictSerializer):
    email = serializers.CharField(max_length=320, required=False, help_text="As it was typed.")
    phone = serializers.CharField(max_length=64, required=False, help_text="As it was typed, best with the country code.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Name either an email or a phone.")
        return attrs


class AddressCheckOut(serializers.ModelSerializer[AddressCheck]):
    state = serializers.ChoiceField(choices=AddressCheck.State.choices, read_only=True)
    reason = serializers.CharField(read_only=True, help_text="A code of a closed list; `sentence` says it in words.")
    sentence = serializers.SerializerMethodField()
    suggestion = serializers.CharField(read_only=True, help_text="The address that was probably meant, or empty.")
    is_final = serializers.SerializerMethodField(help_text="False while a deeper look is still to come: ask again later.")

    class Meta:
        model = AddressCheck
        fields = (
            "kind", "address", "state", "reason", "sentence", "score", "suggestion", "provider", "is_free", "is_role",
            "is_disposable", "is_accept_all", "method", "checked_at", "is_final",
        )  # fmt: skip

    def get_sentence(self, row: AddressCheck) -> str:
        told = verdict.REASONS.get(row.reason)
        return str(told.sentence) if told else ""

    def get_is_final(self, row: AddressCheck) -> bool:
        return row.retry_at is None


class CleaningIn(StrictSerializer):
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=40, required=False, help_text="`everyone`, `import:<id>` or `segment:<id>`: whose addresses."
    )
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=320),
        max_length=cleaning.MOST_LISTED,
        required=False,
        help_text="Or a list of addresses; nobody becomes a person by it.",
    )
    name = serializers.CharField(max_length=200, required=False)
    uses_verifier = serializers.BooleanField(default=False, help_text="Also ask, and pay, the verifier that is set up.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("source" in attrs) == ("addresses" in attrs):
            raise serializers.ValidationError("Name either a source or addresses.")
        if "source" in attrs and attrs["source"] not in dict(audiences.offered()):
            raise serializers.ValidationError({"source": ["There is nobody to clean by this name."]})
        return attrs


class CleaningOut(serializers.ModelSerializer[Cleaning]):
    class Meta:
        model = Cleaning
        fields = (
            "id", "name", "source", "state", "uses_verifier", "halt", "total", "done", "asked", "error",
            "created_at", "started_at", "finished_at",
        )  # fmt: skip


class PartOut(serializers.Serializer[Any]):
    state = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)
    count = serializers.IntegerField(read_only=True)


class CleaningResultOut(CleaningOut):
    parts = PartOut(many=True, read_only=True, help_text="How many addresses are in which state, and why.")

    class Meta(CleaningOut.Meta):
        fields = (*CleaningOut.Meta.fields, "parts")  # type: ignore[assignment]


class SuppressionIn(StrictSerializer):
    channel = serializers.ChoiceField(choices=CHANNELS)
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=255),
        min_length=1,
        max_length=MOST_PER_CALL,
        help_text="`@shop.com` blocks every address of the domain.",
    )
    reason = serializers.ChoiceField(choices=BY_PROGRAMS, default=Suppression.Reason.MANUAL)
    detail = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class SuppressionsAdded(serializers.Serializer[Any]):
    added = serializers.ListField(child=serializers.CharField(), read_only=True)
    unusable = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What is no address of the channel."
    )


class LiftIn(StrictSerializer):
    channel = serializers.ChoiceField(choices=CHANNELS)
    addresses = serializers.ListField(child=serializers.CharField(max_length=255), min_length=1, max_length=MOST_PER_CALL)
    reason = serializers.CharField(max_length=300, help_text="Why they may be reached again; kept in the audit record.")


class Lifted(serializers.Serializer[Any]):
    lifted = serializers.IntegerField(read_only=True)


class SuppressionOut(serializers.ModelSerializer[Suppression]):
    class Meta:
        model = Suppression
        fields = ("id", "channel", "address", "reason", "detail", "source", "at")
