"""Which lists were cleaned, whose is next, how far is one? The runs of list cleaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omni import audit, figures, keyset, toasts
from omni.celery import nudge
from omni.models import Company
from omni.roles import Right, may, require
from profiles.forms.hygiene import LinesForm, PeopleForm
from profiles.hygiene import asking, cleaning, corrections, results, verdict, verifiers
from profiles.hygiene.results import Part
from profiles.models import AddressCheck, Cleaning, HygienePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omni.middleware import StaffRequest

BAR_WIDTH = 1_000
GAP = 3


@require(Right.VIEW)
@require_GET
def cleaning_list(request: StaffRequest) -> HttpResponse:
    wanted = request.GET.get("source", "")
    return _list(request, PeopleForm(initial={"source": wanted} if wanted else None), LinesForm())


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_create(request: StaffRequest) -> HttpResponse:
    """Make a draft over the addresses of people; nothing is checked yet."""
    form = PeopleForm(request.POST)
    if not form.is_valid():
        return _list(request, form, LinesForm(), status=422)
    source = form.cleaned_data["source"]
    made = cleaning.from_people(
        source=source,
        name=cleaning.name_of(source),
        by=request.user,
        now=timezone.now(),
        import_id=int(source.removeprefix("import:")) if source.startswith("import:") else None,
    )
    return redirect(made)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_create_list(request: StaffRequest) -> HttpResponse:
    """Make a draft over addresses from elsewhere; nobody becomes a person."""
    form = LinesForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, PeopleForm(), form, status=422)
    file = form.cleaned_data["file"]
    name = file.name if file else _("A pasted list")
    return redirect(cleaning.from_list(texts=form.cleaned_data["read"], name=name, by=request.user, now=timezone.now()))


@require(Right.VIEW)
@require_GET
def cleaning_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what a draft would do, how far a run is, or what came of it; asks for itself anew while it is under way."""
    shown = get_object_or_404(Cleaning.objects.select_related("created_by", "of_import"), pk=pk)
    now, policy = timezone.now(), HygienePolicy.current()
    context: dict[str, Any] = {
        "run": shown,
        "currency": Company.load().currency,
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        "may_export": may(request.user, Right.EXPORT),
        "may_administer": may(request.user, Right.ADMINISTER),
        "sentence": sentence_of(shown),
    }
    if shown.state == Cleaning.State.DRAFT:
        context["preview"] = cleaning.preview(shown, policy=policy, now=now)
        context["verifier"] = verifiers.registry[policy.verifier] if asking.is_ready(policy) else None
    else:
        context |= _result(shown)
    part = "#progress" if request.htmx else ""
    return render(request, f"profiles/cleaning_detail.html{part}", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_start(request: StaffRequest, pk: int) -> HttpResponse:
    draft = get_object_or_404(Cleaning, pk=pk)
    uses_verifier = request.POST.get("uses_verifier") == "1"
    if draft.start(uses_verifier=uses_verifier):
        after = {"addresses": draft.total, "uses_verifier": uses_verifier}
        audit.record(actor=request.user, action="cleaning.start", obj=draft, after=after, now=timezone.now())
        nudge("profiles.tasks.run_cleanings")
    return redirect(draft)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_pause(request: StaffRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Cleaning, pk=pk)
    if shown.pause():
        toasts.push(request, _("Paused. It goes on from here."), undo_url=reverse("profiles:cleaning-resume", args=[pk]))
    return redirect(shown)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_resume(request: StaffRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Cleaning, pk=pk)
    if shown.resume():
        nudge("profiles.tasks.run_cleanings")
    return redirect(shown)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Cleaning, pk=pk)
    now = timezone.now()
    if shown.cancel(now=now):
        audit.record(actor=request.user, action="cleaning.cancel", obj=shown, now=now)
        undo_url = reverse("profiles:cleaning-resume", args=[pk])
        toasts.push(request, _("Cancelled. What was found so far stays."), undo_url=undo_url)
    return redirect(shown)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_again(request: StaffRequest, pk: int) -> HttpResponse:
    """Check once more what is unknown, or could not be asked."""
    shown = get_object_or_404(Cleaning, pk=pk)
    if count := cleaning.again(shown):
        nudge("profiles.tasks.run_cleanings")
        words = ngettext("%(n)s address is checked once more.", "%(n)s addresses are checked once more.", count)
        toasts.push(request, words % {"n": figures.number(count)})
    return redirect(shown)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Throw away a draft that was never started."""
    draft = get_object_or_404(Cleaning, pk=pk, state=Cleaning.State.DRAFT)
    draft.delete()
    toasts.push(request, _("The draft was thrown away; nothing was checked."))
    return redirect("profiles:cleaning-list")


def sentence_of(shown: Cleaning) -> str:
    """Say in words what this run is right now."""
    if shown.state == Cleaning.State.DONE:
        words = ngettext("%(n)s address was checked.", "%(n)s addresses were checked.", shown.done)
        return words % {"n": figures.number(shown.done)}
    return {
        Cleaning.State.DRAFT: _("Nothing was checked yet."),
        Cleaning.State.QUEUED: _("Waiting for a worker. You may leave this page."),
        Cleaning.State.RUNNING: _("Running in the background. You may leave this page."),
        Cleaning.State.PAUSED: _("Paused. What was found so far stays; it goes on where it stopped."),
        Cleaning.State.CANCELLED: _("Cancelled. What was found so far stays; it can go on where it stopped."),
        Cleaning.State.FAILED: _("Stopped by an error. What was found so far stays; it can go on where it stopped."),
    }.get(Cleaning.State(shown.state), "")


def groups_of(found: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the parts under their states, with the share of each and what draws its badge."""
    total = sum(part.count for part in found)
    groups = []
    for state in AddressCheck.State:
        mine = [part for part in found if part.state == state]
        if not mine:
            continue
        count = sum(part.count for part in mine)
        tone, icon = verdict.TONES[state]
        groups.append(
            {
                "state": state,
                "label": state.label,
                "tone": tone,
                "icon": icon,
                "count": count,
                "share": count / total,
                "parts": mine,
            }
        )
    return groups


def _result(shown: Cleaning) -> dict[str, Any]:
    found = results.parts(shown)
    counts = {state: sum(part.count for part in found if part.state == state) for state in AddressCheck.State}
    return {
        "groups": groups_of(found),
        "bar": _bar(found),
        "unknown": counts[AddressCheck.State.UNKNOWN],
        "undeliverable": sum(part.count for part in found if part.state == "undeliverable" and part.reason != "syntax"),
        "excluded": results.excluded(shown),
        "typos": corrections.open_in(shown).count(),
        "corrected": shown.corrections.filter(undone_at=None).count(),
    }


def _bar(found: Sequence[Part]) -> list[dict[str, Any]]:
    """Return where each part lies on a bar of BAR_WIDTH; even one address in a million can be seen."""
    total = sum(part.count for part in found)
    room = BAR_WIDTH - GAP * max(0, len(found) - 1)
    widths = [max(2, round(part.count / total * room)) for part in found]
    if widths:
        widths[widths.index(max(widths))] += room - sum(widths)
    drawn, x = [], 0
    for part, width in zip(found, widths):
        drawn.append({"part": part, "x": x, "width": max(width, 1)})
        x += width + GAP
    return drawn


def _list(request: StaffRequest, people: PeopleForm, listed: LinesForm, *, status: int = 200) -> HttpResponse:
    rows = Cleaning.objects.select_related("created_by")
    page = keyset.page(rows, order=("-created_at", "-id"), query=request.GET)
    context = {"page": page, "people": people, "listed": listed, "may_edit": may(request.user, Right.EDIT_PEOPLE)}
    return render(request, "profiles/cleaning_list.html", context, status=status)
