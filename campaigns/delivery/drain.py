"""How does a lane of the queue get empty? Claim, render, gate, hand over, settle, tell; again while there is work."""

from __future__ import annotations

import time
from itertools import groupby

from campaigns.delivery import claims, failpoints, permits, render
from campaigns.delivery.clock import Clock
from campaigns.delivery.handover import Handover
from campaigns.delivery.jobs import Claim, Job
from campaigns.delivery.tell import TOLD_AT_ONCE, tell


def drain(*, lane: str, clock: Clock, seconds: float = 30.0, most: int = claims.BATCH) -> int:
    """Decide about the due messages of a lane until none is left or the time is up; return how many were taken.

    Any number of processes may do it together. `clock` tells the time of the database.
    """
    taken, until = 0, time.monotonic() + seconds
    while True:
        batch = claims.claim(lane=lane, now=clock(), most=most)
        lonely = claims.claim(lane=lane, now=clock(), crashed=True)
        for some in (batch, lonely):
            if some:
                _deliver(some, clock)
        while tell(now=clock()) == TOLD_AT_ONCE:
            pass
        taken += len(batch) + len(lonely)
        if not (batch or lonely) or time.monotonic() >= until:
            return taken


def _deliver(claimed: list[Claim], clock: Clock) -> None:
    failpoints.reach("after_claim")
    jobs = render.prepare(claims=claimed, now=clock())
    failpoints.reach("after_render")
    permitted = permits.permit(jobs=jobs, now=clock())
    failpoints.reach("after_gate")
    for _, some in groupby(sorted(permitted.jobs, key=_account_id), key=_account_id):
        batch = list(some)
        account, provider = batch[0].account, batch[0].provider
        if account and provider:  # the gate let nothing else pass
            Handover(jobs=batch, account=account, provider=provider, permitted_at=permitted.at, clock=clock).run()
    failpoints.reach("before_tell")


def _account_id(job: Job) -> int:
    return job.account.pk if job.account else 0
