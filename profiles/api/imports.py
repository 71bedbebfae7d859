"""How do programs import a file and follow it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.celery import nudge
from omni.models import User
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles import imports
from profiles.api.serializers import ImportFaultOut, ImportIn, ImportOut
from profiles.imports import mapping
from profiles.models import Import, ImportFault, ImportTrial, ImportUndo

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class _ByRow(KeysetPagination):
    ordering = ("row", "id")  # type: ignore[assignment]


@extend_schema_view(
    get=extend_schema(operation_id="imports_list", summary="List imports, newest first", tags=["imports"]),
    post=extend_schema(
        operation_id="imports_create",
        summary="Import a file of people: CSV, a spreadsheet, or JSON Lines",
        description="Columns that `mapping` does not name are guessed. The answer comes at once; follow `state`.",
        request={"multipart/form-data": ImportIn},
        responses={201: ImportOut},
        tags=["imports"],
    ),
)
class ImportsView(generics.ListAPIView[Import]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    parser_classes = (MultiPartParser,)
    serializer_class = ImportOut
    filter_backends: tuple[Any, ...] = ()
    queryset = Import.objects.select_related("trial", "undoing")

    def post(self, request: Request) -> Response:
        form = ImportIn(data=request.data.dict() if hasattr(request.data, "dict") else request.data)
        form.is_valid(raise_exception=True)
        file = form.validated_data["file"]
        try:
            new = imports.upload(file=file, name=form.validated_data.get("name") or file.name, by=request.user)  # type: ignore[arg-type]
        except imports.UnusableFileError as error:
            raise ValidationError({"file": [str(error)]}) from None
        self._begin(new, form.validated_data)
        nudge("profiles.tasks.run_imports")
        new.refresh_from_db()
        return Response(ImportOut(new).data, status=status.HTTP_201_CREATED)

    def _begin(self, new: Import, given: dict[str, Any]) -> None:
        """Queue the import or its trial; what cannot be started is not kept."""
        begin = imports.trial.queue if given["dry_run"] else imports.start
        try:
            plan = mapping.named(header=new.header, guessed=new.mapping, named=given.get("mapping"), consent=given["consent"])
            begin(an_import=new, plan=plan, now=timezone.now())
        except mapping.MappingError as error:
            new.file.delete(save=False)
            new.delete()
            raise ValidationError({_place(place, new.header): [reason] for place, reason in error.errors.items()}) from None


class ImportView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(operation_id="imports_retrieve", summary="See how far an import is", responses=ImportOut, tags=["imports"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(ImportOut(get_object_or_404(Import, pk=pk)).data)


class ImportCancelView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="imports_cancel",
        summary="Stop an import; what was imported stays",
        request=None,
        responses=ImportOut,
        tags=["imports"],
    )
    def post(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(Import, pk=pk)
        found.cancel(now=timezone.now())
        found.refresh_from_db()
        return Response(ImportOut(found).data)


class ImportStartView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="imports_start",
        summary="Start an import as it was tried",
        description="Starting twice is harmless.",
        request=None,
        responses=ImportOut,
        tags=["imports"],
    )
    def post(self, request: Request, pk: int) -> Response:
        trial = get_object_or_404(ImportTrial.objects.select_related("of"), of=pk)
        try:
            imports.start(an_import=trial.of, plan=imports.trial.plan_of(trial), now=timezone.now())
        except mapping.MappingError as error:
            raise ValidationError({_place(place, trial.of.header): [reason] for place, reason in error.errors.items()}) from None
        nudge("profiles.tasks.run_imports")
        return Response(ImportOut(get_object_or_404(Import, pk=pk)).data)


class ImportUndoView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="imports_undo",
        summary="Take an import back",
        description="Within 30 days, in the background; follow `undo`. Asking twice is harmless.",
        request=None,
        responses=ImportOut,
        tags=["imports"],
    )
    def post(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(Import, pk=pk)
        by = request.user if isinstance(request.user, User) else None
        is_queued = imports.undo.queue(an_import=found, by=by, now=timezone.now())
        if not is_queued and not ImportUndo.objects.filter(of=found).exists():
            raise ValidationError({"id": [_("This import cannot be taken back: it is under way, or older than 30 days.")]})
        nudge("profiles.tasks.run_imports")
        return Response(ImportOut(get_object_or_404(Import, pk=pk)).data)


@extend_schema_view(
    get=extend_schema(operation_id="imports_faults_list", summary="List rows that were not imported, and why", tags=["imports"])
)
class ImportFaultsView(generics.ListAPIView[ImportFault]):
    read_right = write_right = Right.VIEW
    serializer_class = ImportFaultOut
    pagination_class = _ByRow
    filter_backends: tuple[Any, ...] = ()
    queryset = ImportFault.objects.all()

    def get_queryset(self) -> QuerySet[ImportFault]:
        return super().get_queryset().filter(of=get_object_or_404(Import, pk=self.kwargs["pk"]))


def _place(place: str, header: list[str]) -> str:
    if place.isdigit():
        return f"mapping/{header[int(place)]}"
    return place or "mapping"
