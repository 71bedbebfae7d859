"""How does a message get into the outbox once, and out of it again before it is sent?

One row per (enrolment, step, visit, leg): the unique constraint decides "once", so writing the same order again is
harmless. Everything here is set-based; a whole audience is one statement per kind of row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from campaigns import channels
from campaigns.models import Delivery

NO_ADDRESS = "no_address"


@dataclass(frozen=True)
class Order:
    """One message to be sent: who, at which visit of which step, what, and until when it makes sense.

    `content_id` None is a message without stored content; `account_id` None takes the account of the content's sender.
    """

    enrolment_id: int
    campaign_id: int
    step_id: int
    visit: int
    profile_id: int
    channel: str
    content_id: int | None
    variant: str
    expires_at: datetime
    leg: int = 1
    account_id: int | None = None


# The address is the newest one that has not bounced, of the surviving profile.
_ENQUEUE = """
WITH ordered AS (
    SELECT * FROM unnest(%(enrolment)s::bigint[], %(campaign)s::bigint[], %(step)s::bigint[], %(visit)s::int[],
                         %(leg)s::int[], %(profile)s::bigint[], %(content)s::bigint[], %(variant)s::text[],
                         %(account)s::bigint[], %(expires)s::timestamptz[])
        AS o(enrolment_id, campaign_id, step_id, visit, leg, profile_id, content_id, variant, account_id, expires_at)
), addressed AS (
    SELECT o.*, coalesce(point.address, '') AS address
    FROM ordered o
    LEFT JOIN profiles_profile p ON p.id = o.profile_id
    LEFT JOIN LATERAL (
        SELECT c.address FROM profiles_contactpoint c
        WHERE c.profile_id = coalesce(p.merged_into_id, p.id) AND c.kind = %(kind)s
        ORDER BY c.bounced_at IS NOT NULL, c.created_at DESC, c.id DESC LIMIT 1
    ) point ON true
), made AS (
    INSERT INTO campaigns_delivery (campaign_id, enrolment_id, step_id, visit, leg, profile_id, channel, address, content_id,
        variant, account_id, key, state, reason, detail, waiting, body_hash, provider_ref, created_at, expires_at, settled_at)
    SELECT campaign_id, enrolment_id, step_id, visit, leg, profile_id, %(channel)s, address, content_id,
        variant, account_id, gen_random_uuid(),
        CASE WHEN address = '' THEN 'suppressed' ELSE 'open' END, CASE WHEN address = '' THEN %(no_address)s ELSE '' END,
        '', '', '', '', %(now)s, expires_at, CASE WHEN address = '' THEN %(now)s::timestamptz END
    FROM addressed
    ON CONFLICT DO NOTHING
    RETURNING id, address, state
), queued AS (
    INSERT INTO campaigns_work (delivery_id, lane, state, due_at, fence, attempts, crashes)
    SELECT id, %(channel)s, 'ready', %(now)s, 0, 0, 0 FROM made WHERE state = 'open'
), gates AS (
    INSERT INTO profiles_recipientgate (channel, address)
    SELECT DISTINCT %(kind)s, address FROM made WHERE state = 'open' ORDER BY 2
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM made
"""


def enqueue(*, orders: Sequence[Order], now: datetime) -> int:
    """Write the orders into the ledger and the queue; return how many were new. One statement per channel.

    A person without an address gets a row that ends at once (suppressed, no_address), so that every order has a row.
    Call it inside the transaction that moves the journey, so that both happen or neither; then ask `ended`, because
    nobody wakes an enrolment whose delivery ended before it began to wait.
    """
    by_channel: dict[str, list[Order]] = {}
    for order in orders:
        by_channel.setdefault(order.channel, []).append(order)
    return sum(_enqueue(channel, some, now) for channel, some in by_channel.items())


def _enqueue(channel: str, orders: Sequence[Order], now: datetime) -> int:
    columns: dict[str, Any] = {
        "enrolment": [order.enrolment_id for order in orders],
        "campaign": [order.campaign_id for order in orders],
        "step": [order.step_id for order in orders],
        "visit": [order.visit for order in orders],
        "leg": [order.leg for order in orders],
        "profile": [order.profile_id for order in orders],
        "content": [order.content_id for order in orders],
        "variant": [order.variant for order in orders],
        "account": [order.account_id for order in orders],
        "expires": [order.expires_at for order in orders],
    }
    kind = channels.registry[channel].address_kind
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, {**columns, "channel": channel, "kind": kind, "no_address": NO_ADDRESS, "now": now})
        return int(cursor.fetchone()[0])


def ended(*, step_id: int, visits: Mapping[int, int]) -> dict[int, str]:
    """Return {enrolment id: end state} of those of these visits ({enrolment id: visit}) whose delivery has ended.

    With several legs it is the state of the last one. One query.
    """
    rows = (
        Delivery.objects.filter(step_id=step_id, enrolment_id__in=visits)
        .order_by("leg")
        .values_list("enrolment_id", "visit", "state")
    )
    latest = {enrolment_id: state for enrolment_id, visit, state in rows if visit == visits[enrolment_id]}
    return {enrolment_id: state for enrolment_id, state in latest.items() if state != Delivery.State.OPEN}


# Rows whose hand-over has begun are left alone: what became of them is told by the provider. The states are listed, not
# excluded: while this waits for the enrolments a row may go on to `settled`, and only `w` is then looked at anew, not `d`.
# Lock order: enrolments before work.
_CANCEL = """
WITH chosen AS MATERIALIZED (
    SELECT e.id FROM campaigns_enrolment e
    WHERE e.id IN (SELECT d.enrolment_id FROM campaigns_delivery d WHERE d.state = 'open' AND {which})
    ORDER BY e.id FOR NO KEY UPDATE
), gone AS (
    DELETE FROM campaigns_work w USING campaigns_delivery d
    WHERE w.delivery_id = d.id AND d.state = 'open' AND d.enrolment_id IN (SELECT id FROM chosen) AND {which}
      AND w.state IN ('ready', 'leased', 'permitted')
    RETURNING d.id, d.enrolment_id
), cancelled AS (
    UPDATE campaigns_delivery SET state = 'cancelled', reason = %(reason)s, waiting = '', gate_at = NULL, settled_at = %(now)s
    WHERE id IN (SELECT id FROM gone)
), woken AS (
    UPDATE campaigns_enrolment SET due_at = %(now)s
    WHERE id IN (SELECT enrolment_id FROM gone) AND coalesce(state, '') = 'active' AND due_at IS NULL
)
SELECT count(*) FROM gone
"""


def cancel(*, enrolment_ids: Collection[int] | None = None, campaign_id: int | None = None, reason: str, now: datetime) -> int:
    """End the open deliveries of these enrolments, or of the whole campaign, as cancelled; return how many.

    A message whose hand-over has begun is not touched. Takes locks on the enrolments, then on the queue.
    """
    which = []
    if enrolment_ids is not None:
        which.append("d.enrolment_id = ANY(%(enrolments)s)")
    if campaign_id is not None:
        which.append("d.campaign_id = %(campaign)s")
    if not which:
        raise ValueError("cancel needs enrolments or a campaign")
    values = {"enrolments": list(enrolment_ids or ()), "campaign": campaign_id, "reason": reason, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CANCEL.format(which=" AND ".join(which)), values)
        return int(cursor.fetchone()[0])


_WAKE = """
UPDATE campaigns_work w SET due_at = %(now)s FROM campaigns_delivery d
WHERE d.id = w.delivery_id AND w.state = 'ready' AND d.state = 'open' AND w.due_at > %(now)s AND d.waiting = %(waiting)s
  AND (%(campaign)s::bigint IS NULL OR d.campaign_id = %(campaign)s)
"""


def wake(*, waiting: str, now: datetime, campaign_id: int | None = None) -> int:
    """Make the rows that wait for this ("campaign_paused", "kill_switch") due now; return how many. For resuming."""
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, {"now": now, "waiting": waiting, "campaign": campaign_id})
        return int(cursor.rowcount)
