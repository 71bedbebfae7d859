"""Who asked for their data or for its erasure, and what did we answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.db import transaction
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni import audit, keyset, toasts
from omni.roles import Right, may, require
from profiles.consent import asking
from profiles.models import PrivacyRequest

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest

State = PrivacyRequest.State


class AnswerForm(forms.Form):
    note = forms.CharField(max_length=500)


@require(Right.VIEW)
@require_GET
def request_list(request: StaffRequest) -> HttpResponse:
    state = request.GET.get("state", State.NEW)
    state = state if state in State.values else State.NEW
    found = PrivacyRequest.objects.filter(state=state).select_related("profile", "decided_by")
    counts = dict(PrivacyRequest.objects.values("state").annotate(n=Count("pk")).values_list("state", "n"))
    page = keyset.page(found, order=("-asked_at", "-id"), query=request.GET)
    context = {
        "page": page,
        "rows": [(row, asking.due_at(row)) for row in page.items],
        "states": [(code, words, counts.get(code, 0)) for code, words in State.choices],
        "state": state,
        "any": bool(counts),
        "now": timezone.now(),
        "may_change": may(request.user, Right.EDIT_PEOPLE),
    }
    return render(request, "profiles/request_list.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def request_done(request: StaffRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, State.DONE)


@require(Right.EDIT_PEOPLE)
@require_POST
def request_refuse(request: StaffRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, State.REFUSED)


@transaction.atomic
def _decide(request: StaffRequest, pk: int, state: str) -> HttpResponse:
    row, form, now = get_object_or_404(PrivacyRequest, pk=pk), AnswerForm(request.POST), timezone.now()
    if not form.is_valid():
        toasts.push(request, _("Say in a few words what you did or why not: it is the record."), tone="danger")
    elif row.decide(state=state, by=request.user, now=now, note=form.cleaned_data["note"]):
        after = {"kind": row.kind, "state": state, "note": form.cleaned_data["note"]}
        audit.record(actor=request.user, action="privacy_request.decide", obj=row, after=after, now=now)
        toasts.push(request, _("Written down."))
    else:
        toasts.push(request, _("Somebody answered it before you."), tone="warning")
    return redirect("profiles:request-list")
