"""Who is who, by hand: undo a merge, merge with another person, and mend identifiers. Each with what it would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni import audit, toasts
from omni.roles import Right, require
from profiles import search
from profiles.forms.people import NewIdentifierForm
from profiles.identity import by_hand, parting, preview, words
from profiles.identity.resolve import ContentionError
from profiles.models import Identifier, Merge, Profile
from profiles.people import duplicates
from profiles.person.attribute_story import source_in_words
from profiles.views import person_page
from profiles.views.identity_tab import import_names

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

FOUND_SHOWN = 20


@require(Right.EDIT_PEOPLE)
@require_GET
def merge_choose(request: StaffRequest, pk: int) -> HttpResponse:
    """Look for the other person, by name or any identifier."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    return render(request, "profiles/merge_choose.html", {"person": person, "title": _title(person), **_search(request, person)})


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def merge_create(request: StaffRequest, pk: int, other: int) -> HttpResponse:
    """Show what making two people one would change; on POST do it."""
    one = get_object_or_404(Profile.objects.surviving(), pk=pk)
    two = get_object_or_404(Profile.objects.surviving(), pk=other)
    if one.pk == two.pk:
        raise Http404
    fault = ""
    if request.method == "POST":
        fault = _merge(request, one, two)
        if not fault:
            toasts.push(request, _("They are one person now. The Identity tab takes it back."))
            return redirect("profiles:person-detail", one.pk)
    found = preview.of_merge(one, two)
    context = {
        "person": one,
        "title": _title(one),
        "joined": found,
        "titles": {"root": _title(found.root.person), "origin": _title(found.origin.person)},
        "obstacle": words.of_obstacle(found.obstacle) if found.obstacle else "",
        "fault": fault,
    }
    return render(request, "profiles/merge_create.html", context, status=422 if fault else 200)


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def merge_undo(request: StaffRequest, pk: int, merge_id: int) -> HttpResponse:
    """Show what goes where when a merge is undone; on POST undo it."""
    person = get_object_or_404(Profile, pk=pk)
    merge = get_object_or_404(Merge.objects.select_related("root", "origin"), pk=merge_id)
    if pk not in (merge.root_id, merge.origin_id, merge.root.merged_into_id):
        raise Http404
    why = parting.obstacle(merge)
    if isinstance(why, parting.ReversedAlreadyError):
        toasts.push(request, _("This merge was undone already."), tone="info")
        return _identity_tab(merge.root)
    if request.method == "POST" and why is None:
        try:
            return _part(request, merge)
        except (parting.CannotPartError, ContentionError):
            toasts.push(request, _("Others are changing the same people. Look again."), tone="danger")
            return _identity_tab(merge.root)
    names = import_names([merge.evidence.get("source", "")])
    context = {
        "person": person,
        "merge": merge,
        "why_merged": words.of_merge(merge, source=source_in_words(merge.evidence.get("source", ""), names)),
        "first": why.first if why else None,
        "parted": None if why else preview.of_parting(merge),
    }
    return render(request, "profiles/merge_undo.html", context, status=409 if why and request.method == "POST" else 200)


@require(Right.EDIT_PEOPLE)
@require_POST
def identifier_create(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    form = NewIdentifierForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        try:
            row = by_hand.add_identifier(person=person, key=form.key(), source=_actor(request), now=now)
        except by_hand.TakenError as taken:
            is_own = taken.owner_id == person.pk
            form.taken(
                is_own=is_own, url=reverse("profiles:merge-create", args=[person.pk, taken.owner_id]) if not is_own else ""
            )
        except by_hand.CannotMergeError as error:
            form.add_error(None, words.of_obstacle(error.code))
        else:
            _note(request, person, "identifier.add", row)
            toasts.push(request, _("%(kind)s “%(value)s” is added.") % {"kind": row.label, "value": row.value})
            return _identity_tab(person)
    return person_page.show(request, person, tab="identity", forms={"identity": form})


@require(Right.EDIT_PEOPLE)
@require_POST
def identifier_delete(request: StaffRequest, pk: int, identifier_id: int) -> HttpResponse:
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    get_object_or_404(Identifier, pk=identifier_id, profile=person)
    try:
        row = by_hand.remove_identifier(person=person, identifier_id=identifier_id, now=timezone.now())
    except by_hand.LastIdentifierError:
        toasts.push(request, _("This is the last one: nobody would find the person again without it."), tone="danger")
        return _identity_tab(person)
    _note(request, person, "identifier.remove", row)
    toasts.push(request, _("%(kind)s “%(value)s” is taken away.") % {"kind": row.label, "value": row.value})
    return _identity_tab(person)


@require(Right.EDIT_PEOPLE)
@require_POST
def identifier_verify(request: StaffRequest, pk: int, identifier_id: int) -> HttpResponse:
    """Say that the identifier was checked, or with `verified=0` that it was not."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    get_object_or_404(Identifier, pk=identifier_id, profile=person)
    is_verified = request.POST.get("verified") != "0"
    row = by_hand.verify_identifier(person=person, identifier_id=identifier_id, is_verified=is_verified, now=timezone.now())
    _note(request, person, "identifier.verify" if is_verified else "identifier.unverify", row)
    toasts.push(request, _("Marked as verified.") if is_verified else _("No longer marked as verified."))
    return _identity_tab(person)


@require(Right.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def identifier_move(request: StaffRequest, pk: int, identifier_id: int) -> HttpResponse:
    """Look for the person an identifier really belongs to; on POST give it to them."""
    person = get_object_or_404(Profile.objects.surviving(), pk=pk)
    row = get_object_or_404(Identifier, pk=identifier_id, profile=person)
    if request.method == "POST":
        to = get_object_or_404(Profile.objects.surviving(), pk=_number(request.POST.get("to", "")))
        try:
            by_hand.move_identifier(person=person, identifier_id=row.pk, to=to, by=_actor(request), now=timezone.now())
        except by_hand.LastIdentifierError:
            toasts.push(request, _("This is the last one: nobody would find the person again without it."), tone="danger")
            return _identity_tab(person)
        except by_hand.CannotMergeError as error:
            toasts.push(request, words.of_obstacle(error.code), tone="danger")
            return _identity_tab(person)
        _note(request, person, "identifier.move", row, to=to.pk)
        toasts.push(request, _("“%(value)s” belongs to %(person)s now.") % {"value": row.value, "person": _title(to)})
        return _identity_tab(person)
    context = {"person": person, "title": _title(person), "identifier": row, **_search(request, person)}
    return render(request, "profiles/identifier_move.html", context)


def _merge(request: StaffRequest, one: Profile, two: Profile) -> str:
    """Merge as the form says; return what is wrong, '' when it was done."""
    keep = {
        name.removeprefix("keep-"): _number(value)
        for name, value in request.POST.items()
        if name.startswith("keep-") and value in (str(one.pk), str(two.pk))
    }
    try:
        done = by_hand.merge(
            one=one.pk,
            other=two.pk,
            keep=keep,
            confirms_user_ids=request.POST.get("confirms") == "1",
            by=_actor(request),
            now=timezone.now(),
        )
    except by_hand.CannotMergeError as error:
        return words.of_obstacle(error.code)
    except ContentionError:
        return _("Others are changing the same people. Try again.")
    if done is not None:
        duplicates.accepted(one=one.pk, other=two.pk, by=_actor(request), now=timezone.now())
        after = {"root": done.root_id, "origin": done.origin_id, "decided": sorted(done.decisions)}
        audit.record(actor=request.user, action="person.merge", obj=done.root, after=after, now=timezone.now())
    return ""


def _part(request: StaffRequest, merge: Merge) -> HttpResponse:
    give = [_number(value) for value in request.POST.getlist("give")]
    done = parting.part(merge_id=merge.pk, give=give, by=_actor(request), now=timezone.now())
    after = {"root": done.root_id, "origin": done.origin_id, **done.reversal}
    audit.record(actor=request.user, action="person.unmerge", obj=done.root, after=after, now=timezone.now())
    toasts.push(request, _("They are two people again, and no rule will join them by itself."))
    return _identity_tab(done.root)


def _search(request: StaffRequest, person: Profile) -> dict[str, object]:
    asked = request.GET.get("q", "").strip()
    rows = Profile.objects.surviving().filter(search.matching(asked)).exclude(pk=person.pk).order_by("pk")
    found = list(rows.prefetch_related("identifiers")[:FOUND_SHOWN]) if asked else []
    return {"q": asked, "found": [(each, _title(each), list(each.identifiers.all())[:4]) for each in found]}


def _title(person: Profile) -> str:
    return person_page.title_of(person, list(person.identifiers.all()))


def _identity_tab(person: Profile) -> HttpResponse:
    return redirect("profiles:person-tab", person.pk, "identity")


def _actor(request: StaffRequest) -> str:
    return f"staff:{request.user}"[:80]


def _note(request: StaffRequest, person: Profile, action: str, row: Identifier, **more: object) -> None:
    after = {"type": row.type, **more}
    audit.record(actor=request.user, action=action, obj=person, after=after, now=timezone.now())


def _number(text: str) -> int:
    """Return the number in a form; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
