"""How does somebody hear that work in the background is over, on whatever page they are by then?

    news.follow(request, reverse("profiles:import-news", args=["run", 7]))

Every page of the session then asks that address now and then. It answers 204 while there is nothing to tell, and at the
end with a notice (omni.toasts) and `news.over(request)`. Pages of people who follow nothing ask nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse

if TYPE_CHECKING:
    from django.http import HttpRequest

KEY = "news"
MOST_FOLLOWED = 5


def follow(request: HttpRequest, url: str) -> None:
    """Ask `url` from all pages of this session until it says that it is over."""
    request.session[KEY] = [*[other for other in followed(request) if other != url], url][-MOST_FOLLOWED:]


def followed(request: HttpRequest) -> list[str]:
    return list(request.session.get(KEY, [])) if hasattr(request, "session") else []


def over(request: HttpRequest) -> HttpResponse:
    """Answer the last question about this address."""
    request.session[KEY] = [url for url in followed(request) if url != request.path]
    return HttpResponse("")
