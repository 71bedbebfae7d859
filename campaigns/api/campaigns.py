"""How do programs make, publish and steer campaigns? The same functions as the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from campaigns import engine, graph, versions
from campaigns.api.serializers import (
    CampaignDetailOut,
    CampaignIn,
    CampaignOut,
    EnrolmentOut,
    EntryIn,
    EntryOut,
    ValidationOut,
    VersionOut,
)
from campaigns.models import Campaign, Enrolment
from campaigns.steps.library import Library
from omni import celery
from omni.pagination import KeysetPagination
from omni.roles import Right

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

SENDING = {"publish", "pause", "resume", "stop", "enter"}


class Conflict(exceptions.APIException):
    """The campaign is in no state for this."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class CampaignFilter(filters.FilterSet):
    name = filters.CharFilter(field_name="name", lookup_expr="icontains")
    state = filters.MultipleChoiceFilter(choices=Campaign.State.choices)

    class Meta:
        model = Campaign
        fields: ClassVar = ["name", "state"]


@extend_schema_view(
    list=extend_schema(summary="List campaigns"),
    retrieve=extend_schema(summary="Read a campaign with its draft", responses=CampaignDetailOut),
)
@extend_schema(tags=["campaigns"])
class CampaignViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Campaign]):
    read_right = Right.VIEW
    serializer_class = CampaignOut
    filterset_class = CampaignFilter
    pagination_class = KeysetPagination
    lookup_value_regex = r"\d+"

    @property
    def write_right(self) -> Right:
        return Right.SEND if self.action in SENDING else Right.EDIT_CAMPAIGNS

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.defer("undo", "redo").select_related("topic", "current_version")

    def get_serializer_class(self) -> type[BaseSerializer[Campaign]]:
        return CampaignOut if self.action == "list" else CampaignDetailOut

    @extend_schema(summary="Make a campaign as a draft", request=CampaignIn, responses={201: CampaignDetailOut})
    def create(self, request: Request) -> Response:
        given = self._given(request)
        draft = given.pop("draft", None) or graph.blank()
        campaign = versions.create(draft=draft, by=request.user, now=timezone.now(), **given)  # type: ignore[arg-type]
        return Response(CampaignDetailOut(campaign).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change the draft or the settings", request=CampaignIn, responses=CampaignDetailOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        campaign, given = self.get_object(), self._given(request, partial=True)
        draft = given.pop("draft", None)
        try:
            if draft is not None:
                versions.edit(campaign=campaign, change=lambda _before: draft)
        except versions.NotPossibleError as error:
            raise Conflict(str(error)) from error
        versions.configure(campaign=campaign, by=request.user, now=timezone.now(), **given)  # type: ignore[arg-type]
        return self._show()

    @extend_schema(summary="Say what keeps the draft from being published", request=None, responses=ValidationOut)
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, pk: str) -> Response:
        found = versions.faults(self.get_object(), Library(now=timezone.now()))
        return Response(ValidationOut({"is_sound": not found, "faults": found}).data)

    @extend_schema(summary="Publish the draft as the next version", request=None, responses={200: VersionOut, 409: None})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        try:
            version = versions.publish(campaign=self.get_object(), by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except versions.NotSoundError as error:
            raise exceptions.ValidationError({fault.path: [fault.text] for fault in error.faults}) from error
        except versions.NotPossibleError as error:
            raise Conflict(str(error)) from error
        _nudge()
        return Response(VersionOut(version).data)

    @extend_schema(summary="Hold everybody where they are", request=None, responses={200: CampaignDetailOut, 409: None})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self._turned(self.get_object().pause(by=request.user, now=timezone.now()))  # type: ignore[arg-type]

    @extend_schema(summary="Let a paused campaign run again", request=None, responses={200: CampaignDetailOut, 409: None})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._turned(versions.resume(campaign=self.get_object(), by=request.user, now=timezone.now()))  # type: ignore[arg-type]

    @extend_schema(summary="End a campaign for good", request=None, responses={200: CampaignDetailOut, 409: None})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        return self._turned(self.get_object().stop(by=request.user, now=timezone.now()))  # type: ignore[arg-type]

    @extend_schema(summary="List the published versions, newest first", responses=VersionOut(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        rows = self.get_object().versions.select_related("published_by").order_by("-number")
        return Response(VersionOut(rows, many=True).data)

    @extend_schema(summary="List who came in, newest first", responses=EnrolmentOut(many=True))
    @action(detail=True, filterset_class=None)
    def enrolments(self, request: Request, pk: str) -> Response:
        rows: Any = Enrolment.objects.filter(campaign=self.get_object()).select_related("step", "version")
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(EnrolmentOut(page, many=True).data)

    @extend_schema(summary="Let people in", request=EntryIn, responses={200: EntryOut, 409: None})
    @enrolments.mapping.post
    def enter(self, request: Request, pk: str) -> Response:
        serializer = EntryIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        given, campaign = serializer.validated_data, self.get_object()
        if campaign.state != Campaign.State.LIVE:
            raise Conflict("Only a live campaign lets people in.")
        entered = engine.let_in(
            campaign=campaign, profile_ids=given["profile_ids"], entry_key=f"api {given['entry_key']}", now=timezone.now()
        )
        celery.nudge("campaigns.tasks.advance")
        return Response({"entered": entered})

    def _given(self, request: Request, *, partial: bool = False) -> dict[str, Any]:
        serializer = CampaignIn(data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _turned(self, done: bool) -> Response:
        if not done:
            raise Conflict("The campaign is in no state for this.")
        _nudge()
        return self._show()

    def _show(self) -> Response:
        return Response(CampaignDetailOut(self.get_object()).data)


def _nudge() -> None:
    for task in ("campaigns.tasks.fire_due", "campaigns.tasks.advance"):
        celery.nudge(task)
