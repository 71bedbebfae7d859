"""Who changed what, when, and can one trust the record?

Every entry carries the hash of the one before it, so that changing or removing an entry breaks the chain at that place.
What the chain alone cannot show is that its newest entries were cut off: compare the newest hash with one noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from omni.models import AuditEntry

if TYPE_CHECKING:
    from django.db.models import Model

    from omni.models import User

FIRST_HASH = "0" * 64
SYSTEM = "Omni"
CHAIN_LOCK = 0x6F6D6E69_61756474  # "omniaudt": one writer at the end of the chain


@dataclass(frozen=True)
class Verdict:
    """How many entries were checked, and the first that does not fit (None: the chain holds)."""

    checked: int
    broken_at: int | None = None

    @property
    def holds(self) -> bool:
        return self.broken_at is None


@transaction.atomic
def record(
    *,
    actor: User | None,
    action: str,
    obj: Model,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    now: datetime,
    request_id: str = "",
) -> AuditEntry:
    """Append an entry in the caller's transaction; `actor` None is the house itself.

    `action` is "<thing>.<verb>" such as "campaign.publish"; `before` and `after` hold what changed, without secrets and
    without personal data beyond what the page shows. Holds the chain's lock until the caller commits: call it last.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    newest = AuditEntry.objects.order_by("-pk").values_list("hash", flat=True).first()
    entry = AuditEntry(
        at=now,
        actor=actor,
        actor_label=str(actor or SYSTEM)[:160],
        action=action,
        object_kind=obj._meta.model_name or "",
        object_id=str(obj.pk),
        # What names a person stays out: an entry can never be taken back.
        object_label=str(getattr(obj, "audit_label", obj))[:200],
        before=_plain(before),
        after=_plain(after),
        request_id=request_id,
        previous_hash=newest or FIRST_HASH,
    )
    entry.hash = _hash(entry)
    entry.save(force_insert=True)
    return entry


def verify() -> Verdict:
    """Walk the whole chain; linear in its length, in small batches."""
    previous, checked = FIRST_HASH, 0
    for entry in AuditEntry.objects.order_by("pk").iterator(chunk_size=1000):
        if entry.previous_hash != previous or entry.hash != _hash(entry):
            return Verdict(checked, entry.pk)
        previous, checked = entry.hash, checked + 1
    return Verdict(checked)


def _hash(entry: AuditEntry) -> str:
    # The actor's label, not the key: the row of a person who left may go, what was done stays.
    told = [
        entry.previous_hash,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_label,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.object_label,
        entry.before,
        entry.after,
        entry.request_id,
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the value as the database will give it back."""
    return None if value is None else json.loads(json.dumps(value, cls=DjangoJSONEncoder))
