"""What was accepted and could not be used, and may it try again?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omni import celery, keyset, toasts
from omni.roles import Right, require
from profiles.ingest import deadletters, envelope
from profiles.models import DeadLetter, Source

if TYPE_CHECKING:
    from django.http import HttpResponse

    from omni.middleware import StaffRequest

LONGEST_PREVIEW = 20_000
LONGEST_LINE = 140


@require(Right.EDIT_PEOPLE)
@require_GET
def dead_letter_list(request: StaffRequest) -> HttpResponse:
    waiting = _of_source(DeadLetter.objects.filter(replayed_at=None), request.GET.get("source", ""))
    reason = request.GET.get("reason", "")
    counts = dict(waiting.values("reason").annotate(n=Count("pk")).order_by("-n", "reason").values_list("reason", "n"))
    page = keyset.page(_of_reason(waiting, reason).select_related("source"), order=("-received_at", "-id"), query=request.GET)
    context = {
        "page": page,
        "rows": [(letter, deadletters.words_of(letter.reason), _line(letter)) for letter in page.items],
        "reasons": [(code, deadletters.words_of(code), n) for code, n in counts.items()],
        "reason": reason,
        "source": Source.objects.filter(pk=_number(request.GET.get("source", ""))).first(),
        "total": counts.get(reason, 0) if reason else sum(counts.values()),
    }
    return render(request, "profiles/dead_letter_list.html", context)


@require(Right.EDIT_PEOPLE)
@require_GET
def dead_letter_detail(request: StaffRequest, pk: int) -> HttpResponse:
    letter = get_object_or_404(DeadLetter.objects.select_related("source"), pk=pk)
    text = _readable(bytes(letter.body))
    context = {
        "letter": letter,
        "reason": deadletters.words_of(letter.reason),
        "remedy": deadletters.remedy_for(letter.reason),
        "body": text[:LONGEST_PREVIEW],
        "is_cut": len(text) > LONGEST_PREVIEW,
        "line": _line(letter),
    }
    return render(request, "profiles/dead_letter_detail.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def dead_letter_replay(request: StaffRequest, pk: int) -> HttpResponse:
    count = deadletters.replay(DeadLetter.objects.filter(pk=pk), now=timezone.now())
    return _replayed(request, count)


@require(Right.EDIT_PEOPLE)
@require_POST
def dead_letter_replay_all(request: StaffRequest) -> HttpResponse:
    """Replay all that wait, or those of one reason or source."""
    letters = _of_source(DeadLetter.objects.all(), request.POST.get("source", ""))
    letters = _of_reason(letters, request.POST.get("reason", ""))
    return _replayed(request, deadletters.replay(letters, now=timezone.now()))


def _of_reason(letters: QuerySet[DeadLetter], reason: str) -> QuerySet[DeadLetter]:
    return letters.filter(reason=reason) if reason else letters


def _of_source(letters: QuerySet[DeadLetter], source: str) -> QuerySet[DeadLetter]:
    return letters.filter(source_id=_number(source)) if source else letters


def _number(text: str) -> int:
    """Return the number in an address; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _replayed(request: StaffRequest, count: int) -> HttpResponse:
    if count:
        celery.nudge("profiles.tasks.drain_inbox")
        text = ngettext("%(n)s call is being processed again.", "%(n)s calls are being processed again.", count) % {"n": count}
        toasts.push(request, text)
    else:
        toasts.push(request, _("Nothing was waiting to be processed again."), tone="info")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("profiles:dead-letter-list")


def _line(letter: DeadLetter) -> str:
    """Return what the call is, in a few words."""
    value = _parsed(bytes(letter.body))
    if isinstance(value, dict) and "batch" not in value:
        parts = [value.get("type"), value.get("event") or value.get("name"), value.get("userId") or value.get("anonymousId")]
        if words := " · ".join(str(part) for part in parts if isinstance(part, str | int) and part):
            return words[:LONGEST_LINE]
    return _readable(bytes(letter.body))[:LONGEST_LINE]


def _readable(body: bytes) -> str:
    value = _parsed(body)
    return body.decode(errors="replace") if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(envelope.inflate(body, encoding=""))
    except (envelope.RefusedError, ValueError, RecursionError):
        return None
