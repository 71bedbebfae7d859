"""Which segments are there?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from omni import figures, keyset
from omni.middleware import StaffRequest
from omni.roles import Right, may, require
from segments import names, tree
from segments.forms import ORDERS, SORTS, SegmentFilter
from segments.models import Segment
from segments.views import state

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Line:
    """A segment as a row of the list; `change` is None when a week ago is not known."""

    segment: Segment
    sentence: str
    change: int | None
    state: state.State


@require(Right.VIEW)
@require_GET
def segment_list(request: StaffRequest) -> HttpResponse:
    query = request.GET.copy()
    query.setdefault("state", "in_use")
    rows = Segment.objects.with_size_at(timezone.now() - WEEK)
    found = SegmentFilter(query, queryset=rows)
    sort = query.get("sort", "") if query.get("sort") in ORDERS else "name"
    page = keyset.page(found.qs, order=ORDERS[sort], query=request.GET)
    with names.loaded():
        lines = [_line(segment) for segment in page.items]
    count = Segment.objects.in_use().count()
    context = {
        "page": page,
        "lines": lines,
        "sort": sort,
        "sorts": SORTS,
        "sort_label": dict(SORTS)[sort],
        "state": query["state"],
        "is_new": not count and not lines and "q" not in request.GET,
        "sentence": ngettext("%(count)s segment", "%(count)s segments", count) % {"count": figures.number(count)}
        if count
        else _("No segment yet"),
        "may_edit": may(request.user, Right.EDIT_SEGMENTS),
    }
    part = "#results" if request.htmx else ""
    return render(request, f"segments/segment_list.html{part}", context)


def _line(segment: Segment) -> Line:
    then = segment.size_then  # type: ignore[attr-defined]
    return Line(segment, tree.describe(segment.definition), None if then is None else segment.size - then, state.of(segment))
