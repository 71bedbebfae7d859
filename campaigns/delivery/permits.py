"""Which of these messages may be handed over now? One short transaction decides for the batch, under all its locks.

Whoever pauses, stops, withdraws, suppresses or merges holds one of these locks as well, so it is either before the
permission, which then is not given, or after it. An error here permits nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from campaigns import channels
from campaigns.delivery import claims, gates, settle
from campaigns.delivery.facts import Facts
from campaigns.delivery.gates import Hold, Refuse
from campaigns.delivery.jobs import Job

logger = logging.getLogger(__name__)

PERMIT_LEASE = timedelta(seconds=30)
MOST_TRIES = 3
TROUBLE_WAIT = timedelta(seconds=5)


@dataclass(frozen=True)
class Permitted:
    """The messages that may go, and when that was decided."""

    jobs: list[Job]
    at: datetime


def permit(*, jobs: Sequence[Job], now: datetime) -> Permitted:
    """Pass the batch through the gates, write the verdicts, return what may go.

    A deadlock or a lock that is not free is tried again; when that does not help, or anything else goes wrong, each
    message is tried alone and the failing one is given back.
    """
    for _ in range(MOST_TRIES):
        try:
            return _permit(jobs, now)
        except OperationalError:
            logger.warning("gate could not lock %s messages; trying again", len(jobs))
        except Exception:
            logger.exception("gate failed for a batch of %s", len(jobs))
            break
    return Permitted([job for job in jobs if _permit_alone(job, now)], now)


def _permit_alone(job: Job, now: datetime) -> bool:
    try:
        return bool(_permit([job], now).jobs)
    except Exception:  # the edge of a batch: a gate that errors means that nothing is sent
        logger.exception("gate failed for delivery %s", job.claim.delivery_id)
        claims.release(jobs=[job], due_at=now + TROUBLE_WAIT)
        return False


def _permit(jobs: Sequence[Job], now: datetime) -> Permitted:
    by_channel: dict[str, list[Job]] = {}
    for job in jobs:
        by_channel.setdefault(job.delivery.channel, []).append(job)
    passed: list[Job] = []
    with transaction.atomic():
        for channel, some in by_channel.items():
            passed += _pass(channel, some, now)
    return Permitted(passed, now)


def _pass(channel: str, jobs: Sequence[Job], now: datetime) -> list[Job]:
    plugin = channels.registry.find(channel)
    facts = Facts(jobs=jobs, kind=plugin.address_kind if plugin else channel, now=now)
    permitted, refused, held = [], [], []
    for job in jobs:
        verdict = Hold(now, "") if facts.is_stale(job) else gates.decide(facts.candidate(job), facts.rules, now)
        if verdict is None:
            permitted.append(job)
            facts.count(job, now)
        elif isinstance(verdict, Refuse):
            refused.append((job, verdict))
        else:
            held.append((job, verdict))
    settle.write([_result(job, verdict) for job, verdict in refused], now=now)
    _hold(held)
    begun = _write_permissions(permitted, now)
    return [job for job in permitted if job.claim.delivery_id in begun]


def _result(job: Job, verdict: Refuse) -> settle.Result:
    return settle.Result(job.claim.delivery_id, job.claim.fence, verdict.state, verdict.reason, verdict.detail)


_HOLD = """
WITH r AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::text[]) AS r(id, fence, due_at, waiting)),
back AS (
    UPDATE campaigns_work w SET state = 'ready', due_at = r.due_at, lease_until = NULL FROM r
    WHERE w.delivery_id = r.id AND w.fence = r.fence AND w.state = 'leased'
    RETURNING w.delivery_id AS id
)
UPDATE campaigns_delivery d SET waiting = r.waiting FROM r JOIN back ON back.id = r.id
WHERE d.id = r.id AND d.waiting <> r.waiting
"""


def _hold(held: Sequence[tuple[Job, Hold]]) -> None:
    if not held:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLD,
            [
                [job.claim.delivery_id for job, _ in held],
                [job.claim.fence for job, _ in held],
                [verdict.until for _, verdict in held],
                [verdict.waiting for _, verdict in held],
            ],
        )


_PERMIT = """
WITH r AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(fences)s::int[], %(addresses)s::text[], %(contexts)s::text[], %(hashes)s::text[])
        AS r(id, fence, address, context, hash)
), begun AS (
    UPDATE campaigns_work w SET state = 'permitted', lease_until = %(until)s FROM r
    WHERE w.delivery_id = r.id AND w.fence = r.fence AND w.state = 'leased' AND w.lease_until > %(now)s
    RETURNING w.delivery_id AS id
), written AS (
    UPDATE campaigns_delivery d
    SET gate_at = %(now)s, waiting = '', address = r.address, context = r.context::jsonb, body_hash = r.hash
    FROM r JOIN begun ON begun.id = r.id WHERE d.id = r.id
    RETURNING d.id
)
SELECT id FROM written
"""


def _write_permissions(jobs: Sequence[Job], now: datetime) -> set[int]:
    if not jobs:
        return set()
    values: dict[str, Any] = {
        "ids": [job.claim.delivery_id for job in jobs],
        "fences": [job.claim.fence for job in jobs],
        "addresses": [job.delivery.address for job in jobs],
        "contexts": [json.dumps(job.context) for job in jobs],
        "hashes": [job.message.body_hash if job.message else "" for job in jobs],
        "now": now,
        "until": now + PERMIT_LEASE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PERMIT, values)
        return {row[0] for row in cursor.fetchall()}
