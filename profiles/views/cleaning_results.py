"""What came of a run: its addresses, its file, who is left out, and which misspelt addresses are corrected?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omni import audit, figures, keyset, toasts
from omni.roles import Right, may, require
from profiles.hygiene import corrections, results, verdict
from profiles.models import AddressCheck, Cleaning
from profiles.views.cleaning import groups_of

if TYPE_CHECKING:
    from omni.middleware import StaffRequest
    from profiles.hygiene.corrections import Corrected

CORRECTED_SHOWN = 100
LEFT_SHOWN = 20


@require(Right.VIEW)
@require_GET
def cleaning_addresses(request: StaffRequest, pk: int) -> HttpResponse:
    """List the addresses of a run, those of one state or reason, each with its person."""
    run = get_object_or_404(Cleaning, pk=pk)
    state, reason = request.GET.get("state", ""), request.GET.get("reason", "")
    found = results.checks(run, state=state, reason=reason)
    page = keyset.page(found, order=("id",), query=request.GET)
    owners = results.owners(page.items)
    context = {
        "run": run,
        "page": page,
        "lines": [
            (
                row,
                verdict.REASONS.get(row.reason),
                verdict.TONES[AddressCheck.State(row.state)],
                owners.get((row.kind, row.address)),
            )
            for row in page.items
        ],
        "groups": groups_of(results.parts(run)),
        "state": state,
        "reason": reason,
    }
    return render(request, "profiles/cleaning_addresses.html", context)


@require(Right.EXPORT)
@require_GET
def cleaning_export(request: StaffRequest, pk: int) -> StreamingHttpResponse:
    run = get_object_or_404(Cleaning, pk=pk)
    audit.record(actor=request.user, action="cleaning.export", obj=run, now=timezone.now())
    answer = StreamingHttpResponse(results.as_csv(run), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="cleaned-{pk}.csv"'
    return answer


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_exclude(request: StaffRequest, pk: int) -> HttpResponse:
    """Block the undeliverable addresses of the run."""
    run, now = get_object_or_404(Cleaning, pk=pk), timezone.now()
    count = results.exclude(run, now=now)
    audit.record(actor=request.user, action="cleaning.exclude", obj=run, after={"addresses": count}, now=now)
    words = ngettext("Nothing is sent to %(n)s address any more.", "Nothing is sent to %(n)s addresses any more.", count)
    toasts.push(request, words % {"n": figures.number(count)}, undo_url=reverse("profiles:cleaning-include", args=[pk]))
    return redirect(run)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_include(request: StaffRequest, pk: int) -> HttpResponse:
    """Lift what `cleaning_exclude` blocked."""
    run, now = get_object_or_404(Cleaning, pk=pk), timezone.now()
    count = results.include(run, now=now)
    audit.record(actor=request.user, action="cleaning.include", obj=run, after={"addresses": count}, now=now)
    words = ngettext("The block of %(n)s address is lifted.", "The blocks of %(n)s addresses are lifted.", count)
    toasts.push(request, words % {"n": figures.number(count)})
    return redirect(run)


@require(Right.VIEW)
@require_GET
def cleaning_typos(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the addresses that were probably meant otherwise, and those that were corrected."""
    run = get_object_or_404(Cleaning, pk=pk)
    waiting = corrections.open_in(run)
    page = keyset.page(waiting, order=("id",), query=request.GET)
    owners = results.owners(page.items)
    context = {
        "run": run,
        "page": page,
        "total": waiting.count(),
        "lines": [(row, owners.get((row.kind, row.address))) for row in page.items],
        "corrected": run.corrections.filter(undone_at=None).select_related("by").order_by("-at", "-pk")[:CORRECTED_SHOWN],
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
    }
    return render(request, "profiles/cleaning_typos.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_accept(request: StaffRequest, pk: int) -> HttpResponse:
    """Correct one address (`check`), or all that wait; `carries_consent` counts their permission for the new ones."""
    run, now = get_object_or_404(Cleaning, pk=pk), timezone.now()
    waiting = corrections.open_in(run).order_by("pk")
    if "check" in request.POST:
        waiting = waiting.filter(pk=_number(request.POST["check"]))
    carries = request.POST.get("carries_consent") == "1"
    done = corrections.accept(checks=list(waiting), run=run, carries_consent=carries, by=request.user, now=now)
    if done.count:
        after = {"addresses": done.count, "carries_consent": carries}
        audit.record(actor=request.user, action="address.correct", obj=run, after=after, now=now)
        words = ngettext("%(n)s address is corrected.", "%(n)s addresses are corrected.", done.count)
        undo_url = f"{reverse('profiles:cleaning-accept-undo', args=[pk])}?{urlencode({'at': now.isoformat()})}"
        toasts.push(request, words % {"n": figures.number(done.count)}, undo_url=undo_url)
    _say_what_was_left(request, done)
    return redirect("profiles:cleaning-typos", pk)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_accept_undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Give people their former addresses back: those corrected at the moment `at`, or the one correction `one`."""
    run, now = get_object_or_404(Cleaning, pk=pk), timezone.now()
    rows = run.corrections.filter(undone_at=None)
    if one := request.POST.get("one"):
        rows = rows.filter(pk=_number(one))
    else:
        at = _moment(request.GET.get("at", ""))
        rows = rows.filter(at=at) if at else rows.none()
    count = corrections.undo(corrections=list(rows), by=request.user, now=now)
    if count:
        audit.record(actor=request.user, action="address.restore", obj=run, after={"addresses": count}, now=now)
        words = ngettext("%(n)s address is as it was.", "%(n)s addresses are as they were.", count)
        toasts.push(request, words % {"n": figures.number(count)})
    return redirect("profiles:cleaning-typos", pk)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_refuse(request: StaffRequest, pk: int) -> HttpResponse:
    """Believe one spelling."""
    run, now = get_object_or_404(Cleaning, pk=pk), timezone.now()
    found = corrections.open_in(run).filter(pk=_number(request.POST.get("check", ""))).first()
    if found is not None:
        corrections.refuse(check=found, now=now)
        undo_url = f"{reverse('profiles:cleaning-refuse-undo', args=[pk])}?{urlencode({'check': found.pk})}"
        toasts.push(request, _("“%(address)s” is right as it is.") % {"address": found.address}, undo_url=undo_url)
    return redirect("profiles:cleaning-typos", pk)


@require(Right.EDIT_PEOPLE)
@require_POST
def cleaning_refuse_undo(request: StaffRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(Cleaning, pk=pk)
    mine = results.checks(run).filter(pk=_number(request.GET.get("check", "")))
    mine.update(suggestion_refused_at=None, retry_at=timezone.now())
    return redirect("profiles:cleaning-typos", pk)


def _say_what_was_left(request: StaffRequest, done: Corrected) -> None:
    taken = [address for address, why in done.left.items() if why == "taken"]
    if taken:
        words = ngettext(
            "%(n)s address was left: another person has the corrected one. Perhaps the two are one person: %(addresses)s",
            "%(n)s addresses were left: other people have the corrected ones. Perhaps they are the same people: %(addresses)s",
            len(taken),
        )
        toasts.push(request, words % {"n": len(taken), "addresses": ", ".join(taken[:LEFT_SHOWN])}, tone="warning")
    if full := len(done.left) - len(taken):
        words = ngettext(
            "%(n)s address was left: its person has too many addresses.",
            "%(n)s addresses were left: their people have too many addresses.",
            full,
        )
        toasts.push(request, words % {"n": full}, tone="warning")


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 18 else 0


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
