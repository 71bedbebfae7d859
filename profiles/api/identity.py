"""How do programs say who is who: identifiers of a person, merges and their undoing?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles import identity
from profiles.api.people import person_of, source_of
from profiles.api.serializers import IdentifierOut, PersonOut, StrictSerializer
from profiles.identity import by_hand, parting, words
from profiles.models import Identifier, Merge, Profile

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

CONFLICT = OpenApiResponse(description="A problem document that says what stands in the way")


class ConflictError(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class NewIdentifierIn(StrictSerializer):
    type = serializers.SlugField(
        max_length=32, help_text="user_id, email, phone, telegram, linkedin, device_id, anonymous_id or a word of your own."
    )
    value = serializers.CharField(max_length=255)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        normal = identity.normalize(attrs["type"], attrs["value"])
        if normal is None:
            raise serializers.ValidationError({"value": ["This cannot be used as an identifier."]})
        return {**attrs, "value": normal}


class IdentifierPatch(StrictSerializer):
    is_verified = serializers.BooleanField(required=False)
    person = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Give it to this person; the two are kept apart from then on."
    )


class MergeIn(StrictSerializer):
    person = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="The other profile of the same person.")
    keep = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=dict,
        help_text="{attribute: id of the profile whose value stays}. Of others the newest stays.",
    )
    confirm_user_ids = serializers.BooleanField(
        required=False, default=False, help_text="They are one person although they have different user ids."
    )


class MergeOut(serializers.ModelSerializer[Merge]):
    why = serializers.SerializerMethodField()
    can_be_undone = serializers.SerializerMethodField(help_text="False: undone already, or a later merge must be undone first.")

    class Meta:
        model = Merge
        fields = (
            "id", "root", "origin", "rule", "why", "evidence", "merged_by", "merged_at", "reversed_by", "reversed_at",
            "can_be_undone",
        )  # fmt: skip

    def get_why(self, merge: Merge) -> str:
        return words.of_merge(merge, source=merge.evidence.get("source", ""))

    def get_can_be_undone(self, merge: Merge) -> bool:
        return merge.reversed_at is None and merge.root.merged_into_id is None


class UndoIn(StrictSerializer):
    give = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        default=list,
        help_text="Ids of identifiers that came after the merge and belong to the origin. Others stay.",
    )


class PersonIdentifiersView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_identifiers_list",
        summary="List what a person is known by",
        responses=IdentifierOut(many=True),
        tags=["identity"],
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(IdentifierOut(person_of(pk).identifiers.order_by("pk"), many=True).data)

    @extend_schema(
        operation_id="people_identifiers_create",
        summary="Add an identifier to a person",
        request=NewIdentifierIn,
        responses={201: IdentifierOut, 409: CONFLICT},
        tags=["identity"],
    )
    def post(self, request: Request, pk: int) -> Response:
        form = NewIdentifierIn(data=request.data)
        form.is_valid(raise_exception=True)
        key = (form.validated_data["type"], form.validated_data["value"])
        try:
            row = by_hand.add_identifier(person=person_of(pk), key=key, source=source_of(request), now=timezone.now())
        except by_hand.TakenError as taken:
            raise ConflictError(f"Person {taken.owner_id} has it. Merge the two, or move it.") from None
        except by_hand.CannotMergeError as error:
            raise ConflictError(words.of_obstacle(error.code)) from None
        return Response(IdentifierOut(row).data, status=status.HTTP_201_CREATED)


class PersonIdentifierView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_identifiers_update",
        summary="Mark an identifier as verified, or give it to another person",
        request=IdentifierPatch,
        responses={200: IdentifierOut, 409: CONFLICT},
        tags=["identity"],
    )
    def patch(self, request: Request, pk: int, identifier_id: int) -> Response:
        form = IdentifierPatch(data=request.data)
        form.is_valid(raise_exception=True)
        person, now = person_of(pk), timezone.now()
        row = get_object_or_404(Identifier, pk=identifier_id, profile=person)
        if "is_verified" in form.validated_data:
            is_verified = form.validated_data["is_verified"]
            row = by_hand.verify_identifier(person=person, identifier_id=row.pk, is_verified=is_verified, now=now)
        if "person" in form.validated_data:
            to = person_of(form.validated_data["person"])
            try:
                by_hand.move_identifier(person=person, identifier_id=row.pk, to=to, by=source_of(request), now=now)
            except by_hand.LastIdentifierError:
                raise ConflictError("It is the last identifier of the person.") from None
            except by_hand.CannotMergeError as error:
                raise ConflictError(words.of_obstacle(error.code)) from None
        row.refresh_from_db()
        return Response(IdentifierOut(row).data)

    @extend_schema(
        operation_id="people_identifiers_delete",
        summary="Take an identifier away from a person",
        responses={204: None, 409: CONFLICT},
        tags=["identity"],
    )
    def delete(self, request: Request, pk: int, identifier_id: int) -> Response:
        person = person_of(pk)
        get_object_or_404(Identifier, pk=identifier_id, profile=person)
        try:
            by_hand.remove_identifier(person=person, identifier_id=identifier_id, now=timezone.now())
        except by_hand.LastIdentifierError:
            raise ConflictError("It is the last identifier of the person.") from None
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    get=extend_schema(operation_id="people_merges_list", summary="List the merges of a person, newest first", tags=["identity"]),
    post=extend_schema(
        operation_id="people_merges_create",
        summary="Make two profiles one person",
        description="Both directions give the same result. Answers with the person. What is one already stays so.",
        request=MergeIn,
        responses={200: PersonOut, 409: CONFLICT},
        tags=["identity"],
    ),
)
class PersonMergesView(generics.ListAPIView[Merge]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = MergeOut
    pagination_class = KeysetPagination
    queryset = Merge.objects.select_related("root")
    filter_backends: tuple[Any, ...] = ()

    def get_queryset(self) -> QuerySet[Merge]:
        person = person_of(self.kwargs["pk"])
        everybody = [person.pk, *identity.origins_of(person.pk)]
        return super().get_queryset().filter(Q(root__in=everybody) | Q(origin__in=everybody))

    def post(self, request: Request, pk: int) -> Response:
        form = MergeIn(data=request.data)
        form.is_valid(raise_exception=True)
        one, other = person_of(pk), person_of(form.validated_data["person"])
        keep = form.validated_data["keep"]
        whose = {one.pk: one.pk, other.pk: other.pk, pk: one.pk, form.validated_data["person"]: other.pk}
        if unknown := sorted(key for key, profile_id in keep.items() if profile_id not in whose):
            raise serializers.ValidationError({"keep": [f"Neither of the two is meant by: {', '.join(unknown)[:200]}."]})
        try:
            by_hand.merge(
                one=one.pk,
                other=other.pk,
                keep={key: whose[profile_id] for key, profile_id in keep.items()},
                confirms_user_ids=form.validated_data["confirm_user_ids"],
                by=source_of(request),
                now=timezone.now(),
            )
        except by_hand.CannotMergeError as error:
            raise ConflictError(words.of_obstacle(error.code)) from None
        except identity.ContentionError:
            raise ConflictError("Others are changing the same people. Try again.") from None
        return Response(PersonOut(person_of(pk)).data)


class MergeUndoView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_merges_undo",
        summary="Undo a merge",
        description="Both are as if it had not happened. Events never moved. No rule joins the two again; only a person does.",
        request=UndoIn,
        responses={200: MergeOut, 409: CONFLICT},
        tags=["identity"],
    )
    def post(self, request: Request, pk: int, merge_id: int) -> Response:
        form = UndoIn(data=request.data)
        form.is_valid(raise_exception=True)
        person = get_object_or_404(Profile, pk=pk)
        family = [person.pk, person.merged_into_id or person.pk]
        family += identity.origins_of(family[-1])
        merge = get_object_or_404(Merge, Q(root__in=family) | Q(origin__in=family), pk=merge_id)
        try:
            done = parting.part(merge_id=merge.pk, give=form.validated_data["give"], by=source_of(request), now=timezone.now())
        except parting.CannotPartError as error:
            first = f" Undo merge {error.first.pk} first." if error.first else ""
            raise ConflictError(f"It cannot be undone: {error}.{first}") from None
        except identity.ContentionError:
            raise ConflictError("Others are changing the same people. Try again.") from None
        return Response(MergeOut(done).data)
