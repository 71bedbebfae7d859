"""Whose data may be kept but not used, and who is only there to try things out?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from omni import audit
from profiles import changes
from profiles.models import Profile

if TYPE_CHECKING:
    from omni.models import User


def restrict(*, person: Profile, reason: str, by: User | None, now: datetime) -> bool:
    """Keep the data, use it for nothing: no message goes out and no campaign lets them in. False when it was so before."""
    return _turn(person, now, "person.restrict", reason, by, now)


def release(*, person: Profile, reason: str, by: User | None, now: datetime) -> bool:
    """Let the data be used again; False when it was not restricted."""
    return _turn(person, None, "person.release", reason, by, now)


def set_test(*, person_ids: Sequence[int], is_test: bool, by: User | None, now: datetime) -> int:
    """Make these people test profiles, or real ones again; return how many differ now. One audit entry each."""
    with transaction.atomic():
        rows = Profile.objects.surviving().filter(pk__in=person_ids).exclude(is_test=is_test).order_by("pk").select_for_update()
        found = list(rows)
        Profile.objects.filter(pk__in=[person.pk for person in found]).update(is_test=is_test, updated_at=now)
        changes.profile_changed(profile_ids=[person.pk for person in found], attributes=[changes.ANYTHING], now=now)
        for person in found:
            audit.record(actor=by, action="person.test", obj=person, after={"is_test": is_test}, now=now)
    return len(found)


def _turn(person: Profile, at: datetime | None, action: str, reason: str, by: User | None, now: datetime) -> bool:
    with transaction.atomic():
        # The delivery gate holds the same row: after this commits nothing more is permitted.
        held = Profile.objects.filter(pk=person.pk, merged_into=None, restricted_at__isnull=at is not None)
        if not held.update(restricted_at=at, updated_at=now):
            return False
        person.restricted_at = at
        audit.record(actor=by, action=action, obj=person, after={"reason": reason}, now=now)
    return True
