"""Home, the palette's answers, the theme, and the index of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from omni import home as home_registry
from omni import search as search_registry
from omni import settings_pages
from omni.roles import Right, require

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

THEMES = ("auto", "light", "dark")


@require(Right.VIEW)
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    user, now = request.user, timezone.now()
    steps = home_registry.checklist(user, now)
    context = {
        "steps": steps,
        "steps_done": sum(is_done for _, is_done in steps),
        "warnings": home_registry.warnings(user, now),
        "running": home_registry.running(user, now),
        "results": home_registry.results(user, now),
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
