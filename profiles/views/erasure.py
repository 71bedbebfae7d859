"""Who is to be erased, who was, and what may come back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import audit, celery, keyset, toasts
from omni.roles import Right, may, require
from profiles import tombstones
from profiles.forms.privacy import EraseForm, ReasonForm, TombstoneForm
from profiles.models import Erasure, Profile
from profiles.privacy import erasure, freezing, paper
from profiles.privacy.holdings import Fate

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


@require(Right.ADMINISTER)
@require_http_methods(["GET", "POST"])
def person_erase(request: StaffRequest, pk: int) -> HttpResponse:
    """Show everything that would go; on POST, with the number typed, erase."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = EraseForm(request.POST or None, person_id=person.pk)
    if request.method == "POST" and form.is_valid():
        try:
            begun = erasure.begin(person_id=pk, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except erasure.ChangedError:
            toasts.push(request, _("The person changed meanwhile. Look again."), tone="warning")
            return redirect("profiles:person-erase", pk)
        celery.nudge("profiles.tasks.run_erasures")
        toasts.push(request, _("The person is gone. The rest is being swept."))
        return redirect(begun)
    found = erasure.preview(pk)
    context = {
        "person": person,
        "form": form,
        "found": found,
        "groups": [found.of(fate) for fate in Fate],
    }
    return render(request, "profiles/person_erase.html", context, status=422 if form.is_bound else 200)


@require(Right.VIEW)
@require_GET
def erasure_list(request: StaffRequest) -> HttpResponse:
    return _list(request, TombstoneForm())


@require(Right.VIEW)
@require_GET
def erasure_detail(request: StaffRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Erasure, pk=pk)
    context = {"erasure": found, "lines": erasure.lines_of(found), "is_running": found.state == Erasure.State.RUNNING}
    context["stones"] = found.tombstones.order_by("type", "pk")
    return render(request, "profiles/erasure_detail.html" + ("#state" if request.htmx else ""), context)


@require(Right.VIEW)
@require_GET
def erasure_certificate(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the certificate as a page to print or keep."""
    found = get_object_or_404(Erasure, pk=pk, state=Erasure.State.DONE)
    context = {"erasure": found, "lines": erasure.lines_of(found), "stones": found.tombstones.order_by("type", "pk")}
    return paper.respond(request, "profiles/paper_certificate.html", context)


@require(Right.ADMINISTER)
@require_POST
def tombstone_lift(request: StaffRequest) -> HttpResponse:
    """Let an identifier of an erased person be used again; the reason goes into the audit trail."""
    form = TombstoneForm(request.POST)
    if not form.is_valid():
        return _list(request, form)
    now = timezone.now()
    key = (form.cleaned_data["type"], form.cleaned_data["normal"])
    reason = form.cleaned_data["reason"]
    stone = tombstones.lift(key=key, reason=reason, by=str(request.user), now=now)
    if stone is None:
        form.add_error("value", _("Nobody who was erased had this, or it was lifted before."))
        return _list(request, form)
    audit.record(actor=request.user, action="tombstone.lift", obj=stone, after={"reason": reason}, now=now)
    toasts.push(request, _("It may be used again. What the person had allowed does not come back with it."))
    return redirect("profiles:erasure-list")


@require(Right.EDIT_PEOPLE)
@require_POST
def person_restrict(request: StaffRequest, pk: int) -> HttpResponse:
    return _turn(request, pk, is_restricted=True)


@require(Right.EDIT_PEOPLE)
@require_POST
def person_release(request: StaffRequest, pk: int) -> HttpResponse:
    return _turn(request, pk, is_restricted=False)


@require(Right.EDIT_PEOPLE)
@require_POST
def person_test(request: StaffRequest, pk: int) -> HttpResponse:
    """Make the person a test profile, or a real one again."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    is_test = request.POST.get("is_test") == "1"
    freezing.set_test(person_ids=[pk], is_test=is_test, by=request.user, now=timezone.now())
    toasts.push(request, _("A test profile now: campaigns pass it by.") if is_test else _("A real person again."))
    return redirect(person)


def _turn(request: StaffRequest, pk: int, *, is_restricted: bool) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        toasts.push(request, _("Say why."), tone="danger")
        return redirect("profiles:person-tab", pk, "privacy")
    act = freezing.restrict if is_restricted else freezing.release
    act(person=person, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
    said = _("Frozen: the data stays, and is used for nothing.") if is_restricted else _("The data may be used again.")
    toasts.push(request, said)
    return redirect("profiles:person-tab", pk, "privacy")


def _list(request: StaffRequest, form: TombstoneForm) -> HttpResponse:
    page = keyset.page(Erasure.objects.all(), order=("-begun_at", "-id"), query=request.GET)
    context = {"page": page, "form": form, "may_lift": may(request.user, Right.ADMINISTER)}
    return render(request, "profiles/erasure_list.html", context, status=422 if form.is_bound else 200)
