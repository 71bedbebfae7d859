"""How do permitted messages get to the provider so that none is given twice and every answer is written down?

Just before a message may become the provider's, `begin` commits that it is in doubt, together with the answer about the
message before it: one commit per message. A provider that refuses a second message with the same key solves doubt by
being asked again, so for those the marks and the answers are written in bulk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection

from campaigns import channels
from campaigns.delivery import claims, failpoints, retry, settle
from campaigns.delivery.jobs import Job
from campaigns.delivery.settle import Again, Result
from campaigns.models import Delivery, ProviderAccount
from campaigns.providers.base import DeliveryError, Provider, Receipt
from profiles import consent

if TYPE_CHECKING:
    from datetime import datetime

    from campaigns.channels.base import Message
    from campaigns.delivery.clock import Clock

logger = logging.getLogger(__name__)

FRESH = timedelta(seconds=10)  # how old a permission may be when the hand-over begins
KEYED_FLUSH = 50
FLUSH_WAITS_SECONDS = (0.1, 0.5, 2.0, 5.0, None)


class Handover:
    """The hand-over of one batch to one account."""

    def __init__(
        self, *, jobs: Sequence[Job], account: ProviderAccount, provider: Provider, permitted_at: datetime, clock: Clock
    ) -> None:
        self.jobs = {job.claim.delivery_id: job for job in jobs}
        self.account = account
        self.provider = provider
        self.permitted_at = permitted_at
        self.clock = clock
        self.is_keyed = provider.is_keyed(account.settings)
        self.begun: set[int] = set()
        self.answered: set[int] = set()
        self.results: list[Result] = []
        self.tries: list[Again] = []

    def run(self) -> None:
        """Hand everything over; afterwards every row is settled, waits for another try, or is in doubt with a lease.

        A row that is begun but not answered stays in doubt for the reaper: nobody knows.
        """
        trouble = ""
        messages = [job.message for job in self.jobs.values() if job.message]
        try:
            for receipt in self.provider.send(messages, self.account.settings, self.begin):
                failpoints.reach("after_answer")
                self._take(receipt)
        except DeliveryError as error:
            trouble = error.detail or type(error).__name__
            logger.warning("account %s cannot be reached", self.account.pk)
        finally:
            self._flush([])
            now = self.clock()
            wait = retry.rest(failures=self.account.failures) if trouble else timedelta(0)
            untouched = [job for pk, job in self.jobs.items() if pk not in self.begun and pk not in self.answered]
            claims.release(jobs=untouched, due_at=now + wait)
        self._remember(trouble, now)

    def begin(self, message: Message) -> bool:
        """Commit that this message is in doubt; False when it must not be handed over (stale, cancelled, lost)."""
        if message.delivery_id in self.begun:
            return True
        now = self.clock()
        if now - self.permitted_at > FRESH:
            return False
        wanted = [job for pk, job in self.jobs.items() if pk not in self.answered] if self.is_keyed else []
        self._flush(wanted or [self.jobs[message.delivery_id]])
        failpoints.reach("after_doubt")
        return message.delivery_id in self.begun

    def _take(self, receipt: Receipt) -> None:
        job = self.jobs[receipt.delivery_id]
        self.answered.add(receipt.delivery_id)
        outcome = self._judge(job, receipt)
        if isinstance(outcome, Again):
            self.tries.append(outcome)
        else:
            self.results.append(outcome)
        if self.is_keyed and len(self.results) + len(self.tries) >= KEYED_FLUSH:
            self._flush([])

    def _judge(self, job: Job, receipt: Receipt) -> Result | Again:
        """Return what an answer means for a delivery. Suppresses the address when the provider says that there is none."""
        pk, fence, error = job.claim.delivery_id, job.claim.fence, receipt.error
        if error is None:
            return Result(pk, fence, Delivery.State.SENT, provider_ref=receipt.provider_ref)
        if not error.certain and not self.is_keyed:
            return Result(pk, fence, Delivery.State.UNKNOWN, "ambiguous_unknown", error.detail)
        if error.permanent and error.certain:
            if error.reason == "hard_bounced":
                self._suppress(job, error.detail)
            return Result(pk, fence, Delivery.State.FAILED, error.reason, error.detail)
        due_at = self.clock() + retry.backoff(key=job.delivery.key, attempts=job.claim.attempts)
        if due_at >= job.delivery.expires_at:
            if not error.certain:
                return Result(pk, fence, Delivery.State.UNKNOWN, "ambiguous_unknown", error.detail)
            return Result(pk, fence, Delivery.State.FAILED, "retries_exhausted", error.detail)
        return Again(pk, fence, due_at, error.detail, in_doubt=not error.certain or (job.had_doubt and self.is_keyed))

    def _suppress(self, job: Job, detail: str) -> None:
        # Before the row is settled: a crash in between repeats it, the other way round it would be forgotten.
        channel = channels.registry[job.delivery.channel]
        consent.suppress(
            channel=channel.address_kind, address=job.delivery.address, reason="hard_bounced", now=self.clock(), detail=detail
        )

    def _flush(self, begin: Sequence[Job]) -> None:
        doubt = [job.claim for job in begin if job.claim.delivery_id not in self.begun]
        for wait in FLUSH_WAITS_SECONDS:
            try:
                self.begun |= settle.both(results=self.results, tries=self.tries, doubt=doubt, now=self.clock())
                break
            except (OperationalError, InterfaceError):
                # A deadlock, or the database came back from a crash: an answer that is known must not get lost.
                logger.warning("could not write down %s answers; trying again", len(self.results) + len(self.tries))
                if wait is None or connection.in_atomic_block:
                    raise
                connection.close()
                time.sleep(wait)
        self.results, self.tries = [], []

    def _remember(self, trouble: str, now: datetime) -> None:
        """Let an unreachable account rest, longer each time; forget that when it answers."""
        row = ProviderAccount.objects.filter(pk=self.account.pk)
        if trouble:
            failures = min(self.account.failures + 1, 1000)
            row.update(failures=failures, resting_until=now + retry.rest(failures=self.account.failures), trouble=trouble[:500])
        elif self.account.failures and self.answered:
            row.update(failures=0, resting_until=None, trouble="")
