"""How do programs read and mend people?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import exceptions, generics, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.models import ApiKey
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles import attributes, consent, identity
from profiles.api.serializers import ConsentIn, ConsentStateOut, EventOut, PersonIn, PersonOut, PersonPatch
from profiles.models import ConsentState, Event, Profile
from profiles.people.filters import PersonFilter
from profiles.upsert import upsert

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

PEOPLE = Profile.objects.surviving().prefetch_related("identifiers")
ATTRIBUTE = OpenApiParameter("is", str, many=True, description="`key:text`: people whose attribute reads so. May be repeated.")
IMPORT = OpenApiParameter("import", int, description="People whom this import meant.")


class _Newest(KeysetPagination):
    ordering = ("-time", "-id")  # type: ignore[assignment]


class ErasedProblem(exceptions.APIException):
    """The person was erased, and nothing may bring them back but lifting the tombstone."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The person with these identifiers was erased. Lift the tombstone first, with a reason."
    default_code = "erased"


def source_of(request: Request) -> str:
    """Return who says so, as stored beside what was said."""
    return f"api:{request.auth.name}"[:80] if isinstance(request.auth, ApiKey) else f"staff:{request.user}"[:80]


def person_of(pk: int) -> Profile:
    """Return the person of this id; of one that was merged away the survivor. 404 when there is none."""
    found = get_object_or_404(Profile, pk=pk)
    survivor: Profile = get_object_or_404(PEOPLE, pk=found.merged_into_id or found.pk)
    return survivor


@extend_schema_view(
    get=extend_schema(operation_id="people_list", summary="List people", parameters=[ATTRIBUTE, IMPORT], tags=["people"]),
    post=extend_schema(
        operation_id="people_upsert",
        summary="Find or make the person with these identifiers",
        description="Makes the person when nobody has one of the identifiers, joins people who turn out to be one.",
        request=PersonIn,
        responses={
            200: PersonOut,
            201: PersonOut,
            400: OpenApiResponse(description="A problem document with every violation"),
            409: OpenApiResponse(description="A problem document of code `erased`: the person asked to be forgotten"),
        },
        tags=["people"],
    ),
)
class PeopleView(generics.ListAPIView[Profile]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = PersonOut
    filterset_class = PersonFilter
    queryset = PEOPLE

    def post(self, request: Request) -> Response:
        form = PersonIn(data=request.data)
        form.is_valid(raise_exception=True)
        now = timezone.now()
        given = form.validated_data
        try:
            done = upsert(
                identifiers=list(given["identifiers"].items()),
                values=given["attributes"],
                source=source_of(request),
                at=min(given.get("at", now), now),
                now=now,
            )
        except identity.ErasedError:
            raise ErasedProblem from None
        code = status.HTTP_201_CREATED if done.is_new else status.HTTP_200_OK
        return Response(PersonOut(person_of(done.profile_id)).data, status=code)


class PersonView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(operation_id="people_retrieve", summary="Get one person", responses=PersonOut, tags=["people"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(PersonOut(person_of(pk)).data)

    @extend_schema(
        operation_id="people_update",
        summary="Set attributes of a person",
        request=PersonPatch,
        responses=PersonOut,
        tags=["people"],
    )
    def patch(self, request: Request, pk: int) -> Response:
        form = PersonPatch(data=request.data)
        form.is_valid(raise_exception=True)
        now = timezone.now()
        at = min(form.validated_data.get("at", now), now)
        person = person_of(pk)
        change = attributes.Change(person.pk, form.validated_data["attributes"], at, source_of(request))
        attributes.apply(changes=[change], now=now)
        return Response(PersonOut(person_of(pk)).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="people_events_list",
        summary="List what a person did, newest first",
        tags=["people"],
    )
)
class PersonEventsView(generics.ListAPIView[Event]):
    read_right = write_right = Right.VIEW
    serializer_class = EventOut
    pagination_class = _Newest
    queryset = Event.objects.select_related("name")
    filter_backends: tuple[Any, ...] = ()

    def get_queryset(self) -> QuerySet[Event]:
        person = person_of(self.kwargs["person_id"])
        return super().get_queryset().of_person(person.pk, identity.origins_of(person.pk))  # type: ignore[attr-defined, no-any-return]


class PersonConsentsView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_consents_list",
        summary="List the standing word per address and topic",
        responses=ConsentStateOut(many=True),
        tags=["consents"],
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(ConsentStateOut(_states(person_of(pk)), many=True).data)

    @extend_schema(
        operation_id="people_consents_create",
        summary="Record that a person opted in or out",
        description="Appends to the ledger. A permission without proof never lifts an opt-out; see what holds.",
        request=ConsentIn,
        responses={201: ConsentStateOut(many=True)},
        tags=["consents"],
    )
    def post(self, request: Request, pk: int) -> Response:
        form = ConsentIn(data=request.data)
        form.is_valid(raise_exception=True)
        now = timezone.now()
        given = form.validated_data
        person = person_of(pk)
        get_object_or_404(person.contact_points, kind=given["channel"], address=given["address"])
        change = consent.Change(
            channel=given["channel"],
            address=given["address"],
            status=given["status"],
            at=min(given.get("at", now), now),
            method="api",
            topic=given["topic"],
            source=given["source"],
            proof=given["proof"],
            profile_id=person.pk,
        )
        consent.record(changes=[change], now=now)
        return Response(ConsentStateOut(_states(person), many=True).data, status=status.HTTP_201_CREATED)


def _states(person: Profile) -> QuerySet[ConsentState]:
    addresses = person.contact_points.values_list("address", flat=True)
    return ConsentState.objects.filter(address__in=addresses).order_by("channel", "address", "topic")
