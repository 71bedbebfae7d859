"""What do segments hold about a person, and what becomes of it in an erasure?"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from profiles.privacy.holdings import CHUNK, Holding, by_profile, register
from segments.models import Flip, Membership, Segment

if TYPE_CHECKING:
    from profiles.privacy.holdings import Subject


def declare() -> None:
    fields = ("segment_id", "segment__name", "from_at", "until_at")
    register(Holding("membership", _("Segments they were in"), Membership, by_profile(Membership), fields=fields, take=_take))
    register(Holding("flip", _("Moments that may change a segment"), Flip, by_profile(Flip)))


def _take(subject: Subject, now: datetime) -> int:
    """Delete memberships; the stored sizes of the segments follow. Locks the segments in order."""
    rows = list(Membership.objects.filter(profile_id__in=subject.profile_ids).order_by("segment_id")[:CHUNK])
    leaving = Counter(row.segment_id for row in rows if row.until_at is None)
    for segment_id, count in sorted(leaving.items()):
        Segment.objects.filter(pk=segment_id).update(size=F("size") - count)
    Membership.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
