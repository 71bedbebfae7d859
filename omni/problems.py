"""How is an error told to a program? As a problem document of RFC 9457."""

from __future__ import annotations

import http
from collections.abc import Sequence
from typing import Any

import structlog
from django.http import HttpResponse, JsonResponse

CONTENT_TYPE = "application/problem+json"


def document(
    *, status: int, code: str = "", detail: str = "", errors: Sequence[dict[str, str]] = (), instance: str = ""
) -> dict[str, Any]:
    """Return the document: `code` is for programs and stays the same, `detail` is a sentence, `errors` has a path per fault.

    `instance` is the id of the request, by which the log knows it.
    """
    phrase = http.HTTPStatus(status).phrase if status in http.HTTPStatus._value2member_map_ else "Error"
    code = code or phrase.lower().replace(" ", "_").replace("-", "_")
    body = {
        "type": f"urn:problem-type:omni:{code}",
        "title": phrase,
        "status": status,
        "detail": detail or phrase,
        "code": code,
        "instance": instance or f"urn:uuid:{request_id()}",
    }
    return {**body, "errors": list(errors)} if errors else body


def answer(*, status: int, code: str = "", detail: str = "", headers: dict[str, str] | None = None) -> HttpResponse:
    """Return the document as an answer."""
    body = document(status=status, code=code, detail=detail)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE, headers=headers)


def request_id() -> str:
    """Return the id under which the log knows the request being answered; '' outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
