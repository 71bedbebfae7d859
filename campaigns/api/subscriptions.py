"""How does a program sign a person up for a topic, with proof, and with a letter to confirm where one is needed?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns import requested
from campaigns.requested import words
from omni import celery
from omni.roles import Right
from profiles import consent, identity
from profiles.api.people import ErasedProblem, source_of
from profiles.api.serializers import AttributesField, StrictSerializer
from profiles.consent import subscribing
from profiles.models import Topic

if TYPE_CHECKING:
    from rest_framework.request import Request

EMAIL = "email"
POST_REQUESTED = "campaigns.tasks.post_requested"


class SubscriptionIn(StrictSerializer):
    email = serializers.CharField(max_length=255)
    source = serializers.CharField(max_length=200, help_text="Where the person signed up, in words.")  # type: ignore[assignment]
    proof = AttributesField(
        help_text="What the person did: `ip`, `url`, `text_version`, `user_agent` and what else there is. Not empty."
    )
    language = serializers.CharField(max_length=8, required=False, default="", help_text="Of the letter to confirm.")

    def validate_email(self, value: str) -> str:
        address = identity.normalize(EMAIL, value)
        if address is None:
            raise serializers.ValidationError("This is not an e-mail address.")
        return address

    def validate_proof(self, value: dict[str, Any]) -> dict[str, Any]:
        if consent.EVIDENCE.isdisjoint(value):
            raise serializers.ValidationError(f"Give at least one of {', '.join(sorted(consent.EVIDENCE))}.")
        return value


class SubscriptionOut(serializers.Serializer[dict[str, str]]):
    state = serializers.ChoiceField(
        choices=["waiting", "subscribed"], help_text="`waiting`: the address has yet to answer the letter."
    )


class SubscriptionsView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="topics_subscriptions_create",
        summary="Sign an address up for a topic",
        description="With double opt-in, or when the address left before, it gets a letter and is not written to otherwise "
        "until it confirms. At most a few letters go to one address a day, however often this is called.",
        request=SubscriptionIn,
        responses={
            201: SubscriptionOut,
            202: SubscriptionOut,
            404: OpenApiResponse(description="No such topic"),
            409: OpenApiResponse(description="A problem document of code `erased`: the person asked to be forgotten"),
        },
        tags=["topics"],
    )
    def post(self, request: Request, key: str) -> Response:
        topic = get_object_or_404(Topic, key=key, archived_at=None)
        form = SubscriptionIn(data=request.data)
        form.is_valid(raise_exception=True)
        given, now = form.validated_data, timezone.now()
        with transaction.atomic():
            done = subscribing.sign_up(
                topic=topic,
                channel=EMAIL,
                address=given["email"],
                method=subscribing.API,
                source=given["source"],
                proof={**given["proof"], "actor": source_of(request)},
                now=now,
            )
            if done.is_refused:
                raise ErasedProblem
            if done.pending is None:
                return Response({"state": "subscribed"}, status=status.HTTP_201_CREATED)
            context = {"consent": done.pending.pk, "topic": topic.name}
            requested.file(
                kind=words.CONFIRM_SUBSCRIPTION,
                address=given["email"],
                context=context,
                language=given["language"],
                asked_from="",
                now=now,
            )
            celery.nudge(POST_REQUESTED)
        return Response({"state": "waiting"}, status=status.HTTP_202_ACCEPTED)
