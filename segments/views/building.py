"""How does the builder answer while somebody is drawing a segment?"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from omni.middleware import StaffRequest
from omni.roles import Right, require
from profiles.models import Profile
from segments import builder, compiler, materialize, tree, usage
from segments.catalog import Catalog
from segments.models import Segment

MOST_NAME = 40


@require(Right.VIEW)
@require_POST
def build(request: StaffRequest) -> HttpResponse:
    """Carry out one operation on the posted definition, or take over what was typed, and show it anew."""
    name = _name(request)
    catalog = Catalog(but_segment=_segment_id(request))
    definition = builder.settle(builder.read(request.POST, name=name), catalog)
    focus, announcement = builder.operate(definition, request.POST.get(f"{name}:op", ""))
    view = builder.show(definition, name=name, catalog=catalog, focus=focus, announcement=announcement)
    return render(request, "segments/_builder.html", {"view": view, "segment_id": catalog.but_segment})


@require(Right.VIEW)
@require_POST
def preview(request: StaffRequest) -> HttpResponse:
    """Count whom the posted definition describes so far, and show a few of them."""
    name = _name(request)
    definition = builder.settle(builder.read(request.POST, name=name), Catalog())
    return render(request, "segments/_preview.html", _preview(definition, _segment_id(request)))


def _preview(definition: Any, segment_id: int | None) -> dict[str, Any]:
    sound, faults = tree.inspect(definition)
    context: dict[str, Any] = {"unfinished": len({fault.path for fault in faults})}
    if not sound["root"]["items"]:
        return {**context, "everybody": Profile.objects.surviving().count()}
    now = timezone.now()
    segment = Segment.objects.in_use().filter(pk=segment_id, refreshed_at__isnull=False).first() if segment_id else None
    try:
        seen = compiler.preview(sound, now=now)
        if segment is not None:
            context["moves"] = materialize.difference(segment, sound, now=now)
            context["live_uses"] = [use for use in usage.uses([segment.pk]) if use.is_live]
    except compiler.TooSlowError:
        return {**context, "is_slow": True}
    return {
        **context,
        "seen": seen,
        "share": seen.size / seen.everybody if seen.everybody else 0,
        "reach": seen.by_email / seen.size if seen.size else 0,
    }


def _name(request: StaffRequest) -> str:
    name = request.POST.get("builder", "definition")[:MOST_NAME]
    return name if name.replace("_", "").replace("-", "").isalnum() else "definition"


def _segment_id(request: StaffRequest) -> int | None:
    given = request.POST.get("builder_segment", "")
    return int(given) if given.isdecimal() else None
