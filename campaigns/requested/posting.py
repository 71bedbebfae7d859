"""How does a requested letter get to its provider, when it may and not before?

The last look at the block list and the lease are one transaction under the lock of the address, as for every letter.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F

from campaigns import channels, providers
from campaigns.channels.base import RenderError
from campaigns.delivery import retry
from campaigns.models import Delivery, Policy, RequestedLetter, Sender
from campaigns.providers.base import DeliveryError
from campaigns.requested import words
from omni.models import Company
from profiles import consent
from profiles.models import Suppression

if TYPE_CHECKING:
    from campaigns.channels.base import Message
    from campaigns.delivery.clock import Clock
    from campaigns.providers.base import Provider

logger = logging.getLogger(__name__)

CHANNEL = "email"
LEASE = timedelta(seconds=60)
PAUSE = timedelta(minutes=1)  # until another look when nothing may go out now
MOST_ATTEMPTS = 8
CLAIMED_AT_ONCE = 20

_CLAIM = """
WITH taken AS (
    SELECT id FROM campaigns_requestedletter
    WHERE state = 'open' AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until < %(now)s)
    ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_requestedletter letter SET lease_until = %(until)s, attempts = attempts + 1
FROM taken WHERE letter.id = taken.id RETURNING letter.id
"""


def post_due(*, clock: Clock, seconds: float = 20.0) -> int:
    """Post what is due until nothing is left or the time is up; return how many were looked at. Any process may do it."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (ids := _claim(clock())):
        company, sender = Company.load(), Sender.objects.select_related("account").order_by("-is_default", "pk").first()
        for letter in RequestedLetter.objects.filter(pk__in=ids).order_by("pk"):
            _post(letter, sender, company, clock)
        done += len(ids)
    return done


def _claim(now: datetime) -> list[int]:
    values: dict[str, Any] = {"now": now, "until": now + LEASE, "most": CLAIMED_AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        return [pk for (pk,) in cursor.fetchall()]


def _post(letter: RequestedLetter, sender: Sender | None, company: Company, clock: Clock) -> None:
    now = clock()
    if now >= letter.expires_at:
        _settle(letter, "failed", now, "expired_in_queue")
    elif letter.attempts > MOST_ATTEMPTS:
        _settle(letter, "failed", now, "retries_exhausted", letter.detail)
    elif sender is None or not _is_open(sender, now):
        _wait(letter, now + PAUSE, gives_back=True)
    elif _may_go(letter, now):
        _hand_over(letter, sender, company, clock)


def _is_open(sender: Sender, now: datetime) -> bool:
    account = sender.account
    is_resting = account.resting_until is not None and account.resting_until > now
    return not (account.paused_at or is_resting or Policy.load().stopped_at)


@transaction.atomic
def _may_go(letter: RequestedLetter, now: datetime) -> bool:
    """Look at the block list under the lock of the address; a blocked one settles the letter."""
    kind = channels.registry[CHANNEL].address_kind
    consent.lock(channel=kind, addresses=[letter.address])
    block = Suppression.objects.filter(channel=kind, address=letter.address, lifted_at=None).first()
    if block is None:
        return True
    _settle(letter, "suppressed", now, block.reason)
    return False


def _hand_over(letter: RequestedLetter, sender: Sender, company: Company, clock: Clock) -> None:
    provider = providers.registry.find(sender.account.provider)
    try:
        if provider is None:
            raise DeliveryError("There is no such provider any more.", permanent=False)
        reference = _send(_compose(letter, sender, company), sender, provider)
        _settle(letter, "sent", clock(), detail=reference)
    except RenderError as error:
        _settle(letter, "failed", clock(), error.reason, error.detail)
    except DeliveryError as error:
        if error.permanent and error.certain:
            if error.reason == "hard_bounced":
                channel = channels.registry[CHANNEL].address_kind
                consent.suppress(channel=channel, address=letter.address, reason=error.reason, now=clock(), detail=error.detail)
            _settle(letter, "failed", clock(), error.reason, error.detail)
        else:
            logger.warning("requested letter %s was not taken", letter.pk)
            _wait(letter, clock() + retry.backoff(key=letter.key, attempts=letter.attempts + 4), detail=error.detail)


def _compose(letter: RequestedLetter, sender: Sender, company: Company) -> Message:
    said = words.of(letter, company)
    if said is None:
        raise RenderError("template_error", "This version knows no such letter.")
    said["omni"] = {
        "at": letter.created_at.isoformat(),
        "from": [sender.name, sender.email],
        "reply_to": sender.reply_to,
        "links": [],
        "pixel": None,
        "trap": None,
    }
    delivery = Delivery(pk=0, key=letter.key, address=letter.address, channel=CHANNEL)
    return channels.registry[CHANNEL].compose(words.content(), delivery, said)


def _send(message: Message, sender: Sender, provider: Provider) -> str:
    """Return the provider's reference; raises DeliveryError."""
    for receipt in provider.send([message], sender.account.settings, lambda _message: True):
        if receipt.error is not None:
            raise receipt.error
        return receipt.provider_ref
    raise DeliveryError("The provider gave no answer.", permanent=False, certain=False)


def _settle(letter: RequestedLetter, state: str, now: datetime, reason: str = "", detail: str = "") -> None:
    RequestedLetter.objects.filter(pk=letter.pk, state="open").update(
        state=state, reason=reason, detail=detail[:500], settled_at=now, lease_until=None
    )


def _wait(letter: RequestedLetter, due_at: datetime, *, detail: str = "", gives_back: bool = False) -> None:
    attempts = F("attempts") - 1 if gives_back else F("attempts")
    RequestedLetter.objects.filter(pk=letter.pk, state="open").update(
        due_at=due_at, lease_until=None, detail=detail[:500], attempts=attempts
    )
