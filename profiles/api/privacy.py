"""How do programs hand out, freeze, test-mark and erase what is held about a person?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni import audit
from omni.celery import nudge
from omni.models import User
from omni.roles import Right
from profiles import identity, tombstones
from profiles.api.people import person_of, source_of
from profiles.api.serializers import PersonOut, StrictSerializer
from profiles.models import AccessExport, Erasure, Profile
from profiles.privacy import copies, erasure, freezing, paper

if TYPE_CHECKING:
    from rest_framework.request import Request


class HeldOut(serializers.Serializer[Any]):
    """One table: what it holds, how many rows, and what an erasure does to them."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    rows = serializers.IntegerField()
    fate = serializers.ChoiceField(["erased", "nameless", "kept"])


class ErasurePreviewOut(serializers.Serializer[Any]):
    profile_ids = serializers.ListField(child=serializers.IntegerField(), help_text="The person, and everybody merged into them.")
    held = HeldOut(many=True)
    shared_with = serializers.ListField(
        child=serializers.IntegerField(), help_text="Other people who carry an address or phone of theirs; they stay."
    )


class EraseIn(StrictSerializer):
    confirm = serializers.IntegerField(help_text="The id of the person again.")
    reason = serializers.CharField(max_length=300)


class ErasureOut(serializers.ModelSerializer[Erasure]):
    tombstones = serializers.SerializerMethodField()

    class Meta:
        model = Erasure
        fields = (
            *("id", "number", "profile_ids", "state", "counts", "reason", "by_label", "begun_at", "finished_at"),
            *("backups_expire_date", "tombstones"),
        )

    def get_tombstones(self, row: Erasure) -> list[str]:
        return list(row.tombstones.order_by("pk").values_list("hash", flat=True))


class CopyOut(serializers.ModelSerializer[AccessExport]):
    class Meta:
        model = AccessExport
        fields = ("id", "profile_id", "state", "rows_total", "rows_done", "error", "created_at", "finished_at", "expires_at")


class ReasonIn(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class TestIn(StrictSerializer):
    is_test = serializers.BooleanField()


class LiftIn(StrictSerializer):
    type = serializers.CharField(max_length=32, help_text="Such as email, phone or user_id.")
    value = serializers.CharField(max_length=255)
    reason = serializers.CharField(max_length=300)


class ChangedProblem(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = "The person was merged or erased meanwhile. Look again."
    default_code = "changed"


def _user(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _valid(form: serializers.Serializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


class PersonErasureView(APIView):
    read_right = write_right = Right.ADMINISTER

    @extend_schema(
        operation_id="people_erasure_preview",
        summary="See what erasing a person would do",
        responses=ErasurePreviewOut,
        tags=["privacy"],
    )
    def get(self, request: Request, pk: int) -> Response:
        found = erasure.preview(person_of(pk).pk)
        held = [
            {"key": line.holding.key, "label": line.holding.label, "rows": line.count, "fate": line.holding.fate.name.lower()}
            for line in found.lines
            if line.count
        ]
        shared = [other.pk for other in found.sharing]
        return Response(ErasurePreviewOut({"profile_ids": found.profile_ids, "held": held, "shared_with": shared}).data)

    @extend_schema(
        operation_id="people_erase",
        summary="Erase a person for good",
        description="The person is gone with this answer; what else is held is swept in the background, follow `state`.",
        request=EraseIn,
        responses={202: ErasureOut, 409: OpenApiResponse(description="The person was merged or erased meanwhile")},
        tags=["privacy"],
    )
    def post(self, request: Request, pk: int) -> Response:
        given = _valid(EraseIn(data=request.data))
        person = get_object_or_404(Profile, pk=pk)
        if given["confirm"] != person.pk:
            raise exceptions.ValidationError({"confirm": ["This is not the id of the person."]})
        now = timezone.now()
        try:
            begun = erasure.begin(person_id=pk, reason=given["reason"], by=_user(request), by_label=source_of(request), now=now)
        except erasure.ChangedError:
            raise ChangedProblem from None
        nudge("profiles.tasks.run_erasures")
        return Response(ErasureOut(begun).data, status=status.HTTP_202_ACCEPTED)


class ErasureView(APIView):
    read_right = write_right = Right.VIEW

    @extend_schema(operation_id="erasures_retrieve", summary="See how far an erasure is", responses=ErasureOut, tags=["privacy"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(ErasureOut(get_object_or_404(Erasure, pk=pk)).data)


class TombstoneLiftView(APIView):
    read_right = write_right = Right.ADMINISTER

    @extend_schema(
        operation_id="tombstones_lift",
        summary="Let an identifier of an erased person be used again",
        description="An address comes back opted out, and blocked when it was.",
        request=LiftIn,
        responses={204: None, 404: OpenApiResponse(description="No tombstone stands for it")},
        tags=["privacy"],
    )
    def post(self, request: Request) -> Response:
        given = _valid(LiftIn(data=request.data))
        normal = identity.normalize(given["type"], given["value"])
        if normal is None:
            raise exceptions.ValidationError({"value": ["This cannot be an identifier of this kind."]})
        now = timezone.now()
        stone = tombstones.lift(key=(given["type"], normal), reason=given["reason"], by=source_of(request), now=now)
        if stone is None:
            raise exceptions.NotFound
        audit.record(actor=_user(request), action="tombstone.lift", obj=stone, after={"reason": given["reason"]}, now=now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PersonCopiesView(APIView):
    read_right = write_right = Right.EXPORT

    @extend_schema(
        operation_id="people_copy_create",
        summary="Make a copy of a person's data",
        request=None,
        responses={202: CopyOut},
        tags=["privacy"],
    )
    def post(self, request: Request, pk: int) -> Response:
        person = person_of(pk)
        new = copies.ask(person=person, by=_user(request), by_label=source_of(request), now=timezone.now())
        nudge("profiles.tasks.make_copies")
        return Response(CopyOut(new).data, status=status.HTTP_202_ACCEPTED)


class CopyView(APIView):
    read_right = write_right = Right.EXPORT

    @extend_schema(operation_id="copies_retrieve", summary="See how far a copy is", responses=CopyOut, tags=["privacy"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(CopyOut(_copy(pk)).data)


class CopyDataView(APIView):
    read_right = write_right = Right.EXPORT

    @extend_schema(
        operation_id="copies_data_retrieve",
        summary="Get a copy that is ready, as JSON",
        responses=OpenApiTypes.OBJECT,
        tags=["privacy"],
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        copy = _copy(pk)
        if copy.state != AccessExport.State.READY:
            raise exceptions.NotFound
        person = Profile(pk=copy.profile_id)
        audit.record(actor=_user(request), action="person.copy.read", obj=person, after={"copy": copy.pk}, now=timezone.now())
        return paper.protected(FileResponse(copy.as_json.open("rb"), content_type="application/json"))


class PersonRestrictionView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_restrict",
        summary="Freeze a person's data: kept, and used for nothing",
        request=ReasonIn,
        responses=PersonOut,
        tags=["privacy"],
    )
    def put(self, request: Request, pk: int) -> Response:
        return self._turn(request, pk, freezing.restrict)

    @extend_schema(
        operation_id="people_release",
        summary="Let a person's data be used again",
        request=ReasonIn,
        responses=PersonOut,
        tags=["privacy"],
    )
    def post(self, request: Request, pk: int) -> Response:
        return self._turn(request, pk, freezing.release)

    def _turn(self, request: Request, pk: int, act: Any) -> Response:
        given = _valid(ReasonIn(data=request.data))
        act(person=person_of(pk), reason=given["reason"], by=_user(request), now=timezone.now())
        return Response(PersonOut(person_of(pk)).data)


class PersonTestView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_test",
        summary="Make a person a test profile, or real again",
        request=TestIn,
        responses=PersonOut,
        tags=["privacy"],
    )
    def put(self, request: Request, pk: int) -> Response:
        given = _valid(TestIn(data=request.data))
        freezing.set_test(person_ids=[person_of(pk).pk], is_test=given["is_test"], by=_user(request), now=timezone.now())
        return Response(PersonOut(person_of(pk)).data)


def _copy(pk: int) -> AccessExport:
    return get_object_or_404(AccessExport, pk=pk, expires_at__gt=timezone.now())
