"""How many names may one person have, and which values name nobody? The page below Settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni import audit, keyset, toasts
from omni.roles import Right, require
from profiles.forms.identity import BlockedValueForm, LimitForm
from profiles.identity import rules
from profiles.models import BlockedValue, Identifier, IdentifierRule
from profiles.models.profile import type_in_words

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

USER_ID = Identifier.Type.USER_ID


@require(Right.ADMINISTER)
@require_GET
def identity_rules(request: StaffRequest) -> HttpResponse:
    return _page(request)


@require(Right.ADMINISTER)
@require_POST
def limit_update(request: StaffRequest, kind: str) -> HttpResponse:
    """Set the limit of one type of identifier. User ids have none to set: only a person joins two."""
    if kind == USER_ID:
        raise Http404
    form = LimitForm(request.POST, kind=kind)
    if not form.is_valid():
        return _page(request, limit_form=form)
    now = timezone.now()
    before = LimitForm.words_of(rules.current().limit(kind))
    row, _made = IdentifierRule.objects.update_or_create(type=kind, defaults=form.values())
    rules.forget()
    audit.record(actor=request.user, action="identity.limit", obj=row, before=before, after=form.values(), now=now)
    toasts.push(request, _("The limit for %(kind)s holds from now on.") % {"kind": type_in_words(kind)})
    return redirect("profiles:identity-rules")


@require(Right.ADMINISTER)
@require_POST
def blocked_create(request: StaffRequest) -> HttpResponse:
    form = BlockedValueForm(request.POST)
    if not form.is_valid():
        return _page(request, blocked_form=form)
    now = timezone.now()
    row = BlockedValue.objects.create(**form.values(), created_at=now, created_by=str(request.user)[:160])
    rules.forget()
    audit.record(actor=request.user, action="identity.block", obj=row, after=form.values(), now=now)
    toasts.push(request, _("“%(value)s” names nobody from now on. Who has it already keeps it.") % {"value": row.value})
    return redirect("profiles:identity-rules")


@require(Right.ADMINISTER)
@require_POST
def blocked_delete(request: StaffRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(BlockedValue, pk=pk)
    audit.record(actor=request.user, action="identity.unblock", obj=row, before={"value": row.value}, now=timezone.now())
    row.delete()
    rules.forget()
    toasts.push(request, _("“%(value)s” may name somebody again.") % {"value": row.value})
    return redirect("profiles:identity-rules")


def _page(
    request: StaffRequest, *, limit_form: LimitForm | None = None, blocked_form: BlockedValueForm | None = None
) -> HttpResponse:
    known = rules.current()
    forms = [LimitForm(kind=kind, initial=LimitForm.words_of(known.limit(kind))) for kind in known.limits if kind != USER_ID]
    page = keyset.page(BlockedValue.objects.all(), order=("-created_at", "-id"), query=request.GET)
    context = {
        "limits": [limit_form if limit_form and limit_form.kind == form.kind else form for form in forms],
        "page": page,
        "blocked": [(row, type_in_words(row.type) if row.type else _("any kind")) for row in page.items],
        "blocked_form": blocked_form or BlockedValueForm(),
    }
    is_faulty = limit_form is not None or blocked_form is not None
    return render(request, "profiles/identity_rules.html", context, status=422 if is_faulty else 200)
