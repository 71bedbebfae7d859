"""How do programs check addresses, clean lists, and keep what nothing is sent to?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni import audit
from omni.celery import nudge
from omni.models import User
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.api.hygiene_serializers import (
    AddressCheckIn,
    AddressCheckOut,
    CleaningIn,
    CleaningOut,
    CleaningResultOut,
    Lifted,
    LiftIn,
    SuppressionIn,
    SuppressionOut,
    SuppressionsAdded,
)
from profiles.api.people import source_of
from profiles.hygiene import checking, cleaning, results, suppressions
from profiles.models import AddressCheck, Cleaning, HygienePolicy, Suppression

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

CHANNEL = OpenApiParameter("channel", str, description="`email` or `phone`.")
REASON = OpenApiParameter("reason", str)
ADDRESS = OpenApiParameter("q", str, description="Exactly this address, or a domain as `@shop.com`.")
STATE = OpenApiParameter("state", str, enum=AddressCheck.State.values)


class _Newest(KeysetPagination):
    ordering = ("-at", "-id")  # type: ignore[assignment]


class _NewestRuns(KeysetPagination):
    ordering = ("-created_at", "-id")  # type: ignore[assignment]


class AddressChecksView(APIView):
    read_right = write_right = Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="address_checks_create",
        summary="Check an address as it is typed",
        description="Answers at once from what is known: spelling, lists, our own letters, and domains looked at before. What is"
        " not known yet is looked at in the background; ask again later, `is_final` says whether that is worth while.",
        request=AddressCheckIn,
        responses=AddressCheckOut,
        tags=["addresses"],
    )
    def post(self, request: Request) -> Response:
        form = AddressCheckIn(data=request.data)
        form.is_valid(raise_exception=True)
        policy, now = HygienePolicy.current(), timezone.now()
        if email := form.validated_data.get("email"):
            row = checking.quick(email, policy=policy, now=now)
        else:
            row = checking.quick_phone(form.validated_data["phone"], policy=policy, now=now)
        if row.retry_at is not None:
            nudge("profiles.tasks.check_addresses")
        return Response(AddressCheckOut(row).data)


@extend_schema_view(
    get=extend_schema(operation_id="cleanings_list", summary="List the runs of list cleaning, newest first", tags=["addresses"]),
    post=extend_schema(
        operation_id="cleanings_create",
        summary="Clean a list of addresses",
        description="The answer comes at once; follow `state` of the run.",
        request=CleaningIn,
        responses={201: CleaningOut},
        tags=["addresses"],
    ),
)
class CleaningsView(generics.ListAPIView[Cleaning]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = CleaningOut
    pagination_class = _NewestRuns
    filter_backends: tuple[Any, ...] = ()
    queryset = Cleaning.objects.all()

    def post(self, request: Request) -> Response:
        form = CleaningIn(data=request.data)
        form.is_valid(raise_exception=True)
        run = _make(form.validated_data, by=_user(request))
        run.start(uses_verifier=form.validated_data["uses_verifier"])
        nudge("profiles.tasks.run_cleanings")
        run.refresh_from_db()
        return Response(CleaningOut(run).data, status=status.HTTP_201_CREATED)


class CleaningView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="cleanings_retrieve",
        summary="See how far a run is and what came of it",
        responses=CleaningResultOut,
        tags=["addresses"],
    )
    def get(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(Cleaning, pk=pk)
        run.parts = results.parts(run)  # type: ignore[attr-defined]
        return Response(CleaningResultOut(run).data)


class CleaningCancelView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="cleanings_cancel",
        summary="Stop a run; what was found stays",
        request=None,
        responses=CleaningOut,
        tags=["addresses"],
    )
    def post(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(Cleaning, pk=pk)
        run.cancel(now=timezone.now())
        run.refresh_from_db()
        return Response(CleaningOut(run).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="cleanings_addresses_list",
        summary="List the verdicts on the addresses of a run",
        parameters=[STATE, REASON],
        tags=["addresses"],
    )
)
class CleaningAddressesView(generics.ListAPIView[AddressCheck]):
    read_right = write_right = Right.VIEW
    serializer_class = AddressCheckOut
    filter_backends: tuple[Any, ...] = ()
    queryset = AddressCheck.objects.all()

    def get_queryset(self) -> QuerySet[AddressCheck]:
        if getattr(self, "swagger_fake_view", False):
            return AddressCheck.objects.none()
        run = get_object_or_404(Cleaning, pk=self.kwargs["pk"])
        query = self.request.query_params
        return results.checks(run, state=query.get("state", ""), reason=query.get("reason", ""))


@extend_schema_view(
    get=extend_schema(
        operation_id="suppressions_list",
        summary="List the addresses and domains nothing is sent to",
        parameters=[CHANNEL, REASON, ADDRESS],
        tags=["addresses"],
    ),
    post=extend_schema(
        operation_id="suppressions_create",
        summary="Block addresses",
        description="The first reason of an address stays.",
        request=SuppressionIn,
        responses={201: SuppressionsAdded},
        tags=["addresses"],
    ),
)
class SuppressionsView(generics.ListAPIView[Suppression]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = SuppressionOut
    pagination_class = _Newest
    filter_backends: tuple[Any, ...] = ()
    queryset = Suppression.objects.all()

    def get_queryset(self) -> QuerySet[Suppression]:
        query = self.request.query_params if hasattr(self.request, "query_params") else QueryDict()
        return suppressions.found_by(query)

    def post(self, request: Request) -> Response:
        form = SuppressionIn(data=request.data)
        form.is_valid(raise_exception=True)
        data, now = form.validated_data, timezone.now()
        read = suppressions.read(channel=data["channel"], lines=data["addresses"], reason=data["reason"], detail=data["detail"])
        added = suppressions.add(entries=read.entries, source=source_of(request), now=now)
        after = {"addresses": len(added), "reason": data["reason"], "channel": data["channel"]}
        audit.record(actor=_user(request), action="suppression.add", obj=_user(request), after=after, now=now)
        body = SuppressionsAdded({"added": sorted(added), "unusable": read.unusable}).data
        return Response(body, status=status.HTTP_201_CREATED)


class SuppressionsLiftView(APIView):
    read_right = write_right = Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="suppressions_lift",
        summary="Let blocked addresses be reached again",
        description="Whether they may be written to is for their consents to say.",
        request=LiftIn,
        responses=Lifted,
        tags=["addresses"],
    )
    def post(self, request: Request) -> Response:
        form = LiftIn(data=request.data)
        form.is_valid(raise_exception=True)
        data, now = form.validated_data, timezone.now()
        read = suppressions.read(channel=data["channel"], lines=data["addresses"], reason="")
        lifted = suppressions.lift(channel=data["channel"], addresses=[one.address for one in read.entries], now=now)
        after = {"addresses": lifted, "reason": data["reason"], "channel": data["channel"], "source": source_of(request)}
        audit.record(actor=_user(request), action="suppression.lift", obj=_user(request), after=after, now=now)
        return Response(Lifted({"lifted": lifted}).data)


def _make(given: dict[str, Any], *, by: User) -> Cleaning:
    now = timezone.now()
    if "addresses" in given:
        return cleaning.from_list(texts=given["addresses"], name=given.get("name") or _("A list"), by=by, now=now)
    name = given.get("name") or cleaning.name_of(given["source"])
    return cleaning.from_people(source=given["source"], name=name, by=by, now=now)


def _user(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
