"""Who is this person? The profile page, and what staff may change on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni import audit, toasts
from omni.roles import Right, may, require
from profiles import attributes, consent, identity, reachability, timeline
from profiles.forms import AttributeForm, ConsentForm, LiftForm
from profiles.models import AttributeDef, Consent, ContactPoint, Identifier, Import, Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omni.middleware import StaffRequest
    from profiles.reachability import Reach

LEDGER_SHOWN = 50
UNDO_SALT = "profiles.attribute"
UNDO_SECONDS = 60
LONGEST_UNDO = 1_500


@dataclass(frozen=True)
class Shown:
    """An attribute as the page shows it."""

    key: str
    value: Any
    kind: str
    at: datetime
    source: str

    @property
    def text(self) -> str:
        if isinstance(self.value, bool):
            return _("yes") if self.value else _("no")
        if isinstance(self.value, list):
            return ", ".join(str(part) for part in self.value)
        return str(self.value)


@require(Right.VIEW)
@require_GET
def person_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show everything about a person; one who was merged away leads to the survivor."""
    person = get_object_or_404(Profile, pk=pk)
    if person.merged_into_id:
        return redirect("profiles:person-detail", person.merged_into_id)
    return _page(request, person)


@require(Right.VIEW)
@require_GET
def person_timeline(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the part of the timeline older than `before`, or all of one kind."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    context = {"person": person, **_timeline(request, _everybody(person))}
    return render(request, "profiles/_timeline.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def attribute_create(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = AttributeForm(request.POST)
    if not form.is_valid():
        return _page(request, person, attribute_form=form)
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
    reaches = reachability.of(person.contact_points.order_by("pk"))
    form = ConsentForm(request.POST, subjects=_subjects(reaches))
    if not form.is_valid():
        return _page(request, person, consent_form=form)
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


def _page(
    request: StaffRequest,
    person: Profile,
    *,
    attribute_form: AttributeForm | None = None,
    consent_form: ConsentForm | None = None,
) -> HttpResponse:
    everybody = _everybody(person)
    identifiers = list(person.identifiers.order_by("pk"))
    reaches = reachability.of(person.contact_points.order_by("pk"))
    kinds = dict(AttributeDef.objects.values_list("key", "type"))
    names = {f"import:{pk}": name for pk, name in _import_names(person, identifiers)}
    subjects = _subjects(reaches)
    context = {
        "person": person,
        "title": _title(person, identifiers),
        "known": [item for item in identifiers if item.type != Identifier.Type.ANONYMOUS_ID],
        "anonymous_count": sum(item.type == Identifier.Type.ANONYMOUS_ID for item in identifiers),
        "identifier_sources": names,
        "reaches": reaches,
        "attributes": _attributes(person, kinds, names),
        "attribute_form": attribute_form or AttributeForm(),
        "attribute_keys": sorted(kinds),
        "consent_form": consent_form
        or (ConsentForm(subjects=subjects, initial={"status": Consent.Status.WITHDRAWN}) if subjects else None),
        "ledger": _ledger(everybody),
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        **_timeline(request, everybody),
    }
    is_faulty = attribute_form is not None or consent_form is not None
    return render(request, "profiles/person_detail.html", context, status=422 if is_faulty else 200)


def _everybody(person: Profile) -> list[int]:
    return [person.pk, *identity.origins_of(person.pk)]


def _timeline(request: StaffRequest, profile_ids: Sequence[int]) -> dict[str, Any]:
    kind = request.GET.get("show", "")
    try:
        before = datetime.fromisoformat(request.GET.get("before", ""))
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    return {
        "slice": timeline.read(profile_ids=profile_ids, kind=kind, before=before),
        "timeline_kinds": timeline.kinds(),
        "show": kind,
        "is_continuation": before is not None,
    }


def _title(person: Profile, identifiers: Sequence[Identifier]) -> str:
    by_type = {item.type: item.value for item in reversed(identifiers)}
    return person.name or by_type.get(Identifier.Type.EMAIL) or by_type.get(Identifier.Type.PHONE) or str(person)


def _import_names(person: Profile, identifiers: Sequence[Identifier]) -> list[tuple[int, str]]:
    sources = {item.source for item in identifiers} | {source for _at, source in person.attribute_facts.values()}
    ids = [int(source.removeprefix("import:")) for source in sources if source.removeprefix("import:").isdigit()]
    return list(Import.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else []


def _attributes(person: Profile, kinds: dict[str, str], names: dict[str, str]) -> list[Shown]:
    shown = []
    for key, value in sorted(person.attributes.items()):
        at, source = person.attribute_facts.get(key, [person.created_at.isoformat(), ""])
        shown.append(Shown(key, value, kinds.get(key, "string"), datetime.fromisoformat(at), _source_in_words(source, names)))
    return shown


def _source_in_words(source: str, names: dict[str, str]) -> str:
    if source in names:
        return names[source]
    kind, _mark, name = source.partition(":")
    return {"staff": name, "api": _("API key %(name)s") % {"name": name}, "import": _("an import")}.get(kind, source)


def _ledger(profile_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the newest words of the ledger. Two queries."""
    topics = dict(Topic.objects.values_list("key", "name"))
    rows = Consent.objects.filter(profile__in=profile_ids).order_by("-at", "-pk")[:LEDGER_SHOWN]
    return [
        {
            "row": row,
            "topic": topics.get(row.topic, row.topic),
            "how": timeline.method_in_words(row.method),
            "proof": row.proof.items(),
        }
        for row in rows
    ]


def _subjects(reaches: Sequence[Reach]) -> list[tuple[str, str]]:
    found = []
    for reach in reaches:
        point = reach.point
        found.append((f"{point.kind}|{point.address}|", _("%(address)s: everything") % {"address": point.address}))
        for about in reach.topics:
            label = _("%(address)s: about %(topic)s") % {"address": point.address, "topic": about.topic.name}
            found.append((f"{point.kind}|{point.address}|{about.topic.key}", label))
    return found


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
