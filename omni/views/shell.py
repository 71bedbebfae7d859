"""Home, the palette's answers, the theme, and the index of settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omni import home as home_registry
from omni import search as search_registry
from omni import settings_pages
from omni.roles import Right, may, require

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.middleware import StaffRequest

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Tick:
    """One item of the checklist as it is shown."""

    title: str | _StrPromise
    text: str | _StrPromise
    url: str
    action: str | _StrPromise
    is_done: bool


@require(Right.VIEW)
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    user, now = request.user, timezone.now()
    steps = _ticks(home_registry.checklist(user, now))
    alerts = home_registry.alerts(user, now)
    running = home_registry.running(user, now)
    context = {
        "greeting": _("Home"),
        "sentence": _sentence(len(running), len(alerts)),
        "steps_left": [tick for tick in steps if not tick.is_done],
        "steps_ticked": [tick for tick in steps if tick.is_done],
        "steps_total": len(steps),
        "alerts": alerts,
        "running": running,
        "results": home_registry.results(user, now),
        "new_campaign_url": _url("campaigns:campaign-create") if may(user, Right.EDIT_CAMPAIGNS) else "",
        "now": now,
    }
    return render(request, "omni/home.html", context)


@require(Right.VIEW)
@require_GET
def search(request: StaffRequest) -> HttpResponse:
    """Answer the palette; `q` is what was typed so far."""
    found = search_registry.find(request.GET.get("q", ""), user=request.user)
    return render(request, "omni/_hits.html", {"found": found, "query": request.GET.get("q", "")})


@require(Right.VIEW)
@require_POST
def theme(request: StaffRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        request.user.theme = chosen
        request.user.save(update_fields=["theme"])
    if request.htmx:
        return HttpResponse(status=204)
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if is_ours else "home")


@require(Right.VIEW)
@require_GET
def settings_index(request: StaffRequest) -> HttpResponse:
    return render(request, "omni/settings.html", {"groups": settings_pages.for_user(request.user)})


def _ticks(checklist: list[tuple[home_registry.Step, bool]]) -> list[Tick]:
    return [Tick(step.title, step.text, _url(step.url_name), step.action or _("Open"), is_done) for step, is_done in checklist]


def _sentence(running: int, alerts: int) -> str:
    lives = ngettext("%(count)d thing is running", "%(count)d things are running", running) % {"count": running}
    needs = ngettext("%(count)d thing needs you", "%(count)d things need you", alerts) % {"count": alerts}
    if running and alerts:
        return _("%(lives)s; %(needs)s.") % {"lives": lives, "needs": needs}
    if alerts:
        return f"{needs}."
    if running:
        return _("%(lives)s, and nothing needs you.") % {"lives": lives}
    return _("Nothing is running, and nothing needs you.")


def _url(name: str) -> str:
    """Return the address, or "" when the app that holds it is not mounted."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
