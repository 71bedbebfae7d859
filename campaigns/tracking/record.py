"""How is what came back written down once: the outcome, the first times on the delivery, the event on the timeline?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.models import Delivery, Outcome
from profiles.ingest import facts

Kind = Outcome.Kind
FIRST_TIMES = {
    Kind.DELIVERED: "delivered_at",
    Kind.OPENED: "opened_at",
    Kind.CLICKED: "clicked_at",
    Kind.BOUNCED: "bounced_at",
    Kind.COMPLAINED: "complained_at",
    Kind.UNSUBSCRIBED: "unsubscribed_at",
}
EVENTS = {
    Kind.DELIVERED: "Message delivered",
    Kind.OPENED: "Message opened",
    Kind.CLICKED: "Message clicked",
    Kind.BOUNCED: "Message bounced",
    Kind.COMPLAINED: "Message reported",
    Kind.UNSUBSCRIBED: "Unsubscribed",
}
HUMAN_ACTS = frozenset([Kind.OPENED, Kind.CLICKED, Kind.UNSUBSCRIBED, Kind.COMPLAINED])
PROVES_ARRIVAL = frozenset([Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINED])
# Enough of a delivery for `fact`, with its campaign and step.
TOLD_FIELDS = (
    *("pk", "key", "state", "reason", "profile_id", "variant", "channel", "settled_at"),
    *("campaign_id", "campaign__name", "step_id", "step__key"),
)


@dataclass(frozen=True)
class Seen:
    """One thing that came back. `machine_reason` is '' for a person. `provider_event` makes a repetition harmless."""

    delivery_id: int
    kind: str
    at: datetime
    link_id: int | None = None
    link: str = ""  # its address, for the event
    machine_reason: str = ""
    user_agent: str = ""
    provider_event: str | None = None

    @property
    def is_machine(self) -> bool:
        return bool(self.machine_reason)


def record(*, seen: Sequence[Seen], now: datetime) -> int:
    """Write these down; return how many were new. Holds the deliveries, in order, until the transaction ends.

    1. Every one becomes an outcome, except a provider's event that is known already.
    2. The first of its kind by a person sets the time on the delivery; a click is an opening, too.
    3. The first of its kind, link and maker becomes an event of the person.
    4. What was unclear and came back was sent.
    """
    if not seen:
        return 0
    with transaction.atomic():
        rows = Delivery.objects.select_related("campaign", "step").order_by("pk").select_for_update(of=("self",), no_key=True)
        deliveries = {row.pk: row for row in rows.filter(pk__in={one.delivery_id for one in seen})}
        fresh = _unknown_to_us([one for one in seen if one.delivery_id in deliveries])
        told = set(Outcome.objects.filter(delivery_id__in=deliveries).values_list("delivery_id", "kind", "link_id", "is_machine"))
        Outcome.objects.bulk_create(_outcome(one) for one in fresh)
        events: list[tuple[Seen, facts.Fact]] = []
        for one in fresh:
            delivery = deliveries[one.delivery_id]
            for kind in _kinds(one, delivery):
                events += _tell(one, kind, delivery, told)
                _note(one, kind, delivery)
            _resolve(one, delivery)
        Delivery.objects.bulk_update(deliveries.values(), [*FIRST_TIMES.values(), "state", "reason"])
        for is_human in (True, False):
            chosen = [fact for one, fact in events if (one.kind in HUMAN_ACTS and not one.is_machine) is is_human]
            facts.record(facts=chosen, now=now, is_human_act=is_human)
        return len(fresh)


def fact(name: str, delivery: Delivery, at: datetime, **more: Any) -> facts.Fact:
    """Return the event about a delivery for the person's timeline; needs TOLD_FIELDS, campaign and step loaded."""
    properties = {
        "campaign": delivery.campaign.name,
        "campaign_id": delivery.campaign_id,
        "step": delivery.step.key,
        "variant": delivery.variant,
        "channel": delivery.channel,
        "delivery": delivery.pk,
        **more,
    }
    return facts.Fact(profile_id=delivery.profile_id, name=name, time=at, properties=properties)


def _unknown_to_us(seen: Sequence[Seen]) -> list[Seen]:
    named = {one.provider_event for one in seen if one.provider_event}
    known = set(Outcome.objects.filter(provider_event__in=named).values_list("provider_event", flat=True)) if named else set()
    fresh = []
    for one in seen:
        if one.provider_event in known:
            continue
        if one.provider_event:
            known.add(one.provider_event)
        fresh.append(one)
    return fresh


def _outcome(one: Seen) -> Outcome:
    return Outcome(
        delivery_id=one.delivery_id,
        kind=one.kind,
        at=one.at,
        link_id=one.link_id,
        is_machine=one.is_machine,
        machine_reason=one.machine_reason,
        user_agent=one.user_agent[:300],
        provider_event=one.provider_event,
    )


def _kinds(one: Seen, delivery: Delivery) -> list[str]:
    # Who clicks has opened, also where images are blocked.
    if one.kind == Kind.CLICKED and not one.is_machine and delivery.opened_at is None:
        return [Kind.OPENED, Kind.CLICKED]
    return [one.kind]


def _tell(one: Seen, kind: str, delivery: Delivery, told: set[Any]) -> list[tuple[Seen, facts.Fact]]:
    link_id = one.link_id if kind == one.kind else None
    mark = (one.delivery_id, kind, link_id, one.is_machine)
    if mark in told:
        return []
    told.add(mark)
    more: dict[str, Any] = {"is_machine": one.is_machine} if kind in HUMAN_ACTS else {}
    if kind == Kind.CLICKED:
        more["link"] = one.link
    return [(one, fact(EVENTS[Kind(kind)], delivery, one.at, **more))]


def _note(one: Seen, kind: str, delivery: Delivery) -> None:
    field = FIRST_TIMES[Kind(kind)]
    if not one.is_machine and getattr(delivery, field) is None:
        setattr(delivery, field, one.at)


def _resolve(one: Seen, delivery: Delivery) -> None:
    if delivery.state == Delivery.State.UNKNOWN and one.kind in PROVES_ARRIVAL:
        delivery.state, delivery.reason = Delivery.State.SENT, ""
