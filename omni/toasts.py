"""How does a page say what just happened, with a way back?

    toasts.push(request, _("Campaign paused."), undo_url=reverse("campaigns:campaign-resume", args=[7]))

Works after a redirect (messages framework) and in an htmx answer (ToastMiddleware turns it into HX-Trigger). The undo
address is asked by POST within ten seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.http import HttpRequest, HttpResponse

LEVELS = {"success": messages.SUCCESS, "info": messages.INFO, "warning": messages.WARNING, "danger": messages.ERROR}
TONES = {messages.ERROR: "danger", messages.WARNING: "warning", messages.INFO: "info"}
UNDO = "undo:"
LEAVING = ("HX-Redirect", "HX-Refresh", "HX-Location")


def push(request: HttpRequest, text: str, *, tone: str = "success", undo_url: str = "") -> None:
    """Show `text` on the next page or with this htmx answer."""
    messages.add_message(request, LEVELS[tone], str(text), extra_tags=f"{UNDO}{undo_url}" if undo_url else "")


def as_data(found: Iterable[Any]) -> list[dict[str, str]]:
    """Return messages as what static/js/toasts.js reads: text, tone, undo."""
    return [
        {
            "text": str(message),
            "tone": TONES.get(message.level, "success"),
            "undo": (message.extra_tags or "").removeprefix(UNDO) if (message.extra_tags or "").startswith(UNDO) else "",
        }
        for message in found
    ]


class ToastMiddleware:
    """Send the messages of an htmx answer along with it; those of a redirect wait for the page that follows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        leaves = 300 <= response.status_code < 400 or any(name in response for name in LEAVING)
        if not getattr(request, "htmx", False) or leaves:
            return response
        if found := as_data(messages.get_messages(request)):
            events = _events(response.get("HX-Trigger", ""))
            response["HX-Trigger"] = json.dumps({**events, "omni:toasts": {"list": found}})
        return response


def _events(header: str) -> dict[str, Any]:
    if not header:
        return {}
    if header.lstrip().startswith("{"):
        return dict(json.loads(header))
    return {name.strip(): None for name in header.split(",") if name.strip()}
