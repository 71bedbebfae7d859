"""How do sites, apps and servers hand over what happened? The tracking API below /v1/.

Accepting means: known key, readable body within limits, one durable insert. Everything else is done later from the inbox.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from omni import celery, ratelimit
from profiles.ingest import inbox, keys
from profiles.ingest.envelope import MOST_BYTES, RefusedError, open_envelope
from profiles.models import Source

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

RATE = ratelimit.Limit(settings.INGEST_PER_SECOND, settings.INGEST_BURST)
RETRY_AFTER_SECONDS = 10
FULLNESS_REMEMBERED_SECONDS = 1.0
NUDGE_AT_MOST_EVERY_SECONDS = 0.2
PREFLIGHT_REMEMBERED_SECONDS = 86_400

_fullness: tuple[float, bool] = (0.0, False)
_latest_nudge = 0.0


@csrf_exempt
def accept(request: HttpRequest, call: str = "", *, reads_key_from_query: bool = False) -> HttpResponse:
    """Take one call of the kind `call`, or a batch when it is ''. Answers 200 only for what is on the disk."""
    if request.method == "OPTIONS":
        return for_browsers(request, HttpResponse(status=204))
    entry = Entry(request)
    try:
        if request.method != "POST":
            raise RefusedError(405, "post_only", _("Calls are sent with POST."))
        key = keys.from_header(request.headers.get("Authorization", ""))
        _take(entry, call, key or (request.GET.get("writeKey", "") if reads_key_from_query else ""))
        answer: HttpResponse = JsonResponse({"success": True})
    except RefusedError as error:
        answer = refusal(error)
    except DatabaseError:
        # Nothing was kept, and it is not the sender's fault: libraries try again when they are told so.
        logger.exception("a call could not be kept")
        answer = refusal(busy())
    return for_browsers(request, entry.on(answer))


@csrf_exempt
def discard(request: HttpRequest) -> HttpResponse:
    """Thank for what the browser library reports about itself; nobody here asks for it."""
    return for_browsers(request, HttpResponse(status=204) if request.method == "OPTIONS" else JsonResponse({"success": True}))


class Entry:
    """One request on its way in; remembers what to say about the rate."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self._verdict: ratelimit.Verdict | None = None

    def admit(self, key: str) -> keys.Holder:
        """Return whose key it is, if it may be used from there and often enough; raises RefusedError."""
        holder = keys.holder_of(key)
        if holder is None or holder.kind == Source.Kind.WEBHOOK:
            raise _unknown_key()
        return self.welcome(holder)

    def welcome(self, holder: keys.Holder) -> keys.Holder:
        if not holder.admits(self.request.headers.get("Origin", "")):
            raise RefusedError(403, "foreign_site", _("This write key is not for pages of this site."))
        self._verdict = ratelimit.take(f"ingest:{holder.source_id}", RATE)
        if not self._verdict.is_allowed:
            raise RefusedError(429, "too_many_requests", _("This source sends too much. Send calls in batches, or later."))
        return holder

    def on(self, answer: HttpResponse) -> HttpResponse:
        for name, value in (self._verdict.headers if self._verdict else {}).items():
            answer.headers[name] = value
        return answer


def _take(entry: Entry, call: str, key: str) -> None:
    """Refuse or keep the request; whatever can be known without the body is asked first. Raises RefusedError."""
    request = entry.request
    holder = entry.admit(key) if key else None
    if is_full():
        raise busy()
    body = read_body(request)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    envelope = open_envelope(body, encoding=encoding)
    if holder is None:
        holder = entry.admit(envelope.write_key)
    headers = {
        "content-encoding": encoding,
        "user-agent": request.headers.get("User-Agent", "")[:300],
        "remote-address": request.META.get("REMOTE_ADDR", ""),
    }
    if key := request.headers.get("Idempotency-Key", ""):
        headers["idempotency-key"] = key[:255]
    inbox.accept(source_id=holder.source_id, path=call, headers=headers, body=body, now=timezone.now())
    nudge()


def read_body(request: HttpRequest) -> bytes:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MOST_BYTES:
        raise RefusedError(413, "too_large", _("A request holds at most %(most)s KB.") % {"most": MOST_BYTES // 1024})
    try:
        body = request.read(MOST_BYTES + 1)
    except OSError:
        raise RefusedError(400, "broken_off", _("The connection ended within the body.")) from None
    if len(body) < length:
        raise RefusedError(400, "broken_off", _("The connection ended within the body."))
    if not body:
        raise RefusedError(400, "no_body", _("The request has no body, or does not say how long it is."))
    return body


def is_full() -> bool:
    global _fullness
    if _fullness[0] < time.monotonic():
        _fullness = (time.monotonic() + FULLNESS_REMEMBERED_SECONDS, inbox.is_full())
    return _fullness[1]


def nudge() -> None:
    # The broker is a door bell: ringing it for each of a thousand calls a second would wake nobody sooner.
    global _latest_nudge
    if time.monotonic() - _latest_nudge >= NUDGE_AT_MOST_EVERY_SECONDS:
        _latest_nudge = time.monotonic()
        celery.nudge("profiles.tasks.drain_inbox")


def busy() -> RefusedError:
    return RefusedError(503, "busy", _("Too much is waiting to be processed. Please send this again later."))


def _unknown_key() -> RefusedError:
    return RefusedError(401, "unknown_key", _("The write key is missing, unknown or revoked."))


def refusal(error: RefusedError) -> HttpResponse:
    answer = JsonResponse({"success": False, "code": error.code, "message": error.message}, status=error.status)
    if error.status == 503:
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if error.status == 405:
        answer.headers["Allow"] = "POST, OPTIONS"
    return answer


def for_browsers(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Let pages of any site read the answer: the key is public there, and no cookie counts here."""
    if origin := request.headers.get("Origin"):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            asked = request.headers.get("Access-Control-Request-Headers", "authorization, content-type")
            answer.headers["Access-Control-Allow-Headers"] = asked[:500]
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_REMEMBERED_SECONDS)
    return answer
