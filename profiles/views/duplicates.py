"""Which two people might be one, and what does a person say? Suggestions, never merges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omni import audit, celery, keyset, toasts
from omni.navigation import Tab
from omni.roles import Right, may, require
from profiles.models import DuplicatePair, Profile
from profiles.people import duplicates
from profiles.views import person_page

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

State = DuplicatePair.State


@dataclass(frozen=True)
class Line:
    pair: DuplicatePair
    one: str
    other: str
    reasons: list[str]


@require(Right.VIEW)
@require_GET
def duplicate_list(request: StaffRequest) -> HttpResponse:
    """Show open pairs, the likeliest first; `show=rejected` those that are two people; `why` only those of one reason."""
    is_rejected = request.GET.get("show") == State.REJECTED
    why = request.GET.get("why", "")
    rows = _surviving().filter(state=State.REJECTED if is_rejected else State.OPEN)
    if why in dict(duplicates.labels()):
        rows = rows.filter(reasons__contains=[[why]])
    page = keyset.page(
        rows.select_related("one", "other").prefetch_related("one__identifiers", "other__identifiers"),
        order=("-score", "-id"),
        query=request.GET,
    )
    context = {
        "page": page,
        "lines": [_line(pair) for pair in page.items],
        "is_rejected": is_rejected,
        "why": why,
        "reasons": duplicates.labels(),
        "tabs": _tabs(is_rejected),
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
    }
    return render(request, "profiles/duplicate_list.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def duplicate_reject(request: StaffRequest) -> HttpResponse:
    """Say of the chosen pairs that they are two people each."""
    ids = _chosen(request)
    count = duplicates.reject(pair_ids=ids, by=f"staff:{request.user}"[:80], now=timezone.now())
    if count:
        audit.record(actor=request.user, action="duplicates.reject", obj=request.user, after={"pairs": ids}, now=timezone.now())
        words = ngettext("%(n)s pair is two people each.", "%(n)s pairs are two people each.", count) % {"n": count}
        query = "&".join(f"pair={pk}" for pk in ids)
        toasts.push(request, words, undo_url=f"{reverse('profiles:duplicate-reopen')}?{query}" if len(query) < 1500 else "")
    return redirect("profiles:duplicate-list")


@require(Right.EDIT_PEOPLE)
@require_POST
def duplicate_reopen(request: StaffRequest) -> HttpResponse:
    """Take rejections back."""
    ids = _chosen(request)
    if duplicates.reopen(pair_ids=ids):
        audit.record(actor=request.user, action="duplicates.reopen", obj=request.user, after={"pairs": ids}, now=timezone.now())
        toasts.push(request, _("Back among those to look at."))
    return redirect("profiles:duplicate-list")


@require(Right.EDIT_PEOPLE)
@require_POST
def duplicate_search(request: StaffRequest) -> HttpResponse:
    """Look for pairs now instead of with the next tick."""
    celery.nudge("profiles.tasks.suggest_duplicates")
    toasts.push(request, _("Looking. New pairs appear here in a moment."), tone="info")
    return redirect("profiles:duplicate-list")


def _surviving() -> QuerySet[DuplicatePair]:
    return DuplicatePair.objects.filter(one__merged_into=None, other__merged_into=None)


def _tabs(is_rejected: bool) -> list[Tab]:
    url = reverse("profiles:duplicate-list")
    return [
        Tab(_("To look at"), url, not is_rejected, _surviving().filter(state=State.OPEN).count()),
        Tab(_("Two people"), f"{url}?show={State.REJECTED}", is_rejected),
    ]


def _line(pair: DuplicatePair) -> Line:
    return Line(pair, _title(pair.one), _title(pair.other), duplicates.in_words(pair.reasons))


def _title(person: Profile) -> str:
    return person_page.title_of(person, list(person.identifiers.all()))


def _chosen(request: StaffRequest) -> list[int]:
    given = [*request.POST.getlist("pair"), *request.GET.getlist("pair")]
    return [int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 19]
