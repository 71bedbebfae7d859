"""How is a segment made, changed, put away and brought back?"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from omni import toasts
from omni.celery import nudge
from omni.middleware import StaffRequest
from omni.roles import Right, require
from segments import builder, editing, tree
from segments.catalog import Catalog
from segments.forms import SegmentForm
from segments.models import Segment
from segments.views.access import segment_or_404

REFRESH = "segments.tasks.refresh_stale"


@require(Right.EDIT_SEGMENTS)
@require_http_methods(["GET", "POST"])
def segment_create(request: StaffRequest) -> HttpResponse:
    """Draw a new segment, empty or like the one in `?like=`."""
    if request.method == "POST":
        return _save(request, None)
    model = Segment.objects.in_use().filter(pk=int(like)).first() if (like := request.GET.get("like", "")).isdecimal() else None
    initial = {"name": _("%(name)s, copy") % {"name": model.name}} if model else {}
    return _page(request, SegmentForm(initial=initial), model.definition if model else tree.empty(), None)


@require(Right.EDIT_SEGMENTS)
@require_http_methods(["GET", "POST"])
def segment_edit(request: StaffRequest, pk: int) -> HttpResponse:
    segment = segment_or_404(pk)
    if request.method == "POST":
        return _save(request, segment)
    form = SegmentForm(initial={"name": segment.name, "description": segment.description})
    return _page(request, form, segment.definition, segment)


@require(Right.EDIT_SEGMENTS)
@require_POST
def segment_archive(request: StaffRequest, pk: int) -> HttpResponse:
    segment = segment_or_404(pk)
    try:
        editing.archive(segment, by=request.user, now=timezone.now())
    except editing.InUseError as error:
        names = ", ".join(use.name for use in error.uses)
        toasts.push(request, _("This segment is in use: %(names)s. Change those first.") % {"names": names}, tone="warning")
        return redirect(segment)
    undo = reverse("segments:segment-restore", args=[pk])
    toasts.push(request, _("“%(name)s” is archived.") % {"name": segment.name}, undo_url=undo)
    return redirect("segments:segment-list")


@require(Right.EDIT_SEGMENTS)
@require_POST
def segment_restore(request: StaffRequest, pk: int) -> HttpResponse:
    segment = segment_or_404(pk, archived=True)
    editing.restore(segment, by=request.user, now=timezone.now())
    nudge(REFRESH)
    toasts.push(request, _("“%(name)s” is back.") % {"name": segment.name})
    return redirect(segment)


def _save(request: StaffRequest, segment: Segment | None) -> HttpResponse:
    form = SegmentForm(request.POST)
    catalog = Catalog(but_segment=segment.pk if segment else None)
    definition = builder.settle(builder.read(request.POST), catalog)
    problem = _problem(request, form, definition, segment)
    if problem is not None:
        return _page(request, form, definition, segment, problem=problem, status=422)
    values: dict[str, Any] = {**form.cleaned_data, "definition": definition, "by": request.user, "now": timezone.now()}
    if segment is None:
        saved = editing.create(**values)
        toasts.push(request, _("“%(name)s” is saved and is being filled.") % {"name": saved.name})
    else:
        saved = editing.change(segment, **values)
        toasts.push(request, _("“%(name)s” is saved.") % {"name": saved.name})
    nudge(REFRESH)
    return redirect(saved)


def _problem(request: StaffRequest, form: SegmentForm, definition: Any, segment: Segment | None) -> str | None:
    """Return what keeps the posted segment from being saved, "" when the fields say it themselves; None when nothing does."""
    is_valid = form.is_valid()
    if segment is not None and request.POST.get("version") != str(segment.version):
        return _("Somebody saved this segment meanwhile. Look at their version in another tab, then save yours again.")
    try:
        editing.check(definition, segment_id=segment.pk if segment else None)
    except tree.InvalidDefinitionError as error:
        return " ".join(dict.fromkeys(fault.text for fault in error.faults))
    return None if is_valid else ""


def _page(
    request: StaffRequest, form: SegmentForm, definition: Any, segment: Segment | None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    view = builder.show(definition, catalog=Catalog(but_segment=segment.pk if segment else None))
    context = {"form": form, "view": view, "segment": segment, "segment_id": segment.pk if segment else None, "problem": problem}
    return render(request, "segments/segment_form.html", context, status=status)
