"""What would an import do, and how is it taken back?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import audit, news, toasts
from omni.celery import nudge
from omni.roles import Right, may, require
from profiles import imports
from profiles.imports import mapping
from profiles.models import Import, ImportTrial, ImportUndo, Profile
from profiles.views import imports as pages

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

KEPT_SHOWN = 100


@require(Right.EDIT_PEOPLE)
@require_POST
def import_try(request: StaffRequest, pk: int) -> HttpResponse:
    """Try the whole file with the mapping filled in."""
    waiting = get_object_or_404(Import, pk=pk, state=Import.State.MAPPING)
    form = pages.mapping_form(waiting, request.POST)
    if plan := form.plan():
        try:
            imports.trial.queue(an_import=waiting, plan=plan, now=timezone.now())
        except mapping.MappingError as error:
            form.mark(error.errors)
        else:
            nudge("profiles.tasks.run_imports")
            news.follow(request, reverse("profiles:import-news", args=[pk, "trial"]))
            return redirect("profiles:import-trial", pk)
    return pages.mapping_page(request, waiting, form, status=422)


@require(Right.VIEW)
@require_GET
def import_trial(request: StaffRequest, pk: int) -> HttpResponse:
    """Show how far the trial is, then what it found."""
    trial = get_object_or_404(ImportTrial.objects.select_related("of"), of=pk)
    if trial.of.state != Import.State.MAPPING and not request.htmx:
        return redirect(trial.of)
    context = {
        "import": trial.of,
        "trial": trial,
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        **pages.pace(trial.is_under_way, trial.started_at, trial.rows_done, trial.of.rows_total),
    }
    part = "#progress" if request.htmx else ""
    return render(request, f"profiles/import_trial.html{part}", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_start(request: StaffRequest, pk: int) -> HttpResponse:
    """Start the import as it was tried."""
    trial = get_object_or_404(ImportTrial.objects.select_related("of"), of=pk)
    try:
        pages.start(request, trial.of, imports.trial.plan_of(trial))
    except mapping.MappingError as error:
        toasts.push(request, str(error), tone="danger")
        return redirect("profiles:import-mapping", pk)
    return redirect(trial.of)


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def import_undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Say what taking the import back would do; a POST does it. Afterwards: how far it is."""
    shown, now = get_object_or_404(Import, pk=pk), timezone.now()
    if request.method == "POST":
        if imports.undo.queue(an_import=shown, by=request.user, now=now):
            audit.record(actor=request.user, action="import.undo", obj=shown, now=now)
            nudge("profiles.tasks.run_imports")
            news.follow(request, reverse("profiles:import-news", args=[pk, "undo"]))
        return redirect("profiles:import-undo", pk)
    undo = ImportUndo.objects.filter(of=shown).first()
    context: dict[str, Any] = {"import": shown, "undo": undo, "may_edit": True}
    if undo is None:
        if not imports.undo.may(shown, now=now):
            toasts.push(request, _("This import cannot be taken back: it is under way, or older than 30 days."), tone="danger")
            return redirect(shown)
        context["outlook"] = imports.undo.outlook(shown)
    else:
        kept = shown.people.filter(undone=ImportUndo.Outcome.KEPT).order_by("profile_id").values("profile_id")
        context["kept"] = list(Profile.objects.filter(pk__in=kept).order_by("pk")[:KEPT_SHOWN])
        context |= pages.pace(undo.is_under_way, undo.started_at, undo.people_done, undo.people_total)
    part = "#progress" if request.htmx else ""
    return render(request, f"profiles/import_undo.html{part}", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def import_undo_resume(request: StaffRequest, pk: int) -> HttpResponse:
    """Go on after an error."""
    if ImportUndo.objects.filter(of=pk, state=ImportUndo.State.FAILED).update(state=ImportUndo.State.QUEUED, error=""):
        nudge("profiles.tasks.run_imports")
    return redirect("profiles:import-undo", pk)


@require(Right.VIEW)
@require_GET
def import_news(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """Say on whatever page the person is that the work they wait for is over."""
    found = get_object_or_404(Import.objects.select_related("trial", "undoing"), pk=pk)
    work = {"run": found, "trial": getattr(found, "trial", None), "undo": getattr(found, "undoing", None)}.get(kind)
    if work is not None and work.is_under_way:
        return HttpResponse(status=204)
    words = {"trial": _("The trial of %(name)s is over."), "undo": _("%(name)s was taken back.")}
    if work is not None and work.state == Import.State.FAILED:
        toasts.push(request, _("%(name)s was stopped by an error.") % {"name": found.name}, tone="danger")
    elif work is not None and work.state == Import.State.DONE:
        toasts.push(request, words.get(kind, _("%(name)s is imported.")) % {"name": found.name})
    return news.over(request)
