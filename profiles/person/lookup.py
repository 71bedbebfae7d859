"""Who stands at the counter? One person by an exact phone, e-mail, card number or scanned code, and what staff may need now.

Nothing but exact values finds anybody, so that nobody can leaf through people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum

from omni import audit
from omni.ratelimit import Limit
from profiles import identity
from profiles.models import Event, Identifier, Order, Profile
from profiles.person import reachability

if TYPE_CHECKING:
    from omni.models import User
    from profiles.person.reachability import Reach

LIMIT = Limit(per_second=0.5, burst=30)  # of one member of staff or one key
CARD_ATTRIBUTES = ("card_number", "loyalty_card")
STAGE_ATTRIBUTES = ("stage", "lifecycle_stage")
POINTS_ATTRIBUTES = ("points", "loyalty_points")
ORDERS_SHOWN = 3
EVENTS_SHOWN = 5
NEVER_TYPED = (Identifier.Type.ANONYMOUS_ID,)


@dataclass(frozen=True)
class Spent:
    """What somebody bought in all, in one currency."""

    currency: str
    orders: int
    sum_minor: int


@dataclass(frozen=True)
class Card:
    """What the counter sees. `stage` and `points` are None when the company keeps none."""

    person: Profile
    known_by: str
    stage: Any
    points: Any
    spent: list[Spent]
    orders: list[Order]
    events: list[Event]
    reaches: list[Reach]

    @property
    def may_not_be_offered(self) -> list[Reach]:
        return [reach for reach in self.reaches if not reach.is_open]


def find(value: str, *, by: User | None, now: datetime) -> Card | None:
    """Return the card of the one person with exactly this value, None when nobody or more than one has it.

    Writes an audit entry in either case, without the value. About ten queries.
    """
    person, known_by = _person(value.strip())
    if person is None:
        if by is not None:
            audit.record(actor=by, action="person.lookup", obj=by, after={"found": False}, now=now)
        return None
    audit.record(actor=by, action="person.lookup", obj=person, after={"known_by": known_by}, now=now)
    return _card(person, known_by, now)


def _person(value: str) -> tuple[Profile | None, str]:
    if not value:
        return None, ""
    found = _by_identifier(value)
    if found is not None:
        return found.profile, found.type
    carries = Q()
    for key in CARD_ATTRIBUTES:
        carries |= Q(**{f"attributes__{key}": value})
    people = list(Profile.objects.surviving().filter(carries).order_by("pk")[:2])
    return (people[0], "card") if len(people) == 1 else (None, "")


def _by_identifier(value: str) -> Identifier | None:
    spelled = {normal for kind in Identifier.Type.values if (normal := identity.normalize(kind, value)) is not None}
    rows = Identifier.objects.filter(value__in={value, *spelled}).exclude(type__in=NEVER_TYPED).select_related("profile")
    found = [row for row in rows.order_by("pk")[:10] if row.value in (value, identity.normalize(row.type, value))]
    return found[0] if len({row.profile_id for row in found}) == 1 else None


def _card(person: Profile, known_by: str, now: datetime) -> Card:
    ids = [person.pk, *identity.origins_of(person.pk)]
    orders = Order.objects.filter(profile_id__in=ids)
    sums = orders.values("currency").annotate(n=Count("pk"), total=Sum("net_minor")).order_by("currency")
    return Card(
        person=person,
        known_by=known_by,
        stage=_first(person, STAGE_ATTRIBUTES),
        points=_first(person, POINTS_ATTRIBUTES),
        spent=[Spent(row["currency"], row["n"], row["total"] or 0) for row in sums],
        orders=list(orders.order_by("-ordered_at", "-pk")[:ORDERS_SHOWN]),
        events=list(Event.objects.of_person(person.pk, ids[1:]).select_related("name").order_by("-time", "-id")[:EVENTS_SHOWN]),
        reaches=reachability.of(person.contact_points.order_by("pk"), now=now),
    )


def _first(person: Profile, keys: Sequence[str]) -> Any:
    return next((person.attributes[key] for key in keys if key in person.attributes), None)
