"""What may a person choose about what we send them, and what have they chosen?

Topics hold for all their addresses; whether an address may be written to at all is said per address.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from profiles import attributes, consent
from profiles.consent import GRANTED, WITHDRAWN, asking, snoozing, topics
from profiles.models import Consent, ConsentState, ContactPoint, PrivacyRequest, Profile, Suppression, Topic

METHOD = "preference_page"
LANGUAGE = "language"
PREFERRED_CHANNEL = "preferred_channel"
LETTERS_PER_WEEK = "letters_per_week"
OWN_WORDS = (LANGUAGE, PREFERRED_CHANNEL, LETTERS_PER_WEEK)


@dataclass(frozen=True)
class TopicChoice:
    """A topic and whether letters about it come. `mark` names its switch."""

    topic: Topic
    is_on: bool

    @property
    def mark(self) -> str:
        return f"topic:{self.topic.key}"


@dataclass(frozen=True)
class AddressChoice:
    """An address and whether it may be written to. `mark` names its switch without saying the address."""

    number: int  # of the contact point; 0 is the address of the letter
    channel: str
    address: str
    is_on: bool
    is_blocked: bool

    @property
    def mark(self) -> str:
        return f"address:{self.number}"

    @property
    def masked(self) -> str:
        local, _at, domain = self.address.partition("@")
        return f"{local[:1]}•••@{domain}" if domain else f"•••{self.address[-2:]}"


@dataclass(frozen=True)
class Preferences:
    """Everything the page shows. `person` is None when nobody has the address any more."""

    channel: str
    address: str
    person: Profile | None
    topics: list[TopicChoice]
    addresses: list[AddressChoice]
    paused_until: datetime | None
    requests: dict[str, PrivacyRequest]

    @property
    def marks(self) -> set[str]:
        return {choice.mark for choice in self.topics} | {choice.mark for choice in self.addresses}

    @property
    def own_words(self) -> dict[str, Any]:
        held = self.person.attributes if self.person else {}
        return {key: held[key] for key in OWN_WORDS if key in held}

    @property
    def channels(self) -> list[str]:
        return sorted({choice.channel for choice in self.addresses})


def load(*, profile_id: int | None, channel: str, address: str, now: datetime) -> Preferences:
    """Return the preferences behind a letter to this normalized address. Seven queries."""
    person = _survivor(profile_id)
    points = list(ContactPoint.objects.filter(profile=person).order_by("kind", "pk")) if person else []
    own = [(0, channel, address)]
    others = [(point.pk, point.kind, point.address) for point in points if (point.kind, point.address) != (channel, address)]
    listed = own + others
    every = {row[2] for row in listed}
    states = {
        (state.channel, state.address, state.topic): state.status for state in ConsentState.objects.filter(address__in=every)
    }
    blocked = set(Suppression.objects.filter(address__in=every, lifted_at=None).values_list("channel", "address"))
    return Preferences(
        channel=channel,
        address=address,
        person=person,
        topics=[TopicChoice(topic, _is_on(topic, states.get((channel, address, topic.key)))) for topic in topics.offered()],
        addresses=[
            AddressChoice(number, kind, one, states.get((kind, one, "")) == GRANTED, (kind, one) in blocked)
            for number, kind, one in listed
        ],
        paused_until=snoozing.until(addresses=[address], now=now).get((channel, address)),
        requests=asking.waiting(channel=channel, address=address),
    )


def choose(
    *,
    of: Preferences,
    on: Collection[str],
    was_on: Collection[str],
    words: dict[str, Any],
    proof: dict[str, Any],
    source: str,
    now: datetime,
) -> list[consent.Change]:
    """Turn the switches that the person turned, and keep their own words; return what they said about consent.

    `was_on` are the marks of the switches that the page showed as on, `on` those that were on when it was sent: what the
    person did not touch is not touched, whatever happened meanwhile. `words` are attributes; None takes one away.
    """
    turned = (set(on) ^ set(was_on)) & of.marks
    said: list[consent.Change] = []
    for choice in of.addresses:
        if choice.mark in turned:
            status = GRANTED if choice.mark in on else WITHDRAWN
            said.append(_word(of, choice.channel, choice.address, "", status, source, proof, now))
    for about in of.topics:
        if about.mark in turned:
            status = GRANTED if about.mark in on else WITHDRAWN
            said += [_word(of, each.channel, each.address, about.topic.key, status, source, proof, now) for each in of.addresses]
    fresh = {key: value for key, value in words.items() if key in OWN_WORDS and of.own_words.get(key) != value}
    with transaction.atomic():
        if of.person and fresh:
            attributes.apply(changes=[attributes.Change(of.person.pk, fresh, now, METHOD)], now=now)
        consent.record(changes=said, now=now)
    return said


def _word(
    of: Preferences, channel: str, address: str, topic: str, status: str, source: str, proof: dict[str, Any], now: datetime
) -> consent.Change:
    owner = of.person.pk if of.person else None
    return consent.Change(channel, address, status, now, METHOD, topic=topic, source=source, proof=proof, profile_id=owner)


def _survivor(profile_id: int | None) -> Profile | None:
    found = Profile.objects.select_related("merged_into").filter(pk=profile_id).first() if profile_id else None
    return (found.merged_into or found) if found else None


def _is_on(topic: Topic, status: str | None) -> bool:
    return topic.is_default if status in (None, Consent.Status.PENDING) else status == GRANTED
