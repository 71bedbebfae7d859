"""How does a file of people get in: upload, mapping, preview, progress, result?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import audit, figures, keyset, news, toasts
from omni.celery import nudge
from omni.roles import Right, may, require
from profiles import imports, tables
from profiles.consent import topics
from profiles.forms.people import MappingForm, ShapeForm, UploadForm
from profiles.imports import mapping
from profiles.models import Import

if TYPE_CHECKING:
    from datetime import datetime

    from omni.middleware import StaffRequest

FAULTS_SHOWN = 20


@require(Right.VIEW)
@require_GET
def import_list(request: StaffRequest) -> HttpResponse:
    rows = Import.objects.select_related("created_by").defer("header", "mapping")
    page = keyset.page(rows, order=("-created_at", "-id"), query=request.GET)
    context = {"page": page, "form": UploadForm(), "may_edit": may(request.user, Right.EDIT_PEOPLE)}
    return render(request, "profiles/import_list.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_create(request: StaffRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            new = imports.upload(file=file, name=file.name, by=request.user)
        except imports.UnusableFileError as error:
            form.add_error("file", str(error))
        else:
            audit.record(actor=request.user, action="import.upload", obj=new, now=timezone.now())
            return redirect("profiles:import-mapping", new.pk)
    page = keyset.page(Import.objects.select_related("created_by"), order=("-created_at", "-id"), query={})
    return render(request, "profiles/import_list.html", {"page": page, "form": form, "may_edit": True}, status=422)


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def import_mapping(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the guessed mapping; a POST starts the import with the one filled in."""
    waiting = get_object_or_404(Import.objects.select_related("mapped_as"), pk=pk)
    if waiting.state != Import.State.MAPPING:
        return redirect(waiting)
    form = mapping_form(waiting, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (plan := form.plan()):
        try:
            start(request, waiting, plan)
        except mapping.MappingError as error:
            form.mark(error.errors)
        else:
            return redirect(waiting)
    return mapping_page(request, waiting, form, status=200 if request.method == "GET" else 422)


def start(request: StaffRequest, waiting: Import, plan: mapping.Plan) -> None:
    """Start the import and tell this person when it is over. Raises mapping.MappingError."""
    now = timezone.now()
    if imports.start(an_import=waiting, plan=plan, now=now):
        audit.record(actor=request.user, action="import.start", obj=waiting, after={"consent": plan.consent.as_json()}, now=now)
        nudge("profiles.tasks.run_imports")
        news.follow(request, reverse("profiles:import-news", args=[waiting.pk, "run"]))


def mapping_page(request: StaffRequest, waiting: Import, form: MappingForm, *, status: int) -> HttpResponse:
    context = {"import": waiting, "form": form, "shape_form": ShapeForm(of=waiting), "known_attributes": imports.known_types()}
    return render(request, "profiles/import_mapping.html", context, status=status)


def mapping_form(waiting: Import, data: Any) -> MappingForm:
    return MappingForm(data, of=waiting, samples=imports.samples(waiting), topics=list(topics.offered()))


@require(Right.EDIT_PEOPLE)
@require_POST
def import_preview(request: StaffRequest, pk: int) -> HttpResponse:
    """Say what the mapping filled in would do; starts nothing."""
    waiting = get_object_or_404(Import, pk=pk, state=Import.State.MAPPING)
    form = mapping_form(waiting, request.POST)
    context: dict[str, Any] = {"import": waiting, "form": form}
    if plan := form.plan():
        now = timezone.now()
        try:
            mapping.check(plan, known_types=imports.known_types(), today=now.date())
        except mapping.MappingError as error:
            context["errors"] = list(error.errors.values())
        if any(column.to in mapping.IDENTIFIERS for column in plan.columns):
            context["preview"] = _preview(waiting, plan, now)
    return render(request, "profiles/import_mapping.html#preview", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_reshape(request: StaffRequest, pk: int) -> HttpResponse:
    """Read the file in another way, and guess anew."""
    waiting = get_object_or_404(Import, pk=pk, state=Import.State.MAPPING)
    form = ShapeForm(request.POST, of=waiting)
    if form.is_valid():
        try:
            imports.reshape(waiting, form.shape())
        except (imports.UnusableFileError, UnicodeError) as error:
            toasts.push(request, str(error), tone="danger")
        else:
            waiting.save(update_fields=["encoding", "delimiter", "has_header", "header", "mapping", "mapped_as"])
            toasts.push(request, _("Read anew. Check the columns."))
    return redirect("profiles:import-mapping", pk)


@require(Right.VIEW)
@require_GET
def import_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the progress, then the result; the progress part asks for itself anew while the import is under way."""
    shown = get_object_or_404(Import.objects.select_related("created_by", "undoing"), pk=pk)
    if shown.state == Import.State.MAPPING and not request.htmx:
        return redirect("profiles:import-mapping", pk)
    context = {
        "import": shown,
        "faults": shown.faults.order_by("row", "pk")[:FAULTS_SHOWN],
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        "may_export": may(request.user, Right.EXPORT),
        "sentence": _sentence(shown),
        "people_url": f"{reverse('profiles:person-list')}?import={pk}",
        "undo": getattr(shown, "undoing", None),
        **pace(shown.is_under_way, shown.started_at, shown.rows_done, shown.rows_total),
    }
    context["may_undo"] = context["may_edit"] and context["undo"] is None and imports.undo.may(shown, now=timezone.now())
    part = "#progress" if request.htmx else ""
    return render(request, f"profiles/import_detail.html{part}", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Import, pk=pk)
    now = timezone.now()
    if shown.cancel(now=now):
        audit.record(actor=request.user, action="import.cancel", obj=shown, now=now)
        toasts.push(request, _("Stopped. What was imported stays."), undo_url=reverse("profiles:import-resume", args=[pk]))
    return redirect(shown)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_resume(request: StaffRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Import, pk=pk)
    if shown.resume():
        audit.record(actor=request.user, action="import.resume", obj=shown, now=timezone.now())
        nudge("profiles.tasks.run_imports")
    return redirect(shown)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Throw a file away that was never started."""
    waiting = get_object_or_404(Import, pk=pk, state=Import.State.MAPPING)
    audit.record(actor=request.user, action="import.discard", obj=waiting, now=timezone.now())
    waiting.file.delete(save=False)
    waiting.delete()
    toasts.push(request, _("The file was thrown away; nothing was imported."))
    return redirect("profiles:import-list")


@require(Right.EXPORT)
@require_GET
def import_faults(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Give the rejected rows with their reasons as a file to mend and import again."""
    header, rows = imports.faults.table(get_object_or_404(Import, pk=pk))
    return tables.answer(request, name=f"import-{pk}-not-imported", header=header, rows=rows)


def _preview(waiting: Import, plan: mapping.Plan, now: Any) -> imports.Preview:
    with waiting.file.open("rb") as file:
        return imports.preview(
            file=file, shape=imports.shape_of(waiting), plan=plan, import_id=waiting.pk, at=waiting.created_at, now=now
        )


def _sentence(shown: Import) -> str:
    if shown.state == Import.State.DONE:
        people = ngettext("%(count)s row became a person.", "%(count)s rows became people.", shown.rows_imported)
        rejected = ngettext("%(count)s row was not imported.", "%(count)s rows were not imported.", shown.rows_rejected)
        parts = [people % {"count": figures.number(shown.rows_imported)}]
        if shown.rows_rejected:
            parts.append(rejected % {"count": figures.number(shown.rows_rejected)})
        return " ".join(parts)
    return {
        Import.State.QUEUED: _("Waiting for a worker. You may leave this page."),
        Import.State.RUNNING: _("Running in the background. You may leave this page."),
        Import.State.CANCELLED: _("Stopped by hand. What was imported stays; it can go on where it stopped."),
        Import.State.FAILED: _("Stopped by an error. What was imported stays; it can go on where it stopped."),
    }.get(Import.State(shown.state), "")


def pace(is_under_way: bool, started_at: datetime | None, done: int, total: int | None) -> dict[str, str]:
    """Return how many a second and the time left in words, once there is something to measure."""
    if not is_under_way or not started_at or not done or not total:
        return {}
    seconds = (timezone.now() - started_at).total_seconds()
    rate = done / max(seconds, 1)
    left = int((total - done) / max(rate, 0.01))
    words = _("less than a minute left")
    if left >= 60:
        words = ngettext("%(count)d minute left", "%(count)d minutes left", left // 60) % {"count": left // 60}
    return {"rate": _("%(rate)s a second") % {"rate": figures.number(round(rate))}, "left": words}
