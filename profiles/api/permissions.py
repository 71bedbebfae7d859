"""How do programs read every word about permission, and the requests that people made about their data?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni import audit
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles import identity
from profiles.api.people import person_of
from profiles.api.serializers import StrictSerializer
from profiles.models import Consent, PrivacyRequest
from profiles.person import ledger

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

State = PrivacyRequest.State


class ConsentOut(serializers.ModelSerializer[Consent]):
    proof = serializers.DictField(read_only=True)

    class Meta:
        model = Consent
        fields = ("id", "channel", "address", "topic", "status", "at", "recorded_at", "method", "source", "proof")


class RequestOut(serializers.ModelSerializer[PrivacyRequest]):
    proof = serializers.DictField(read_only=True)

    class Meta:
        model = PrivacyRequest
        fields = (
            "id", "kind", "profile_id", "channel", "address", "asked_at", "verified", "proof", "state", "decided_at", "note",
        )  # fmt: skip


class AnswerIn(StrictSerializer):
    state = serializers.ChoiceField(choices=[State.DONE, State.REFUSED])
    note = serializers.CharField(max_length=500, help_text="What was done, or why it is refused: it is the record.")


class _Newest(KeysetPagination):
    ordering = ("-at", "-id")  # type: ignore[assignment]


class _LatestAsked(KeysetPagination):
    ordering = ("-asked_at", "-id")  # type: ignore[assignment]


@extend_schema_view(
    get=extend_schema(
        operation_id="people_consents_ledger",
        summary="List every word about permission, newest first, with its proof",
        tags=["consents"],
    )
)
class LedgerView(generics.ListAPIView[Consent]):
    read_right = write_right = Right.VIEW
    serializer_class = ConsentOut
    pagination_class = _Newest
    filter_backends: tuple[Any, ...] = ()
    queryset = Consent.objects.all()

    def get_queryset(self) -> QuerySet[Consent]:
        person = person_of(self.kwargs["person_id"])
        return ledger.of_person([person.pk, *identity.origins_of(person.pk)])


STATE = OpenApiParameter("state", str, enum=State.values, description="Only those in this state.")


@extend_schema_view(
    get=extend_schema(
        operation_id="privacy_requests_list",
        summary="List what people asked us to do with their data",
        parameters=[STATE],
        tags=["privacy"],
    )
)
class RequestsView(generics.ListAPIView[PrivacyRequest]):
    read_right = write_right = Right.VIEW
    serializer_class = RequestOut
    pagination_class = _LatestAsked
    filter_backends: tuple[Any, ...] = ()
    queryset = PrivacyRequest.objects.all()

    def get_queryset(self) -> QuerySet[PrivacyRequest]:
        state = self.request.query_params.get("state")
        found = super().get_queryset()
        return found.filter(state=state) if state else found


class RequestAnswerView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="privacy_requests_answer",
        summary="Write down how a request was answered",
        request=AnswerIn,
        responses={200: RequestOut, 409: OpenApiResponse(description="It was answered before")},
        tags=["privacy"],
    )
    def post(self, request: Request, pk: int) -> Response:
        row = get_object_or_404(PrivacyRequest, pk=pk)
        form = AnswerIn(data=request.data)
        form.is_valid(raise_exception=True)
        given, now = form.validated_data, timezone.now()
        with transaction.atomic():
            if not row.decide(state=given["state"], by=request.user, now=now, note=given["note"]):  # type: ignore[arg-type]
                return Response({"title": "It was answered before.", "status": 409}, status=status.HTTP_409_CONFLICT)
            audit.record(
                actor=request.user,  # type: ignore[arg-type]
                action="privacy_request.decide",
                obj=row,
                after={"kind": row.kind, **given},
                now=now,
            )
        row.refresh_from_db()
        return Response(RequestOut(row).data)
