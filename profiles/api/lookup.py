"""How does a till or a shop app look one person up?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from omni import ratelimit
from omni.models import User
from omni.roles import Right
from profiles.api.people import source_of
from profiles.api.serializers import StrictSerializer
from profiles.person import lookup
from profiles.person.lookup import Card

if TYPE_CHECKING:
    from rest_framework.request import Request


class LookupIn(StrictSerializer):
    value = serializers.CharField(max_length=255, help_text="The exact phone, e-mail, card number or scanned code.")


class SpentOut(serializers.Serializer[Any]):
    currency = serializers.CharField()
    orders = serializers.IntegerField()
    sum_minor = serializers.IntegerField()


class LookupOrderOut(serializers.Serializer[Any]):
    number = serializers.CharField(source="external_id")
    status = serializers.CharField()
    total_minor = serializers.IntegerField()
    currency = serializers.CharField()
    ordered_at = serializers.DateTimeField()


class NotOfferedOut(serializers.Serializer[Any]):
    channel = serializers.CharField(source="point.kind")
    address = serializers.CharField(source="point.address")
    reason = serializers.CharField(source="permission.reason")


class CardOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person.name")
    known_by = serializers.CharField()
    is_test = serializers.BooleanField(source="person.is_test")
    is_restricted = serializers.SerializerMethodField()
    stage = serializers.JSONField(allow_null=True)
    points = serializers.JSONField(allow_null=True)
    spent = SpentOut(many=True)
    orders = LookupOrderOut(many=True)
    do_not_offer = NotOfferedOut(many=True, source="may_not_be_offered")

    def get_is_restricted(self, card: Card) -> bool:
        return card.person.restricted_at is not None


class LookupView(APIView):
    read_right = write_right = Right.LOOK_UP

    @extend_schema(
        operation_id="lookup_create",
        summary="Look one person up by an exact value",
        description="For tills and shop apps: a key with the scope people:lookup can do nothing else. Recorded and limited.",
        request=LookupIn,
        responses={200: CardOut, 404: OpenApiResponse(description="Nobody has exactly this value, or several people have")},
        tags=["lookup"],
    )
    def post(self, request: Request) -> Response:
        form = LookupIn(data=request.data)
        form.is_valid(raise_exception=True)
        verdict = ratelimit.take(f"lookup:{source_of(request)}", lookup.LIMIT)
        if not verdict.is_allowed:
            raise exceptions.Throttled(wait=verdict.retry_after_seconds)
        by = request.user if isinstance(request.user, User) else None
        card = lookup.find(form.validated_data["value"], by=by, now=timezone.now())
        if card is None:
            raise exceptions.NotFound
        return Response(CardOut(card).data)
