"""How does a person sign up for a topic, and how do we know that it was them?

A sign-up is an entry of the ledger. Where a confirmation is needed it is `pending`: it permits nothing until the owner of
the address answers the letter, and it says nothing to whoever typed the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction

from omni import audit
from profiles import consent, identity, tombstones
from profiles.models import Consent, ConsentState, Identifier, Topic

FORM = "form"
API = "api"
DOUBLE_OPT_IN = "double_opt_in"


@dataclass(frozen=True)
class SignUp:
    """What became of a sign-up: the entry that waits for its confirmation, or None when it holds already.

    `is_refused`: the owner was erased, so nothing is kept until somebody lifts the tombstone.
    """

    pending: Consent | None
    is_refused: bool = False


class Answer(StrEnum):
    """What became of a confirmation."""

    DONE = "done"
    OVER = "over"  # too late, or the person left since


def sign_up(
    *, topic: Topic, channel: str, address: str, method: str, source: str, proof: dict[str, Any], now: datetime
) -> SignUp:
    """Write down that this normalized address wants this topic.

    1. When the topic asks for a confirmation, or the address left before, the entries wait for it.
    2. Otherwise they hold at once, and whoever has the address is a person we know from now on.
    """
    if tombstones.among([(channel, address)]):
        return SignUp(None, is_refused=True)
    with transaction.atomic():
        if topic.needs_confirmation or _has_left(channel, address, topic.key):
            status, profile_id = consent.PENDING, None
        else:
            status, profile_id = consent.GRANTED, _person(channel, address, source, now)
        _record(topic.key, channel, address, status, method, source, proof, profile_id, now)
        if status == consent.GRANTED:
            return SignUp(None)
        waiting = Consent.objects.filter(channel=channel, address=address, topic=topic.key, status=consent.PENDING)
        return SignUp(waiting.order_by("-pk").first())


def asked(consent_id: int) -> Consent | None:
    """Return the entry that a confirmation is about."""
    return Consent.objects.filter(pk=consent_id, status=consent.PENDING).exclude(topic="").first()


def is_confirmed(entry: Consent) -> bool:
    """Say whether this sign-up was confirmed before. One query."""
    return Consent.objects.filter(
        channel=entry.channel, address=entry.address, topic=entry.topic, method=DOUBLE_OPT_IN, proof__asked=entry.pk
    ).exists()


def is_over(entry: Consent, *, within: timedelta, now: datetime) -> bool:
    """Say whether this sign-up cannot be confirmed any more: too old, or the person left after it. One query."""
    left = Consent.objects.filter(
        channel=entry.channel, address=entry.address, topic__in=["", entry.topic], status=consent.WITHDRAWN, at__gt=entry.at
    )
    return now - entry.at > within or left.exists()


def confirm(*, entry: Consent, proof: dict[str, Any], within: timedelta, now: datetime) -> Answer:
    """Let the sign-up hold from now on; repeating is harmless.

    1. The person is made, if nobody has the address, and the address counts as verified.
    2. Channel and topic are granted, with the sign-up and this answer as proof.
    """
    if is_over(entry, within=within, now=now):
        return Answer.OVER
    with transaction.atomic():
        # People before gates: the order of all locks.
        profile_id = _person(entry.channel, entry.address, entry.source, now)
        consent.lock(channel=entry.channel, addresses=[entry.address])
        if is_over(entry, within=within, now=now):
            return Answer.OVER
        if not is_confirmed(entry):
            kept = {name: entry.proof[name] for name in ("text_version", "url") if name in entry.proof}
            known = {**kept, **proof, "asked": entry.pk, "asked_at": entry.at.isoformat()}
            _record(
                entry.topic, entry.channel, entry.address, consent.GRANTED, DOUBLE_OPT_IN, entry.source, known, profile_id, now
            )
        Identifier.objects.filter(type=entry.channel, value=entry.address, verified_at=None).update(verified_at=now)
    return Answer.DONE


def _has_left(channel: str, address: str, topic: str) -> bool:
    if tombstones.among([(channel, address)]):
        return True
    return ConsentState.objects.filter(channel=channel, address=address, topic__in=["", topic], status=consent.WITHDRAWN).exists()


def _person(channel: str, address: str, source: str, now: datetime) -> int:
    claim = identity.Claim(((channel, address),), source[:80], now)
    try:
        return identity.resolve(claims=[claim], now=now)[0]
    except identity.ErasedError:
        # Who was erased and signs up again comes back by their own act.
        stone = tombstones.lift(key=(channel, address), reason="signed up again", by="the person", now=now)
        if stone is not None:
            audit.record(actor=None, action="tombstone.lift", obj=stone, after={"reason": stone.lifted_reason}, now=now)
    return identity.resolve(claims=[claim], now=now)[0]


def _record(
    topic: str,
    channel: str,
    address: str,
    status: str,
    method: str,
    source: str,
    proof: dict[str, Any],
    profile_id: int | None,
    now: datetime,
) -> None:
    words = [
        consent.Change(channel, address, status, now, method, topic=key, source=source, proof=proof, profile_id=profile_id)
        for key in ("", topic)
    ]
    consent.record(changes=words, now=now)
