"""What does a request for a link or the pixel of a letter mean, and where does it lead?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.channels import wording
from campaigns.models import Delivery, Link, Outcome
from campaigns.tracking import human, record
from campaigns.tracking.links import TRAP_POSITION, Place

LOOK_BACK = max(human.TRAP_MEMORY, human.BURST)
_TARGET = re.compile(r"https?://[^\s\x00-\x20\x7f<>\"\\^`{|}]+", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """Who asks: what the gate to the web knows about it."""

    method: str
    user_agent: str
    headers: Mapping[str, str]


def click(*, place: Place, request: Request, now: datetime) -> str | None:
    """Write a click down and return where it leads; None when there is no such link (any more)."""
    delivery = Delivery.objects.only("pk", "content_id", "context", "settled_at").filter(pk=place.delivery_id).first()
    if delivery is None:
        return None
    if place.position == TRAP_POSITION:
        _record(delivery, Outcome.Kind.CLICKED, request, now, "trap")
        return None
    link = link_of(delivery, place)
    target = target_of(link, delivery.context or {}) if link else None
    if link is None or target is None:
        return None
    machine = human.click_by_machine(_visit(delivery, request, now), _trace(delivery.pk, now), link.pk)
    _record(delivery, Outcome.Kind.CLICKED, request, now, machine, link_id=link.pk, link=link.url)
    return target


def opened(*, place: Place, request: Request, now: datetime) -> bool:
    """Write an open down; False when there is no such letter."""
    delivery = Delivery.objects.only("pk", "settled_at").filter(pk=place.delivery_id).first()
    if delivery is None:
        return False
    _record(delivery, Outcome.Kind.OPENED, request, now, human.open_by_machine(_visit(delivery, request, now)))
    return True


def link_of(delivery: Delivery, place: Place) -> Link | None:
    return Link.objects.filter(content=delivery.content_id or 0, position=place.position).first()


def target_of(link: Link, context: dict[str, Any]) -> str | None:
    """Return the address a link leads to for this person; None when it is no web address."""
    try:
        url = wording.fill(wording.parse(link.url), context) if "{" in link.url else link.url
    except wording.WordingError:
        return None
    return url if _TARGET.fullmatch(url.strip()) else None


def _visit(delivery: Delivery, request: Request, now: datetime) -> human.Visit:
    return human.Visit(request.method, request.user_agent, request.headers, now, delivery.settled_at)


def _trace(delivery_id: int, now: datetime) -> human.Trace:
    rows = Outcome.objects.filter(delivery_id=delivery_id, kind=Outcome.Kind.CLICKED, at__gt=now - LOOK_BACK)
    seen = list(rows.order_by("-at").values_list("link_id", "at", "machine_reason")[:50])
    trapped = [at for link_id, at, reason in seen if link_id is None and reason == "trap"]
    return human.Trace(
        trapped_at=trapped[0] if trapped else None,
        links=tuple((link_id, at) for link_id, at, _ in seen if link_id is not None),
    )


def _record(
    delivery: Delivery, kind: str, request: Request, now: datetime, machine: str, link_id: int | None = None, link: str = ""
) -> None:
    one = record.Seen(
        delivery.pk, kind, now, link_id=link_id, link=link, machine_reason=machine, user_agent=request.user_agent[:300]
    )
    record.record(seen=[one], now=now)
