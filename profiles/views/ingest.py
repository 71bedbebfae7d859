"""How do sites, apps and servers hand over what happened? The tracking API below /v1/.

Accepting means: known key, readable body within limits, one durable insert. Everything else is done later from the inbox.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from omni import celery
from profiles.ingest import inbox, keys
from profiles.ingest.envelope import MOST_BYTES, RefusedError, open_envelope

if TYPE_CHECKING:
    from django.http import HttpRequest

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
        return _for_browsers(request, HttpResponse(status=204))
    try:
        if request.method != "POST":
            raise RefusedError(405, "post_only", _("Calls are sent with POST."))
        _take(request, call, request.GET.get("writeKey", "") if reads_key_from_query else "")
    except RefusedError as error:
        return _for_browsers(request, _refusal(error))
    return _for_browsers(request, JsonResponse({"success": True}))


def _take(request: HttpRequest, call: str, key: str) -> None:
    """Refuse or keep the request; whatever can be known without the body is asked first. Raises RefusedError."""
    key = keys.from_header(request.headers.get("Authorization", "")) or key
    source_id = keys.source_id_of(key)
    if key and source_id is None:
        raise _unknown_key()
    if _is_full():
        raise RefusedError(503, "busy", _("Too much is waiting to be processed. Please send this again later."))
    body = _body(request)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    envelope = open_envelope(body, encoding=encoding)
    if source_id is None:
        source_id = keys.source_id_of(envelope.write_key)
    if source_id is None:
        raise _unknown_key()
    headers = {
        "content-encoding": encoding,
        "user-agent": request.headers.get("User-Agent", "")[:300],
        "remote-address": request.META.get("REMOTE_ADDR", ""),
    }
    inbox.accept(source_id=source_id, path=call, headers=headers, body=body, now=timezone.now())
    _nudge()


def _body(request: HttpRequest) -> bytes:
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


def _is_full() -> bool:
    global _fullness
    if _fullness[0] < time.monotonic():
        _fullness = (time.monotonic() + FULLNESS_REMEMBERED_SECONDS, inbox.is_full())
    return _fullness[1]


def _nudge() -> None:
    # The broker is a door bell: ringing it for each of a thousand calls a second would wake nobody sooner.
    global _latest_nudge
    if time.monotonic() - _latest_nudge >= NUDGE_AT_MOST_EVERY_SECONDS:
        _latest_nudge = time.monotonic()
        celery.nudge("profiles.tasks.drain_inbox")


def _unknown_key() -> RefusedError:
    return RefusedError(401, "unknown_key", _("The write key is missing, unknown or revoked."))


def _refusal(error: RefusedError) -> HttpResponse:
    answer = JsonResponse({"success": False, "code": error.code, "message": error.message}, status=error.status)
    if error.status == 503:
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if error.status == 405:
        answer.headers["Allow"] = "POST, OPTIONS"
    return answer


def _for_browsers(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Let pages of any site read the answer: the key is public there, and no cookie counts here."""
    if origin := request.headers.get("Origin"):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            asked = request.headers.get("Access-Control-Request-Headers", "authorization, content-type")
            answer.headers["Access-Control-Allow-Headers"] = asked[:500]
            answer.headers["Access-Control-Allow-Methods"] = "POST, OPTIONS"
            answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_REMEMBERED_SECONDS)
    return answer
