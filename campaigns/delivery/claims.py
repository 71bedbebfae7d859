"""Which rows of the queue are mine, and what becomes of those whose worker died?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from campaigns import providers
from campaigns.delivery import settle
from campaigns.delivery.jobs import Claim, Job
from campaigns.models import Delivery, Work

BATCH = 100
LEASE = timedelta(seconds=60)
# A row that was in a batch which died is taken alone afterwards, so that the third time it dies alone it is the culprit.
MOST_CRASHES = 4
KEY_AGE = timedelta(hours=12)  # half of the shortest time providers remember an idempotency key
REAPED_AT_ONCE = 1_000

_CLAIM = """
WITH taken AS (
    SELECT delivery_id FROM campaigns_work
    WHERE lane = %(lane)s AND state = 'ready' AND due_at <= %(now)s AND {crashes}
    ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_work w SET state = 'leased', lease_until = %(until)s, fence = fence + 1
FROM taken WHERE w.delivery_id = taken.delivery_id
RETURNING w.delivery_id, w.fence, w.attempts, w.crashes
"""


def claim(*, lane: str, now: datetime, most: int = BATCH, crashed: bool = False) -> list[Claim]:
    """Take up to `most` due rows, oldest first; with `crashed` a single one whose worker died before. One statement."""
    values: dict[str, Any] = {"lane": lane, "now": now, "until": now + LEASE, "most": 1 if crashed else most}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(crashes="crashes > 0" if crashed else "crashes = 0"), values)
        return sorted((Claim(*row) for row in cursor.fetchall()), key=lambda claim: claim.delivery_id)


_RELEASE = """
WITH mine AS (SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::int[]) AS m(id, fence)),
freed AS (
    UPDATE campaigns_work w SET state = 'ready', due_at = %(due)s, lease_until = NULL FROM mine
    WHERE w.delivery_id = mine.id AND w.fence = mine.fence AND w.state IN ('leased', 'permitted')
    RETURNING w.delivery_id
)
UPDATE campaigns_delivery d SET gate_at = NULL
FROM freed WHERE d.id = freed.delivery_id AND NOT d.id = ANY(%(doubted)s)
"""


def release(*, jobs: Sequence[Job], due_at: datetime) -> None:
    """Give back rows whose hand-over was not begun; what they reserved under the caps is free again. One statement."""
    if not jobs:
        return
    values: dict[str, Any] = {
        "ids": [job.claim.delivery_id for job in jobs],
        "fences": [job.claim.fence for job in jobs],
        "due": due_at,
        "doubted": [job.claim.delivery_id for job in jobs if job.had_doubt],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, values)


def reap(*, now: datetime) -> int:
    """Decide about rows whose lease ran out; return how many. Any process may do it at any time.

    1. Never begun: ready again; given up after `MOST_CRASHES`.
    2. In doubt with a keyed provider: ready again with the same key, while the provider still knows it.
    3. In doubt without a key: unknown, for ever.
    """
    with transaction.atomic():
        late = list(
            Work.objects.filter(lease_until__lt=now)
            .exclude(state__in=[Work.State.READY, Work.State.SETTLED])
            .order_by("lease_until")
            .values_list("delivery_id", flat=True)[:REAPED_AT_ONCE]
        )
        if not late:
            return 0
        # Enrolments before work: settling wakes them.
        settle.lock_enrolments(late)
        rows = list(
            Work.objects.filter(pk__in=late, lease_until__lt=now)
            .exclude(state__in=[Work.State.READY, Work.State.SETTLED])
            .select_related("delivery__account", "delivery__content__sender__account")
            .only(
                *("delivery_id", "state", "fence", "crashes", "lease_until", "delivery__key", "delivery__gate_at"),
                *("delivery__account__provider", "delivery__account__settings"),
                *("delivery__content__sender__account__provider", "delivery__content__sender__account__settings"),
            )
            .order_by("pk")
            .select_for_update(skip_locked=True, of=("self",))
        )
        verdicts = {row.pk: _verdict(row, now) for row in rows}
        settle.write([verdict for verdict in verdicts.values() if verdict], now=now)
        _make_ready([row for row in rows if verdicts[row.pk] is None], now)
        return len(rows)


def _verdict(row: Work, now: datetime) -> settle.Result | None:
    """Return how the row ends, or None when it is to be tried again."""
    if row.state == Work.State.IN_DOUBT:
        gate_at = row.delivery.gate_at or now
        if not is_keyed(row.delivery) or now - gate_at > KEY_AGE:
            return settle.Result(
                row.delivery_id, row.fence, Delivery.State.UNKNOWN, "ambiguous_unknown", "The sender died during hand-over."
            )
    if row.crashes + 1 >= MOST_CRASHES:
        state, reason = Delivery.State.FAILED, "retries_exhausted"
        if row.state == Work.State.IN_DOUBT:
            state, reason = Delivery.State.UNKNOWN, "ambiguous_unknown"
        return settle.Result(row.delivery_id, row.fence, state, reason, "The sender died with it each time.")
    return None


def is_keyed(delivery: Delivery) -> bool:
    """Say whether the account of this delivery refuses a second message with the same key; False when nobody knows."""
    content = delivery.content
    account = delivery.account or (content.sender.account if content else None)
    provider = providers.registry.find(account.provider) if account else None
    return provider is not None and account is not None and provider.is_keyed(account.settings)


def _make_ready(rows: Sequence[Work], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_work SET state = 'ready', due_at = %s, lease_until = NULL, crashes = crashes + 1"
            " WHERE delivery_id = ANY(%s)",
            [now, [row.delivery_id for row in rows]],
        )
        # What is in doubt keeps its place under the caps: it may have been taken.
        cursor.execute(
            "UPDATE campaigns_delivery SET gate_at = NULL WHERE id = ANY(%s)",
            [[row.delivery_id for row in rows if row.state != Work.State.IN_DOUBT]],
        )
