"""How do programs make, read and ask segments?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.celery import nudge
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.models import Profile
from segments import compiler, editing, names, tree
from segments.api.serializers import (
    DefinitionIn,
    DescribeOut,
    IsMemberOut,
    MemberOut,
    PreviewOut,
    SegmentIn,
    SegmentOut,
    SegmentPatch,
    place,
)
from segments.forms import SegmentFilter
from segments.models import Membership, Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from rest_framework.request import Request

REFRESH = "segments.tasks.refresh_stale"
PROBLEM = OpenApiResponse(description="A problem document with every fault and its place.")


class TooSlow(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Counting takes too long right now. Try again later, or save the segment and read its size."
    default_code = "too_slow"


class InUse(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "in_use"


class _Newest(KeysetPagination):
    ordering = "-id"


class _ByPerson(KeysetPagination):
    ordering = "-profile_id"


class _SegmentView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_SEGMENTS


@extend_schema_view(
    get=extend_schema(operation_id="segments_list", summary="List segments", tags=["segments"]),
    post=extend_schema(
        operation_id="segments_create",
        summary="Make a segment",
        description="It fills by itself within seconds; `refreshed_at` is null until then.",
        request=SegmentIn,
        responses={201: SegmentOut, 400: PROBLEM},
        tags=["segments"],
    ),
)
class SegmentsView(generics.ListAPIView[Segment]):
    read_right, write_right = Right.VIEW, Right.EDIT_SEGMENTS
    queryset = Segment.objects.all()
    serializer_class = SegmentOut
    filterset_class = SegmentFilter
    pagination_class = _Newest

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with names.loaded():
            return super().list(request, *args, **kwargs)

    def post(self, request: Request) -> Response:
        form = SegmentIn(data=request.data)
        form.is_valid(raise_exception=True)
        segment = _checked(lambda: editing.create(**form.validated_data, by=_user(request), now=timezone.now()))
        nudge(REFRESH)
        return Response(SegmentOut(segment).data, status=status.HTTP_201_CREATED)


class SegmentView(_SegmentView):
    @extend_schema(operation_id="segments_retrieve", summary="Read a segment", responses=SegmentOut, tags=["segments"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(SegmentOut(get_object_or_404(Segment, pk=pk)).data)

    @extend_schema(
        operation_id="segments_update",
        summary="Change a segment",
        description="What is left out stays. Another definition makes a new version and refills the segment.",
        request=SegmentPatch,
        responses={200: SegmentOut, 400: PROBLEM},
        tags=["segments"],
    )
    def patch(self, request: Request, pk: int) -> Response:
        segment = get_object_or_404(Segment, pk=pk)
        form = SegmentPatch(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        held = {"name": segment.name, "description": segment.description, "definition": segment.definition}
        values = {**held, **form.validated_data}
        changed = _checked(lambda: editing.change(segment, **values, by=_user(request), now=timezone.now()))
        nudge(REFRESH)
        return Response(SegmentOut(changed).data)


class SegmentArchiveView(_SegmentView):
    @extend_schema(
        operation_id="segments_archive",
        summary="Put a segment away",
        request=None,
        responses={200: SegmentOut, 409: OpenApiResponse(description="Something live asks about it.")},
        tags=["segments"],
    )
    def post(self, request: Request, pk: int) -> Response:
        segment = get_object_or_404(Segment, pk=pk)
        try:
            editing.archive(segment, by=_user(request), now=timezone.now())
        except editing.InUseError as error:
            raise InUse(f"This segment is in use: {error}.") from error
        segment.refresh_from_db()
        return Response(SegmentOut(segment).data)


class SegmentRestoreView(_SegmentView):
    @extend_schema(
        operation_id="segments_restore", summary="Bring a segment back", request=None, responses=SegmentOut, tags=["segments"]
    )
    def post(self, request: Request, pk: int) -> Response:
        segment = get_object_or_404(Segment, pk=pk)
        editing.restore(segment, by=_user(request), now=timezone.now())
        nudge(REFRESH)
        segment.refresh_from_db()
        return Response(SegmentOut(segment).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="segments_members",
        summary="List who is in a segment",
        description="Now, or with `at` whoever was in it at that moment.",
        parameters=[OpenApiParameter("at", str, description="A moment, ISO 8601 with its zone.")],
        tags=["segments"],
    )
)
class SegmentMembersView(generics.ListAPIView[Membership]):
    read_right = Right.VIEW
    serializer_class = MemberOut
    pagination_class = _ByPerson
    filter_backends = ()
    queryset = Membership.objects.none()

    def get_queryset(self) -> QuerySet[Membership]:
        segment = get_object_or_404(Segment, pk=self.kwargs["pk"])
        rows = Membership.objects.filter(segment=segment)
        if not (asked := self.request.query_params.get("at")):
            return rows.filter(until_at=None)
        at = _moment(asked)
        return rows.filter(from_at__lte=at).exclude(until_at__lte=at)


class SegmentPersonView(_SegmentView):
    @extend_schema(
        operation_id="segments_is_member",
        summary="Say whether a person is in a segment, and why",
        responses=IsMemberOut,
        tags=["segments"],
    )
    def get(self, request: Request, pk: int, person: int) -> Response:
        segment = get_object_or_404(Segment, pk=pk)
        found = get_object_or_404(Profile, pk=person)
        root = found.merged_into_id or found.pk
        open_row = Membership.objects.filter(segment=segment, profile_id=root, until_at=None).first()
        findings = _checked(lambda: compiler.explain(segment.definition, profile_id=root, now=timezone.now()))
        answer = {"is_member": open_row is not None, "since": open_row.from_at if open_row else None, "findings": findings}
        return Response(IsMemberOut(answer).data)


class PreviewView(_SegmentView):
    write_right = Right.VIEW  # nothing is written

    @extend_schema(
        operation_id="segments_preview",
        summary="Count whom a definition describes, and show a few of them",
        request=DefinitionIn,
        responses={200: PreviewOut, 400: PROBLEM, 503: OpenApiResponse(description="Counting takes too long.")},
        tags=["segments"],
    )
    def post(self, request: Request) -> Response:
        seen = _checked(lambda: compiler.preview(_definition(request), now=timezone.now()))
        return Response(PreviewOut(seen).data)


class DescribeView(_SegmentView):
    write_right = Right.VIEW  # nothing is written

    @extend_schema(
        operation_id="segments_describe",
        summary="Say a definition in words",
        request=DefinitionIn,
        responses={200: DescribeOut, 400: PROBLEM},
        tags=["segments"],
    )
    def post(self, request: Request) -> Response:
        definition = _definition(request)
        return Response(DescribeOut({"sentence": tree.describe(definition), "reads": tree.reads(definition)}).data)


def _definition(request: Request) -> tree.Definition:
    form = DefinitionIn(data=request.data)
    form.is_valid(raise_exception=True)
    definition: tree.Definition = form.validated_data["definition"]
    return definition


def _checked(act: Callable[[], Any]) -> Any:
    """Return what `act` returns, its refusals as problem documents."""
    try:
        return act()
    except tree.InvalidDefinitionError as error:
        faults = [f"{place(fault)}: {fault.text}" for fault in error.faults]
        raise serializers.ValidationError({"definition": faults}) from error
    except compiler.TooSlowError as error:
        raise TooSlow from error


def _moment(asked: str) -> Any:
    try:
        at = parse_datetime(asked)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise serializers.ValidationError({"at": ["A moment with its zone is expected, such as 2026-03-03T10:00:00Z."]})
    return at


def _user(request: Request) -> Any:
    return request.user
