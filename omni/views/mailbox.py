"""What did the local mailbox receive? For people who try Omni without a mail provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csp.decorators import csp
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from omni import mailbox
from omni.roles import Right, require

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

# A letter may show pictures and its own styles, nothing else; its links open beside the page.
LETTER_POLICY = {
    "default-src": ["'none'"],
    "img-src": ["*", "data:"],
    "font-src": ["*", "data:"],
    "style-src": ["'unsafe-inline'", "*"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@never_cache
@require_GET
@require(Right.VIEW)
def letter_list(request: StaffRequest) -> HttpResponse:
    if not mailbox.is_enabled():
        raise Http404("no local mailbox runs here")
    query = request.GET.get("q", "").strip()
    context = {
        "page": mailbox.page(query=query, after=request.GET.get("after", "")),
        "query": query,
        "total": mailbox.count(),
        "most_searched": mailbox.MOST_SEARCHED,
    }
    name = "omni/mailbox.html#letters" if request.htmx else "omni/mailbox.html"
    return render(request, name, context)


@never_cache
@require_GET
@require(Right.VIEW)
def letter_detail(request: StaffRequest, name: str) -> HttpResponse:
    return render(request, "omni/letter.html", {"open": _open(name)})


@never_cache
@require_GET
@require(Right.VIEW)
@xframe_options_sameorigin
@csp(LETTER_POLICY)  # type: ignore[arg-type]
def letter_html(request: StaffRequest, name: str) -> HttpResponse:
    return HttpResponse('<base target="_blank">' + _open(name).html)


@never_cache
@require_GET
@require(Right.VIEW)
def letter_raw(request: StaffRequest, name: str) -> HttpResponse:
    try:
        content = mailbox.raw(name)
    except mailbox.NoSuchLetterError as error:
        raise Http404 from error
    return HttpResponse(
        content,
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{name}.eml"'},
    )


def _open(name: str) -> mailbox.OpenLetter:
    try:
        return mailbox.load(name)
    except mailbox.NoSuchLetterError as error:
        raise Http404 from error
