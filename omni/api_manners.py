"""What holds for every call of the API, whichever app answers it?

In this order: text that cannot be stored is refused, the caller's bucket gives a token or the call is answered by 429, a
call whose `Idempotency-Key` was answered before gets that answer, and whatever is refused is told as a problem document.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils import timezone

from omni import api, idempotency, problems, ratelimit
from omni.ratelimit import Limit, Verdict

ROOT = "/api/"
PAGES = ("/api/docs",)  # for people
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not answer that method.",
    413: "The body is too large.",
    500: "Something broke here. It was written down; nothing of the call was kept.",
}

Next = Callable[[HttpRequest], HttpResponse]


class ApiManners:
    """The middleware that sees to it; everything outside of the API passes untouched."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(ROOT) or request.path.startswith(PAGES):
            return self.get_response(request)
        now = timezone.now()
        caller = _caller(request)
        verdict = _take(caller)
        response = _refusal(request, verdict) or _answer(request, caller, now, self.get_response)
        response = _as_problem(response)
        for name, value in (verdict.headers if verdict else {}).items():
            response[name] = value
        response["X-Request-ID"] = problems.request_id()
        return response


def _caller(request: HttpRequest) -> str:
    """Return who asks: a key or somebody signed in; '' for strangers, whom the view turns away."""
    key = api.key_of(request)
    if key is not None:
        return f"key:{key.pk}" if key.pk else ""
    return f"user:{request.user.pk}" if request.user.is_authenticated else ""


def _take(caller: str) -> Verdict | None:
    rate = settings.API_RATE_PER_SECOND
    if not caller or rate <= 0:
        return None
    return ratelimit.take(f"api:{caller}", Limit(rate, settings.API_BURST))


def _refusal(request: HttpRequest, verdict: Verdict | None) -> HttpResponse | None:
    if verdict is not None and not verdict.is_allowed:
        return problems.answer(
            status=429, code="too_many_requests", detail="Too many calls. Ask again after Retry-After seconds."
        )
    texts = [request.path, *(text for name, values in request.GET.lists() for text in (name, *values))]
    if any("\x00" in text for text in texts):
        return problems.answer(status=400, code="nul", detail="An address holds no NUL character.")
    return None


def _answer(request: HttpRequest, caller: str, now: datetime, get_response: Next) -> HttpResponse:
    key = request.headers.get("Idempotency-Key", "")
    if not key or not caller or request.method in SAFE_METHODS:
        return get_response(request)
    if len(key) > idempotency.LONGEST_KEY or not key.isprintable():
        detail = f"An Idempotency-Key has at most {idempotency.LONGEST_KEY} printable characters."
        return problems.answer(status=400, code="idempotency_key", detail=detail)
    try:
        print_ = idempotency.fingerprint(request)
    except RequestDataTooBig:
        return problems.answer(status=413, detail=SENTENCES[413])
    except (BadRequest, MultiPartParserError, RawPostDataException, SuspiciousOperation, UnreadablePostError):
        return problems.answer(status=400, code="unreadable", detail="The body cannot be read.")
    try:
        return _once(request, get_response, caller=caller, key=key, print_=print_, now=now)
    except idempotency.BusyError:
        detail = "The first call with this Idempotency-Key is still being answered."
        return problems.answer(status=409, code="idempotency_in_progress", detail=detail, headers={"Retry-After": "1"})


def _once(request: HttpRequest, get_response: Next, *, caller: str, key: str, print_: str, now: datetime) -> HttpResponse:
    """Answer in one transaction with the record of the call; a refused call leaves neither."""
    with idempotency.claimed(caller=caller, key=key, fingerprint=print_, now=now) as claim:
        if claim.earlier is not None:
            if claim.earlier.fingerprint == print_:
                return idempotency.replay(claim.earlier)
            detail = "This Idempotency-Key was used for another call."
            return problems.answer(status=409, code="idempotency_mismatch", detail=detail)
        response = get_response(request)
        if response.status_code >= 400 or response.streaming:
            transaction.set_rollback(True)
        else:
            idempotency.keep(claim, response)
        return response


def _as_problem(response: HttpResponse) -> HttpResponse:
    """Tell what Django itself refused (no such address, a broken body, an error of ours) in the words of the API."""
    kind = response.get("Content-Type", "").partition(";")[0]
    if response.status_code < 400 or kind == problems.CONTENT_TYPE:
        return response
    status = response.status_code
    told = problems.answer(status=status, detail=SENTENCES.get(status, ""))
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in response:
            told[name] = response[name]
    return told
