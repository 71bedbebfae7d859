"""In whose language and time zone is a page shown, and what is noted of a request?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django_structlog.middlewares import RequestMiddleware

from omni import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse
    from django_htmx.middleware import HtmxDetails

    from omni.models import User


class StaffRequest(HttpRequest):
    """The type of a request behind `@require`: what the middleware added. For annotations only."""

    user: User
    htmx: HtmxDetails


class ViewerMiddleware:
    """Activate the signed-in person's language and zone for the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        if user.language in dict(settings.LANGUAGES):
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        with timezone.override(_zone(user.time_zone)):
            return self.get_response(request)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


class RequestLog(RequestMiddleware):
    """Write one line per request: method, path, status, who (by number) and the request's id; never the query."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {logs.hide_tokens(request.path)}"
