"""What do we ask of many segments?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class SegmentQuerySet(QuerySet[Any]):
    def in_use(self) -> Self:
        """Keep the segments that were not archived."""
        return self.filter(archived_at=None)

    def with_size_at(self, at: datetime) -> Self:
        """Add `size_then`: the size at `at`, None when it was not known yet."""
        from segments.models import SizeHistory

        sizes = SizeHistory.objects.filter(segment=OuterRef("pk"), at__lte=at).order_by("-at").values("size")[:1]
        return self.annotate(size_then=Subquery(sizes, output_field=IntegerField()))
