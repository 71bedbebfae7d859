"""How is it written down what became of a message, once, and by the one who holds the row?

Each statement compares the fence: whoever lost the row changes nothing. The enrolment is woken in the same transaction,
and locked before the queue, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from campaigns.delivery import failpoints, prepared
from campaigns.delivery.jobs import Claim
from campaigns.models import Delivery, Enrolment

DOUBT_LEASE = timedelta(seconds=60)  # longer than a provider may take to answer
MOST_DETAIL_CHARS = 500


@dataclass(frozen=True)
class Result:
    """The end of a delivery: its end state, the reason code, the provider's words."""

    delivery_id: int
    fence: int
    state: str
    reason: str = ""
    detail: str = ""
    provider_ref: str = ""


@dataclass(frozen=True)
class Again:
    """Not taken (or, with `in_doubt`, perhaps taken by a keyed provider): the next try."""

    delivery_id: int
    fence: int
    due_at: datetime
    detail: str
    in_doubt: bool = False


# The rows stay in the queue as "settled" until campaigns.delivery.tell has told them as events.
# `(SELECT count(*) FROM locked) >= 0` makes the enrolments' locks come first. `coalesce` keeps the planner off the partial
# indexes of those who are inside: right after an audience entered it takes them for empty and walks them for each message.
_SETTLE = """
WITH r AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::int[], %(states)s::text[], %(reasons)s::text[], %(details)s::text[],
                         %(refs)s::text[]) AS r(id, fence, state, reason, detail, ref)
), locked AS MATERIALIZED (
    SELECT e.id FROM campaigns_enrolment e
    WHERE e.id IN (SELECT d.enrolment_id FROM campaigns_delivery d JOIN r ON r.id = d.id)
    ORDER BY e.id FOR NO KEY UPDATE
), done AS (
    UPDATE campaigns_work w SET state = 'settled', lease_until = NULL FROM r
    WHERE w.delivery_id = r.id AND w.fence = r.fence AND w.state <> 'settled' AND (SELECT count(*) FROM locked) >= 0
    RETURNING w.delivery_id AS id
), ended AS (
    UPDATE campaigns_delivery d
    SET state = r.state, reason = r.reason, detail = r.detail, waiting = '', provider_ref = r.ref,
        settled_at = %(now)s::timestamptz
    FROM r JOIN done ON done.id = r.id WHERE d.id = r.id
    RETURNING d.id, d.enrolment_id
), tried AS (
    INSERT INTO campaigns_attempt (delivery_id, fence, at, result, detail)
    SELECT r.id, r.fence, %(now)s::timestamptz, r.state, r.detail FROM r JOIN done ON done.id = r.id WHERE %(is_try)s::bool
), woken AS (
    UPDATE campaigns_enrolment e SET due_at = %(now)s::timestamptz
    WHERE e.id IN (SELECT enrolment_id FROM ended) AND coalesce(e.state, '') = 'active' AND e.due_at IS NULL
), doubted AS (
    UPDATE campaigns_work w SET state = 'in_doubt', lease_until = %(doubt_until)s::timestamptz
    WHERE w.delivery_id = ANY(%(doubt_ids)s::bigint[]) AND w.state = 'permitted' AND w.lease_until > %(now)s::timestamptz
      AND (w.delivery_id, w.fence) IN (SELECT * FROM unnest(%(doubt_ids)s::bigint[], %(doubt_fences)s::int[]))
      AND (SELECT count(*) FROM locked) >= 0
    RETURNING w.delivery_id
)
SELECT array(SELECT id FROM done), array(SELECT delivery_id FROM doubted)
"""


def write(results: Sequence[Result], *, now: datetime, doubt: Sequence[Claim] = (), is_try: bool = False) -> set[int]:
    """Write these ends and begin these hand-overs, in one statement and so in one commit; return the begun ids.

    `is_try` also appends to the attempts. A hand-over that does not come back in the answer must not take place.
    """
    if not results and not doubt:
        return set()
    values: dict[str, Any] = {
        "ids": [result.delivery_id for result in results],
        "fences": [result.fence for result in results],
        "states": [result.state for result in results],
        "reasons": [result.reason for result in results],
        "details": [_clean(result.detail) for result in results],
        "refs": [_clean(result.provider_ref)[:255] for result in results],
        "now": now,
        "is_try": is_try,
        "doubt_until": now + DOUBT_LEASE,
        "doubt_ids": [claim.delivery_id for claim in doubt],
        "doubt_fences": [claim.fence for claim in doubt],
    }
    done, begun = prepared.fetch_one(_SETTLE, values)
    failpoints.reach("after_settle")
    _resolve_late([result for result in results if result.delivery_id not in set(done)])
    return set(begun)


def _resolve_late(results: Sequence[Result]) -> None:
    """Believe an answer that came after the row was given up: what was unclear is known now."""
    taken = [result.delivery_id for result in results if result.state == Delivery.State.SENT]
    if taken:
        Delivery.objects.filter(pk__in=taken, state=Delivery.State.UNKNOWN).update(
            state=Delivery.State.SENT, reason="", detail=""
        )


_AGAIN = """
WITH r AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::int[], %(dues)s::timestamptz[], %(details)s::text[], %(doubts)s::bool[])
        AS r(id, fence, due_at, detail, in_doubt)
), back AS (
    UPDATE campaigns_work w SET state = 'ready', due_at = r.due_at, lease_until = NULL, attempts = attempts + 1 FROM r
    WHERE w.delivery_id = r.id AND w.fence = r.fence AND w.state IN ('permitted', 'in_doubt')
    RETURNING w.delivery_id AS id
), tried AS (
    INSERT INTO campaigns_attempt (delivery_id, fence, at, result, detail)
    SELECT r.id, r.fence, %(now)s, CASE WHEN r.in_doubt THEN 'doubt' ELSE 'retry' END, r.detail FROM r JOIN back ON back.id = r.id
)
UPDATE campaigns_delivery d SET detail = r.detail, waiting = 'retrying', gate_at = CASE WHEN r.in_doubt THEN d.gate_at END
FROM r JOIN back ON back.id = r.id WHERE d.id = r.id
"""


def again(tries: Sequence[Again], *, now: datetime) -> None:
    """Put these back into the queue for another try; only what is in doubt keeps its place under the caps."""
    if not tries:
        return
    values: dict[str, Any] = {
        "ids": [one.delivery_id for one in tries],
        "fences": [one.fence for one in tries],
        "dues": [one.due_at for one in tries],
        "details": [_clean(one.detail) for one in tries],
        "doubts": [one.in_doubt for one in tries],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, values)


def both(*, results: Sequence[Result], tries: Sequence[Again], doubt: Sequence[Claim], now: datetime) -> set[int]:
    """Write ends, further tries and begun hand-overs together; return the begun ids. One commit."""
    if not tries:
        return write(results, now=now, doubt=doubt, is_try=True)
    with transaction.atomic():
        lock_enrolments([result.delivery_id for result in results])
        again(tries, now=now)
        return write(results, now=now, doubt=doubt, is_try=True)


def lock_enrolments(delivery_ids: Sequence[int]) -> None:
    """Hold the enrolments of these deliveries until the transaction ends, in order; needs one. One query."""
    ids = Delivery.objects.filter(pk__in=delivery_ids).values("enrolment_id")
    list(Enrolment.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _clean(text: str) -> str:
    # PostgreSQL stores no NUL, and providers answer anything.
    return text.replace("\0", "")[:MOST_DETAIL_CHARS]
