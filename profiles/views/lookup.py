"""Who stands at the counter? A narrow page for shop staff that only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from omni import ratelimit
from omni.roles import Right, require
from profiles.person import lookup

if TYPE_CHECKING:
    from omni.middleware import StaffRequest


@require(Right.LOOK_UP)
@require_http_methods(["GET", "POST"])
def lookup_card(request: StaffRequest) -> HttpResponse:
    """Ask for a value; on POST, so that it stands in no address and no log, show who has exactly it."""
    value = request.POST.get("value", "").strip()[:255]
    context: dict[str, object] = {"card": None, "error": ""}
    if request.method == "POST" and not value:
        context["error"] = _("Type or scan something.")
    elif request.method == "POST":
        verdict = ratelimit.take(f"lookup:user:{request.user.pk}", lookup.LIMIT)
        if not verdict.is_allowed:
            context["error"] = _("Too many look-ups. Wait a little.")
            return render(request, "profiles/lookup_card.html", context, status=429)
        context["card"] = lookup.find(value, by=request.user, now=timezone.now())
        if context["card"] is None:
            context["error"] = _("Nobody has exactly this, or several people have. Phones need their country code.")
    return render(request, "profiles/lookup_card.html", context, status=422 if context["error"] else 200)
