"""What do the columns of known files become?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni import audit, keyset, toasts
from omni.roles import Right, may, require
from profiles.models import SavedMapping

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


@require(Right.VIEW)
@require_GET
def mapping_list(request: StaffRequest) -> HttpResponse:
    page = keyset.page(SavedMapping.objects.all(), order=("-latest_used_at", "-id"), query=request.GET)
    context = {"page": page, "may_edit": may(request.user, Right.EDIT_PEOPLE)}
    return render(request, "profiles/mapping_list.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def mapping_rename(request: StaffRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(SavedMapping, pk=pk)
    if name := request.POST.get("name", "").strip().replace("\x00", "")[:120]:
        SavedMapping.objects.filter(pk=kept.pk).update(name=name)
        toasts.push(request, _("Renamed."))
    return redirect("profiles:mapping-list")


@require(Right.EDIT_PEOPLE)
@require_POST
def mapping_delete(request: StaffRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(SavedMapping, pk=pk)
    audit.record(actor=request.user, action="mapping.delete", obj=kept, now=timezone.now())
    kept.delete()
    toasts.push(request, _("Forgotten. The next file of this kind is guessed."))
    return redirect("profiles:mapping-list")
