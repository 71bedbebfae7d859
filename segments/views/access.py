"""Through which door do the pages load segments?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from segments.models import Segment


def segment_or_404(pk: int, *, archived: bool | None = None) -> Segment:
    """Return a segment; an archived one too, unless `archived` says which are meant."""
    rows = Segment.objects.select_related("created_by")
    if archived is not None:
        rows = rows.filter(archived_at__isnull=not archived)
    segment: Segment = get_object_or_404(rows, pk=pk)
    return segment
