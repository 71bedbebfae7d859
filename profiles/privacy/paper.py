"""How is a document made that stands alone: no script, no file beside it, the same when viewed, kept and printed?"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

A = TypeVar("A", bound=HttpResponseBase)

CSS = (
    "body{font:15px/1.5 system-ui,sans-serif;color:#1b2430;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d8dee6;overflow-wrap:anywhere}"
    "td.number,th.number{text-align:right}dt{font-weight:600}dd{margin:0 0 .6rem}code{font-size:.85em}"
    "p.soft{color:#56616f}@media print{body{margin:0;max-width:none}}"
)
STYLE = mark_safe(f"<style>{CSS}</style>")  # noqa: S308 - a constant of ours
POLICY = (
    "default-src 'none'; sandbox; frame-ancestors 'none'; style-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'"
)


def render(template: str, context: Mapping[str, Any]) -> str:
    return render_to_string(template, {**context, "paper_style": STYLE})


def respond(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Answer with the document, under a policy that lets nothing run and nothing load."""
    return protected(HttpResponse(render(template, context)))


def protected(answer: A) -> A:
    """Let nothing in this answer run or load anything, and nobody keep it on the way."""
    answer["Content-Security-Policy"] = POLICY
    answer["Cache-Control"] = "no-store"
    return answer
