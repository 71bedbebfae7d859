"""How do people's timelines learn that a message was sent or bounced? Once, as events through the front door."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.models import Delivery, Outcome, Work
from campaigns.tracking import record
from profiles.ingest import facts

TOLD_AT_ONCE = 500


def tell(*, now: datetime) -> int:
    """Record events for messages that were handed over, and take them off the queue in the same transaction.

    Returns how many. May be run by any process at any time; a crash repeats nothing and loses nothing.
    """
    with transaction.atomic():
        ids = list(
            Work.objects.filter(state=Work.State.SETTLED)
            .order_by("pk")
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:TOLD_AT_ONCE]
        )
        if not ids:
            return 0
        rows = list(Delivery.objects.filter(pk__in=ids).select_related("campaign", "step").only(*record.TOLD_FIELDS))
        sent = [row for row in rows if row.state == Delivery.State.SENT]
        facts.record(facts=[record.fact("Message sent", row, row.settled_at or now) for row in sent], now=now)
        bounced = [row for row in rows if row.state == Delivery.State.FAILED]
        record.record(
            seen=[
                record.Seen(row.pk, Outcome.Kind.BOUNCED, row.settled_at or now, provider_event=f"refused:{row.key}")
                for row in bounced
            ],
            now=now,
        )
        Work.objects.filter(pk__in=ids).delete()
        return len(ids)
