"""Who is this person? The profile page, and what staff may change on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import signing
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni import audit, toasts
from omni.roles import Right, require
from profiles import attributes, consent, csv_export
from profiles.forms.people import AttributeForm, ConsentForm, LiftForm
from profiles.models import ContactPoint, Profile
from profiles.person import tabs as person_tabs
from profiles.person import timeline
from profiles.views import person_blocks, person_page

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

UNDO_SALT = "profiles.attribute"
UNDO_SECONDS = 60
LONGEST_UNDO = 1_500


@require(Right.VIEW)
@require_GET
def person_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show everything about a person; one who was merged away leads to the survivor."""
    person = get_object_or_404(Profile, pk=pk)
    if person.merged_into_id:
        return redirect("profiles:person-detail", person.merged_into_id)
    return person_page.show(request, person)


@require(Right.VIEW)
@require_GET
def person_tab(request: StaffRequest, pk: int, tab: str) -> HttpResponse:
    """Show one tab of a person; a key that no tab has is not found."""
    person = get_object_or_404(Profile, pk=pk)
    if person_tabs.find_tab(tab) is None:
        raise Http404
    if person.merged_into_id:
        return redirect("profiles:person-tab", person.merged_into_id, tab)
    return person_page.show(request, person, tab=tab)


@require(Right.VIEW)
@require_GET
def person_timeline(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the part of the timeline older than `before`, or all of one kind."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    context = {"person": person, **person_blocks.tell_timeline(person_page.asked_by(request, person))}
    return render(request, "profiles/_timeline.html", context)


@require(Right.EXPORT)
@require_GET
def timeline_export(request: StaffRequest, pk: int) -> StreamingHttpResponse:
    """Give the timeline, whole or of one kind, as a file."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    audit.record(actor=request.user, action="person.timeline_export", obj=person, now=timezone.now())
    everybody = person_page.asked_by(request, person).profile_ids
    header = [_("time"), _("kind"), _("what"), _("about"), _("details")]
    lines = csv_export.lines(header, timeline.rows(profile_ids=everybody, kind=request.GET.get("show", "")))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="timeline-{person.pk}.csv"'
    return answer


@require(Right.EDIT_PEOPLE)
@require_POST
def attribute_create(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = AttributeForm(request.POST)
    if not form.is_valid():
        return person_page.show(request, person, forms={"attributes": form})
    key = form.cleaned_data["key"]
    _write(request, person, key, form.cleaned_data["read"])
    toasts.push(request, _("“%(key)s” is set.") % {"key": key}, undo_url=_undo_url(person, key))
    return redirect(person)


@require(Right.EDIT_PEOPLE)
@require_POST
def attribute_delete(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    key = request.POST.get("key", "")
    if key in person.attributes:
        _write(request, person, key, None)
        toasts.push(request, _("“%(key)s” is taken away.") % {"key": key}, undo_url=_undo_url(person, key))
    return redirect(person)


@require(Right.EDIT_PEOPLE)
@require_POST
def attribute_restore(request: StaffRequest, pk: int) -> HttpResponse:
    """Give an attribute back the value that the signed token of an undo carries."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    try:
        was = signing.loads(request.GET.get("token", ""), salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return HttpResponse(status=410)
    if was["id"] == person.pk:
        _write(request, person, was["key"], was["value"])
    return redirect(person)


@require(Right.EDIT_PEOPLE)
@require_POST
def consent_create(request: StaffRequest, pk: int) -> HttpResponse:
    """Record what the person said to staff about an address or a topic."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = ConsentForm(request.POST, subjects=person_blocks.consent_subjects(person_blocks.reaches_of(person)))
    if not form.is_valid():
        return person_page.show(request, person, forms={"consents": form})
    now = timezone.now()
    channel, address, topic = form.cleaned_data["subject"].split("|", 2)
    change = consent.Change(
        channel=channel,
        address=address,
        status=form.cleaned_data["status"],
        at=now,
        method="staff",
        topic=topic,
        source=form.cleaned_data["source"],
        proof={"actor": str(request.user)},
        profile_id=person.pk,
    )
    consent.record(changes=[change], now=now)
    audit.record(
        actor=request.user,
        action="consent.record",
        obj=person,
        after={"channel": channel, "topic": topic, "status": change.status, "source": change.source},
        now=now,
    )
    toasts.push(request, _("Recorded, with your name as the witness."))
    return redirect(person)


@require(Right.EDIT_PEOPLE)
@require_POST
def suppression_lift(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a blocked address of this person be reached again; the reason goes into the audit trail."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    point = get_object_or_404(ContactPoint, profile=person, pk=request.POST.get("point") or 0)
    form = LiftForm(request.POST)
    if not form.is_valid():
        toasts.push(request, _("Say why it may be reached again."), tone="danger")
        return redirect(person)
    now = timezone.now()
    if consent.lift(channel=point.kind, address=point.address, now=now):
        after = {"channel": point.kind, "reason": form.cleaned_data["reason"]}
        audit.record(actor=request.user, action="suppression.lift", obj=person, after=after, now=now)
        toasts.push(request, _("The block is lifted. Whether it may be written to is for the consent to say."))
    return redirect(person)


def _write(request: StaffRequest, person: Profile, key: str, value: Any) -> None:
    now = timezone.now()
    attributes.apply(changes=[attributes.Change(person.pk, {key: value}, now, f"staff:{request.user}"[:80])], now=now)
    audit.record(
        actor=request.user, action="person.attribute", obj=person, after={"key": key, "is_set": value is not None}, now=now
    )


def _undo_url(person: Profile, key: str) -> str:
    """Return the address that takes the change back; '' when the value before is too long for an address."""
    token = signing.dumps({"id": person.pk, "key": key, "value": person.attributes.get(key)}, salt=UNDO_SALT, compress=True)
    return f"{reverse('profiles:attribute-restore', args=[person.pk])}?token={token}" if len(token) < LONGEST_UNDO else ""
