"""How do programs read a person's timeline, and read and write the notes of staff?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions, generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles import identity
from profiles.api.people import person_of
from profiles.api.serializers import StrictSerializer
from profiles.models import Note
from profiles.person import notes, timeline

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from profiles.models import Profile


class DetailOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()


class EntryOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField()
    details = DetailOut(many=True)


class TimelineOut(serializers.Serializer[Any]):
    next_before = serializers.DateTimeField(allow_null=True, help_text="`before` of the next page; null at the end.")
    results = EntryOut(many=True)


class NoteIn(StrictSerializer):
    text = serializers.CharField(max_length=notes.LONGEST)


class NoteOut(serializers.ModelSerializer[Note]):
    author = serializers.CharField(source="author.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Note
        fields = ("id", "text", "author", "created_at", "edited_at", "pinned_at")


class PersonTimelineView(APIView):
    read_right = write_right = Right.VIEW

    @extend_schema(
        operation_id="people_timeline",
        summary="Read what happened with a person, newest first",
        parameters=[
            OpenApiParameter("kind", str, description="One kind of entries, such as `event`, `message` or `consent`."),
            OpenApiParameter("before", str, description="Entries older than this moment (ISO 8601): `next_before` of a page."),
        ],
        responses=TimelineOut,
        tags=["people"],
    )
    def get(self, request: Request, pk: int) -> Response:
        asked = request.query_params.get("before", "")
        try:
            before = parse_datetime(asked) if asked else None
        except ValueError:
            before = None
        if asked and (before is None or before.tzinfo is None):
            raise exceptions.ValidationError({"before": ["This is not a moment with its zone in ISO 8601."]})
        kind = request.query_params.get("kind", "")
        found = timeline.read(profile_ids=_everybody(person_of(pk)), kind=kind, before=before)
        entries = [
            {
                "at": entry.at,
                "kind": entry.kind,
                "title": str(entry.title),
                "sentence": str(entry.sentence),
                "details": [{"name": str(name), "value": str(value)} for name, value in entry.details],
            }
            for day in found.days
            for entry in day.entries
        ]
        return Response({"next_before": found.older, "results": EntryOut(entries, many=True).data})


class _NewestNote(KeysetPagination):
    ordering = ("-created_at", "-id")  # type: ignore[assignment]


@extend_schema_view(get=extend_schema(operation_id="people_notes_list", summary="List the notes of staff", tags=["people"]))
class PersonNotesView(generics.ListAPIView[Note]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = NoteOut
    pagination_class = _NewestNote
    filter_backends: tuple[Any, ...] = ()
    queryset = Note.objects.select_related("author")

    def get_queryset(self) -> QuerySet[Note]:
        return super().get_queryset().filter(profile_id__in=_everybody(person_of(self.kwargs["pk"])), deleted_at=None)

    @extend_schema(
        operation_id="people_notes_create", summary="Note something", request=NoteIn, responses={201: NoteOut}, tags=["people"]
    )
    def post(self, request: Request, pk: int) -> Response:
        form = NoteIn(data=request.data)
        form.is_valid(raise_exception=True)
        note = notes.add(person=person_of(pk), text=form.validated_data["text"], by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return Response(NoteOut(note).data, status=status.HTTP_201_CREATED)


class PersonNoteView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="people_notes_update",
        summary="Change a note of one's own",
        request=NoteIn,
        responses=NoteOut,
        tags=["people"],
    )
    def patch(self, request: Request, pk: int, note_id: int) -> Response:
        form = NoteIn(data=request.data)
        form.is_valid(raise_exception=True)
        note = _note(pk, note_id)
        if not notes.edit(note=note, text=form.validated_data["text"], by=request.user, now=timezone.now()):  # type: ignore[arg-type]
            raise exceptions.PermissionDenied
        return Response(NoteOut(_note(pk, note_id)).data)

    @extend_schema(
        operation_id="people_notes_delete",
        summary="Throw a note of one's own away",
        request=None,
        responses={204: None},
        tags=["people"],
    )
    def delete(self, request: Request, pk: int, note_id: int) -> Response:
        if not notes.delete(note=_note(pk, note_id), by=request.user, now=timezone.now()):  # type: ignore[arg-type]
            raise exceptions.PermissionDenied
        return Response(status=status.HTTP_204_NO_CONTENT)


def _everybody(person: Profile) -> list[int]:
    return [person.pk, *identity.origins_of(person.pk)]


def _note(pk: int, note_id: int) -> Note:
    rows = Note.objects.select_related("author").filter(profile_id__in=_everybody(person_of(pk)), deleted_at=None)
    return get_object_or_404(rows, pk=note_id)
