"""What do readers of our letters see? No sign-in, no cookie, nothing changed by looking.

A click always leads on, even when it cannot be written down.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.models import Delivery
from campaigns.tracking import leaving, visits
from campaigns.tracking.links import Kind, read, sign
from omni.models import Company

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
PROOF_CHARS = 300


class RedirectOn(HttpResponseRedirect):
    allowed_schemes = ["http", "https"]  # noqa: RUF012  (as the base class has it)


@never_cache
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    place = read(kind=Kind.CLICK, token=token)
    if place is None:
        raise Http404
    try:
        target = visits.click(place=place, request=_request(request), now=timezone.now())
    except Exception:  # whoever clicks must arrive; the count is less important
        logger.exception("a click could not be written down")
        delivery = Delivery.objects.filter(pk=place.delivery_id).first()
        link = visits.link_of(delivery, place) if delivery else None
        target = visits.target_of(link, delivery.context or {}) if delivery and link else None
    if target is None:
        raise Http404
    return bare(RedirectOn(target))


@never_cache
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    place = read(kind=Kind.OPEN, token=token)
    if place is None:
        raise Http404
    try:
        visits.opened(place=place, request=_request(request), now=timezone.now())
    except Exception:  # a picture that is missing would be seen
        logger.exception("an open could not be written down")
    return bare(HttpResponse(GIF, content_type="image/gif"))


# RFC 8058: mail programs post here without cookies or a form of ours; the token in the address is the permission.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    place = read(kind=Kind.UNSUBSCRIBE, token=token)
    if place is None:
        raise Http404
    who = leaving.reader(place)
    with translation.override(speak(request, who.language if who else "")):
        if who is None:
            # The wish is fulfilled already, and a mail program must not be told that it failed.
            return bare(render(request, "public/gone.html", {"company": Company.load()}))
        status = 200
        if request.method == "POST" and not _act(request, who):
            status = 400
        left_topic, left_all = leaving.has_left(who)
        facts = {
            "who": who,
            "company": Company.load(),
            "left_topic": left_topic,
            "left_all": left_all,
            "preferences": sign(kind=Kind.PREFERENCES, place=place),
        }
        return bare(render(request, "public/unsubscribe.html", facts, status=status))


@require_safe
def unsubscribe_sample(request: HttpRequest) -> HttpResponse:
    """Show where the link in a letter sent as a trial would lead."""
    return render(request, "public/sample.html", {"company": Company.load()})


def _act(request: HttpRequest, who: leaving.Reader) -> bool:
    """Do what was asked by POST; False when nothing was."""
    proof, now = proof_of(request), timezone.now()
    if request.POST.get("List-Unsubscribe") == "One-Click":
        leaving.leave(who=who, everything=not who.topic_key, method=leaving.ONE_CLICK, proof=proof, now=now)
    elif request.POST.get("leave") in ("topic", "everything"):
        everything = request.POST["leave"] == "everything" or not who.topic_key
        leaving.leave(who=who, everything=everything, method=leaving.PAGE, proof=proof, now=now)
    elif request.POST.get("leave") == "undo":
        leaving.come_back(who=who, proof=proof, now=now)
    else:
        return False
    return True


def proof_of(request: HttpRequest) -> dict[str, Any]:
    """Return what shows later how a reader said something here."""
    return {
        "ip": request.META.get("REMOTE_ADDR", ""),
        "user_agent": request.headers.get("User-Agent", "")[:PROOF_CHARS].replace("\0", ""),
        "url": request.path,
    }


def _request(request: HttpRequest) -> visits.Request:
    agent = request.headers.get("User-Agent", "").replace("\0", "")
    return visits.Request(request.method or "GET", agent, request.headers)


def speak(request: HttpRequest, wanted: str = "") -> str:
    """Return the `wanted` language when somebody translated it, else the browser's, else that of the house."""
    known = {code for code, _ in settings.LANGUAGES}
    return wanted if wanted in known else translation.get_language_from_request(request)


def bare(response: HttpResponse) -> HttpResponse:
    """Return the answer as one that no search engine keeps and no next page hears of."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
