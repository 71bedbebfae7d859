"""Where is a segment used, and may it go?

Apps downstream say so by registering from their AppConfig.ready:

    usage.register(find_uses)     # (segment ids) -> list[Use]; a fixed number of queries
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from segments import changes
from segments.models import Segment


@dataclass(frozen=True)
class Use:
    """Something that asks about a segment; `is_live` keeps the segment from being archived."""

    segment_id: int
    name: str
    kind: str  # in words: "Campaign"
    url: str
    is_live: bool


Finder = Callable[[Collection[int]], Sequence[Use]]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    if finder not in _finders:
        _finders.append(finder)


def uses(segment_ids: Collection[int]) -> list[Use]:
    """Return everything that asks about these segments, other segments first."""
    found = _in_segments(segment_ids)
    for finder in _finders:
        found += finder(segment_ids)
    return found


def _in_segments(segment_ids: Collection[int]) -> list[Use]:
    wanted = {f"{changes.SEGMENT_ENTERED}:{pk}": pk for pk in segment_ids}
    asking = Segment.objects.filter(archived_at=None, reads__has_any_keys=list(wanted)).order_by("name", "pk")
    return [
        Use(wanted[name], segment.name, _("Segment"), segment.get_absolute_url(), is_live=True)
        for segment in asking
        for name in segment.reads
        if name in wanted
    ]
