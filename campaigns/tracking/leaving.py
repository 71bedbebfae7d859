"""How does a reader stop our letters, by one click or on the page, and take it back?

Everything is decided in the request: no worker, broker or session is needed. Repeating is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns import channels
from campaigns.models import Delivery, Outcome
from campaigns.tracking import record
from campaigns.tracking.links import Place
from profiles import consent
from profiles.models import ConsentState, Profile

ONE_CLICK = "one_click"
PAGE = "preference_page"


@dataclass(frozen=True)
class Reader:
    """Who reads this page, and about what. `topic_key` is '' for letters without a topic."""

    delivery: Delivery
    channel: str
    topic_key: str
    topic_name: str
    language: str

    @property
    def masked_address(self) -> str:
        local, _, domain = self.delivery.address.partition("@")
        return f"{local[:1]}{'•' * 3}@{domain}" if domain else "•••"


def reader(place: Place) -> Reader | None:
    """Return the reader of this letter; None when nothing is left of it. Two queries."""
    delivery = (
        Delivery.objects.select_related("campaign__topic")
        .only("pk", "address", "channel", "profile_id", "campaign__name", "campaign__topic__key", "campaign__topic__name")
        .filter(pk=place.delivery_id)
        .exclude(address="")
        .first()
    )
    channel = channels.registry.find(delivery.channel) if delivery else None
    if delivery is None or channel is None:
        return None
    topic = delivery.campaign.topic
    attributes = Profile.objects.filter(pk=delivery.profile_id).values_list("attributes", flat=True).first() or {}
    return Reader(
        delivery,
        channel.address_kind,
        topic.key if topic else "",
        topic.name if topic else "",
        str(attributes.get("language") or "")[:2].lower(),
    )


def has_left(who: Reader) -> tuple[bool, bool]:
    """Say whether they left the topic of the letter, and whether they left everything. One query."""
    states = dict(
        ConsentState.objects.filter(
            channel=who.channel, address=who.delivery.address, topic__in=["", who.topic_key], status=consent.WITHDRAWN
        ).values_list("topic", "status")
    )
    return bool(who.topic_key and who.topic_key in states), "" in states


def leave(*, who: Reader, everything: bool, method: str, proof: dict[str, Any], now: datetime) -> None:
    """Take the consent back for the topic of the letter (or everything) and write down that this letter made them leave."""
    topic = "" if everything else who.topic_key
    with transaction.atomic():
        consent.withdraw(
            channel=who.channel,
            address=who.delivery.address,
            topic=topic,
            method=method,
            source=who.delivery.campaign.name,
            proof=proof | {"delivery": who.delivery.pk},
            now=now,
        )
        _write_down(who, [topic], str(proof.get("user_agent", "")), now)


def note(*, who: Reader, said: Sequence[consent.Change], user_agent: str, now: datetime) -> None:
    """Write down that this letter made them leave, when among what they said is that they leave its topic or everything."""
    left = [
        change.topic
        for change in said
        if change.status == consent.WITHDRAWN and change.address == who.delivery.address and change.topic in ("", who.topic_key)
    ]
    if left:
        _write_down(who, left, user_agent, now)


def _write_down(who: Reader, topics: Sequence[str], user_agent: str, now: datetime) -> None:
    record.record(
        seen=[
            record.Seen(
                who.delivery.pk,
                Outcome.Kind.UNSUBSCRIBED,
                now,
                user_agent=user_agent,
                provider_event=f"left:{who.delivery.pk}:{topic}",
            )
            for topic in topics
        ],
        now=now,
    )


def come_back(*, who: Reader, proof: dict[str, Any], now: datetime) -> None:
    """Give the consent again that was taken back on this page: for the topic of the letter and for the channel."""
    left_topic, left_all = has_left(who)
    topics = ([who.topic_key] if left_topic else []) + ([""] if left_all else [])
    consent.record(
        changes=[
            consent.Change(
                who.channel,
                who.delivery.address,
                consent.GRANTED,
                now,
                PAGE,
                topic=topic,
                source=who.delivery.campaign.name,
                proof=proof | {"delivery": who.delivery.pk},
            )
            for topic in topics
        ],
        now=now,
    )
