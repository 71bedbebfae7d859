"""Who works on a piece of background work, and until when? One lease for the trial and for the undo of an import."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Q

from profiles.models.imports import Leased

LEASE = timedelta(seconds=60)

Work = TypeVar("Work", bound=Leased)


class LostError(Exception):
    """Somebody else has it now, or it was taken away."""


def claim(kind: type[Work], *, now: datetime) -> Work | None:
    """Take the oldest work of this kind that is queued, or whose worker died (SKIP LOCKED); None when there is none."""
    is_free = Q(state=Leased.State.QUEUED) | Q(state=Leased.State.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        work = kind._default_manager.filter(is_free).order_by("created_at", "pk").select_for_update(skip_locked=True).first()
        if work is None:
            return None
        work.state = Leased.State.RUNNING
        work.started_at = work.started_at or now
        work.lease_until = now + LEASE
        work.save(update_fields=["state", "started_at", "lease_until"])
    return work


def save(work: Leased, *, now: datetime, **changes: object) -> None:
    """Write `changes` and renew the lease, if it is still held; a state other than RUNNING gives it back."""
    until = now + LEASE if changes.get("state", Leased.State.RUNNING) == Leased.State.RUNNING else None
    held = type(work)._default_manager.filter(pk=work.pk, state=Leased.State.RUNNING, lease_until=work.lease_until)
    if not held.update(lease_until=until, **changes):
        raise LostError
    work.lease_until = until


def fail(work: Leased, *, error: str, now: datetime) -> None:
    held = type(work)._default_manager.filter(pk=work.pk, state=Leased.State.RUNNING, lease_until=work.lease_until)
    held.update(state=Leased.State.FAILED, error=error[:2000], finished_at=now, lease_until=None)
