"""How do calls reach the tracking API past what only pages need?

Sessions, languages, sign-in and the request log cost several times what accepting a call does, and none of them counts
below /v1/: a call carries its key, and the answer no cookie. So this stands before all other middleware.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils import translation

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

PREFIXES = ("/v1/", "/beacon/v1/", "/hooks/")


# The paths of calls are few; walking all addresses of the house for each costs as much as reading the call.
_resolved = lru_cache(maxsize=1_000)(resolve)


class Door:
    """Middleware that hands calls to their views at once, with the headers that every answer of the house carries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIXES):
            return self.get_response(request)
        try:
            match = _resolved(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        translation.deactivate()  # the thread may have served a page before
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        answer.headers["Content-Length"] = str(len(answer.content))
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
        if request.is_secure() and settings.SECURE_HSTS_SECONDS:
            answer.headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
        return answer
