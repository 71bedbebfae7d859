"""What is arriving right now, and what becomes of it? The live debugger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from omni.roles import Right, require
from profiles import sources
from profiles.ingest import deadletters, spec
from profiles.models import DeadLetter, IngestRaw, Profile, RecentCall

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest

SHOWN = 50
MOST_COUNTED = 1_000
TYPES = sorted(spec.TYPES)


@require(Right.EDIT_PEOPLE)
@require_GET
def recent_call_list(request: StaffRequest) -> HttpResponse:
    """Show the latest calls, newest first; the page asks for itself every two seconds unless it is paused."""
    everyone = list(sources.outside())
    source = next((each for each in everyone if str(each.pk) == request.GET.get("source")), None)
    calls = list(_filtered(request, RecentCall.objects.filter(source=source) if source else RecentCall.objects.all())[:SHOWN])
    people = Profile.objects.in_bulk([call.profile_id for call in calls if call.profile_id])
    names = {each.pk: each.name for each in everyone}
    waiting = IngestRaw.objects.filter(source=source) if source else IngestRaw.objects.all()
    context = {
        "rows": [(call, names.get(call.source_id, ""), people.get(call.profile_id or 0), _why(call)) for call in calls],
        "sources": everyone,
        "source": source,
        "types": TYPES,
        "states": RecentCall.State.choices,
        "waiting": len(waiting.values_list("pk")[:MOST_COUNTED]),
        "is_paused": request.GET.get("paused") == "1",
        "is_filtered": any(request.GET.get(name) for name in ("source", "type", "state")),
        "as_of": timezone.now(),
    }
    part = "#live" if request.htmx else ""
    return render(request, f"profiles/recent_call_list.html{part}", context)


@require(Right.EDIT_PEOPLE)
@require_GET
def recent_call_detail(request: StaffRequest, pk: int) -> HttpResponse:
    call = get_object_or_404(RecentCall.objects.select_related("source"), pk=pk)
    letter = DeadLetter.objects.filter(source=call.source_id, received_at=call.received_at, reason=call.reason).first()
    context = {
        "call": call,
        "person": Profile.objects.filter(pk=call.profile_id or 0).first(),
        "why": _why(call),
        "remedy": deadletters.remedy_for(call.reason),
        "letter": letter if call.state == RecentCall.State.REFUSED else None,
        "body": _indented(call.body),
    }
    return render(request, "profiles/recent_call_detail.html", context)


def _filtered(request: StaffRequest, calls: QuerySet[RecentCall]) -> QuerySet[RecentCall]:
    if kind := request.GET.get("type"):
        calls = calls.filter(type=kind)
    if state := request.GET.get("state"):
        calls = calls.filter(state=state)
    return calls.order_by("-id")


def _why(call: RecentCall) -> object:
    return deadletters.words_of(call.reason) if call.reason else ""


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
