"""How do programs change many people at once, and keep views of the list?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import exceptions, generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni import celery
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.api.serializers import StrictSerializer
from profiles.models import AttributeDef, PeopleAction, PeopleView, Profile
from profiles.people import actions
from profiles.people import saved_views as people_views
from profiles.people.filters import PersonFilter

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

TASK = "profiles.tasks.run_actions"
MOST_PICKED = 10_000


class NotDoneError(exceptions.APIException):
    """The change is under way, or was taken back already."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Only a change that is done can be taken back."
    default_code = "conflict"


@extend_schema_field(OpenApiTypes.ANY)
class ScalarField(serializers.JSONField):
    """A text, a number, yes or no, or a list of texts."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) <= 100 and all(isinstance(part, str) and len(part) <= 1_000 for part in data):
            return data
        if isinstance(data, bool | int | float) or (isinstance(data, str) and len(data) <= 10_000):
            return data
        raise serializers.ValidationError("This is a text, a number, a boolean or a list of texts.")


class ActionIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=list(actions.KINDS))
    filter = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=4_000,
        help_text="The query of the list of people: `is=country:Poland&email=1`.",
    )
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), required=False, min_length=1, max_length=MOST_PICKED
    )
    key = serializers.CharField(required=False, max_length=255)
    value = ScalarField(required=False)
    tag = serializers.CharField(required=False, max_length=80)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("filter" in attrs) == ("ids" in attrs):
            raise serializers.ValidationError("Give either `filter` or `ids`; an empty filter means everybody.")
        needed = {"attribute": ("key", "value"), "tag_add": ("tag",), "tag_remove": ("tag",)}.get(attrs["kind"], ())
        if missing := [name for name in needed if name not in attrs]:
            raise serializers.ValidationError({name: ["This field is required for the kind."] for name in missing})
        if "key" in needed:
            _check_type(attrs["key"], attrs["value"])
        return attrs


class ActionOut(serializers.ModelSerializer[PeopleAction]):
    params = serializers.DictField(read_only=True)

    class Meta:
        model = PeopleAction
        fields = (
            "id", "kind", "params", "state", "people_total", "people_done", "people_changed", "created_at", "finished_at",
        )  # fmt: skip


class ViewIn(StrictSerializer):
    name = serializers.CharField(max_length=80)
    query = serializers.CharField(max_length=4_000, allow_blank=True)
    is_shared = serializers.BooleanField(required=False, default=False)


class ViewOut(serializers.ModelSerializer[PeopleView]):
    class Meta:
        model = PeopleView
        fields = ("id", "name", "query", "is_shared", "created_at")


@extend_schema_view(
    get=extend_schema(operation_id="people_actions_list", summary="List changes of many people", tags=["people"]),
    post=extend_schema(
        operation_id="people_actions_create",
        summary="Change many people",
        description="Runs in the background; `people_total` is exact at once. It can be taken back for 30 days.",
        request=ActionIn,
        responses={202: ActionOut},
        tags=["people"],
    ),
)
class ActionsView(generics.ListAPIView[PeopleAction]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = ActionOut
    pagination_class = KeysetPagination
    filter_backends: tuple[Any, ...] = ()
    queryset = PeopleAction.objects.all()

    def post(self, request: Request) -> Response:
        form = ActionIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        everybody = Profile.objects.surviving()
        people = everybody.filter(pk__in=given["ids"]) if "ids" in given else _matching(given["filter"], everybody)
        params = {name: given[name] for name in ("key", "value", "tag") if name in given}
        action = actions.start(kind=given["kind"], params=params, people=people, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        celery.nudge(TASK)
        return Response(ActionOut(action).data, status=status.HTTP_202_ACCEPTED)


class ActionView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(operation_id="people_actions_retrieve", summary="See how far it is", responses=ActionOut, tags=["people"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(ActionOut(get_object_or_404(PeopleAction, pk=pk)).data)


class ActionUndoView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_actions_undo",
        summary="Take a change back",
        request=None,
        responses={202: ActionOut},
        tags=["people"],
    )
    def post(self, request: Request, pk: int) -> Response:
        action = get_object_or_404(PeopleAction, pk=pk)
        if not actions.undo(action=action, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
            raise NotDoneError
        celery.nudge(TASK)
        action.refresh_from_db()
        return Response(ActionOut(action).data, status=status.HTTP_202_ACCEPTED)


@extend_schema_view(get=extend_schema(operation_id="people_views_list", summary="List kept views of the list", tags=["people"]))
class ViewsView(generics.ListAPIView[PeopleView]):
    read_right = write_right = Right.VIEW
    serializer_class = ViewOut
    pagination_class = KeysetPagination
    filter_backends: tuple[Any, ...] = ()
    queryset = PeopleView.objects.all()

    def get_queryset(self) -> QuerySet[PeopleView]:
        return people_views.seen_by(self.request.user)  # type: ignore[arg-type]

    @extend_schema(
        operation_id="people_views_create", summary="Keep a view", request=ViewIn, responses={201: ViewOut}, tags=["people"]
    )
    def post(self, request: Request) -> Response:
        form = ViewIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        query = people_views.query_of(QueryDict(given["query"]))
        view = people_views.keep(
            name=given["name"],
            query=query,
            is_shared=given["is_shared"],
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        return Response(ViewOut(view).data, status=status.HTTP_201_CREATED)


class ViewView(APIView):
    read_right = write_right = Right.VIEW

    @extend_schema(
        operation_id="people_views_delete",
        summary="Throw a view of one's own away",
        request=None,
        responses={204: None},
        tags=["people"],
    )
    def delete(self, request: Request, pk: int) -> Response:
        view = get_object_or_404(people_views.seen_by(request.user), pk=pk)  # type: ignore[arg-type]
        if not people_views.delete(view=view, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
            raise exceptions.PermissionDenied
        return Response(status=status.HTTP_204_NO_CONTENT)


def _matching(query: str, people: Any) -> Any:
    """Return the people of this query; a filter that does not read is refused, never left out."""
    found = PersonFilter(QueryDict(query), queryset=people)
    if not found.is_valid():
        raise exceptions.ValidationError({"filter": [f"{name}: {errors[0]}" for name, errors in found.errors.items()]})
    return found.qs


def _check_type(key: str, value: Any) -> None:
    kept = AttributeDef.objects.filter(key=key).values_list("type", flat=True).first()
    kinds: dict[str | None, Any] = {"string": str, "date": str, "number": (int, float), "boolean": bool, "list": list}
    if kept in kinds and (not isinstance(value, kinds[kept]) or (kept == "number" and isinstance(value, bool))):
        raise serializers.ValidationError({"value": [f"The attribute is kept as {kept}."]})
