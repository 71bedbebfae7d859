"""How does staff hand a person a copy of their data?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from omni import audit, celery
from omni.roles import Right, require
from profiles.models import AccessExport, Profile
from profiles.privacy import copies, paper

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


@require(Right.EXPORT)
@require_POST
def copy_create(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    new = copies.ask(person=person, by=request.user, by_label=str(request.user), now=timezone.now())
    celery.nudge("profiles.tasks.make_copies")
    return redirect("profiles:copy-detail", pk, new.pk)


@require(Right.EXPORT)
@require_GET
def copy_detail(request: StaffRequest, person_pk: int, pk: int) -> HttpResponse:
    """Show how far the copy is, and then where it can be had."""
    copy = _copy(person_pk, pk)
    part = "#state" if request.htmx else ""
    return render(request, f"profiles/copy_detail.html{part}", {"copy": copy, "person_pk": person_pk})


@require(Right.EXPORT)
@require_GET
def copy_page(request: StaffRequest, person_pk: int, pk: int) -> HttpResponseBase:
    """Give the copy as a page, to be read here or, with ?save=1, kept."""
    return _file(request, person_pk, pk, "as_page", "text/html; charset=utf-8", is_kept=request.GET.get("save") == "1")


@require(Right.EXPORT)
@require_GET
def copy_json(request: StaffRequest, person_pk: int, pk: int) -> HttpResponseBase:
    return _file(request, person_pk, pk, "as_json", "application/json", is_kept=True)


def _file(request: StaffRequest, person_pk: int, pk: int, which: str, kind: str, *, is_kept: bool) -> HttpResponseBase:
    copy = _copy(person_pk, pk)
    file = getattr(copy, which)
    if copy.state != AccessExport.State.READY or not file:
        raise Http404
    person = Profile(pk=copy.profile_id)
    audit.record(actor=request.user, action="person.copy.read", obj=person, after={"copy": copy.pk}, now=timezone.now())
    name = f"person-{copy.profile_id}.{'json' if which == 'as_json' else 'html'}"
    answer = FileResponse(file.open("rb"), as_attachment=is_kept, filename=name, content_type=kind)
    return paper.protected(answer)


def _copy(person_pk: int, pk: int) -> AccessExport:
    return get_object_or_404(AccessExport, pk=pk, profile_id=person_pk, expires_at__gt=timezone.now())
