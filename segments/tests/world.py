"""What does a small world of people, events and consents look like, and who matches a definition in it?

The oracle: plain Python over plain dicts, written from docs/conditions.md and sharing no code with the compiler.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from profiles import partitions
from profiles.models import Consent, ConsentState, ContactPoint, Event, EventDef, Profile, Suppression, Topic
from segments.models import Membership

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
EVENTS = ("Order Completed", "Page Viewed", "Cart Left")
DAY = timedelta(days=1)


@dataclass
class Person:
    attributes: dict[str, Any] = field(default_factory=dict)
    into: int | None = None  # position of the person this one was merged into
    email: str | None = None


@dataclass
class Did:
    person: int
    name: str
    at: datetime
    value: Decimal | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    people: list[Person]
    events: list[Did]
    permission: dict[str, str] = field(default_factory=dict)  # address -> status about the channel
    about_news: dict[str, str] = field(default_factory=dict)  # address -> status about the topic "news"
    suppressed: set[str] = field(default_factory=set)
    pks: list[int] = field(default_factory=list)

    def root(self, position: int) -> int:
        into = self.people[position].into
        return position if into is None else into

    def surviving(self) -> list[int]:
        return [position for position, person in enumerate(self.people) if person.into is None]

    def build(self) -> None:
        """Write the world into the database."""
        rows = Profile.objects.bulk_create(
            Profile(attributes=person.attributes, created_at=NOW - 400 * DAY, updated_at=NOW) for person in self.people
        )
        self.pks = [row.pk for row in rows]
        for row, person in zip(rows, self.people):
            if person.into is not None:
                row.merged_into_id = self.pks[person.into]
        Profile.objects.bulk_update(rows, ["merged_into"])
        self.write_events(self.events)
        Topic.objects.get_or_create(key="news", defaults={"name": "News"})
        for position, person in enumerate(self.people):
            if person.email:
                ContactPoint.objects.create(
                    profile_id=self.pks[self.root(position)], kind="email", address=person.email, created_at=NOW
                )
        for topic, words in (("", self.permission), ("news", self.about_news)):
            for address, status in words.items():
                self._give(address, topic, status)
        for address in self.suppressed:
            Suppression.objects.create(channel="email", address=address, reason="complained", at=NOW)

    def write_events(self, events: list[Did]) -> None:
        partitions.ensure(partitions.months_of(event.at for event in events))
        names = {
            name: EventDef.objects.get_or_create(name=name, defaults={"first_seen_at": NOW})[0].pk
            for name in {event.name for event in events}
        }
        Event.objects.bulk_create(
            Event(
                time=event.at,
                id=uuid.uuid4(),
                profile_id=self.pks[event.person],
                name_id=names[event.name],
                value=event.value,
                properties=event.properties,
                received_at=NOW,
            )
            for event in events
        )

    def _give(self, address: str, topic: str, status: str) -> None:
        owner = ContactPoint.objects.filter(address=address).values_list("profile_id", flat=True).first() or self.pks[0]
        consent = Consent.objects.create(
            profile_id=owner, channel="email", address=address, topic=topic, status=status, at=NOW, recorded_at=NOW, method="api"
        )
        ConsentState.objects.create(channel="email", address=address, topic=topic, status=status, since_at=NOW, consent=consent)

    # -- the oracle ---------------------------------------------------------------------------------------------

    def matching(self, definition: dict[str, Any], now: datetime) -> set[int]:
        """Return the primary keys of the surviving people who match at `now`."""
        return {self.pks[position] for position in self.surviving() if self.holds(definition["root"], position, now)}

    def holds(self, node: dict[str, Any], position: int, now: datetime) -> bool:
        if "items" in node:
            answers = [self.holds(item, position, now) for item in node["items"]]
            return {"all": all(answers), "any": any(answers), "none": not any(answers)}[node["match"]]
        return bool(getattr(self, f"_{node['kind']}")(node["params"], position, now))

    def _attribute(self, params: dict[str, Any], position: int, now: datetime) -> bool:
        value = self.people[position].attributes.get(params["attribute"])
        return compare(value, params["operator"], params["value"], now)

    def _event(self, params: dict[str, Any], position: int, now: datetime) -> bool:
        found = [
            event
            for event in self.events
            if self.root(event.person) == position
            and event.name == params["event"]
            and within(event.at, params.get("window") or {"kind": "ever"}, now)
            and all(
                compare(
                    event.value if row["property"] == "value" else event.properties.get(row["property"]),
                    row["operator"],
                    row["value"],
                    now,
                )
                for row in params.get("where") or []
            )
        ]
        if params["measure"] == "did":
            return bool(found)
        if params["measure"] == "did_not":
            return not found
        amount: Any = len(found)
        if params["measure"] == "sum":
            amount = sum((event.value or Decimal(0) for event in found), Decimal(0))
        low = Decimal(str(params["amount"]))
        high = Decimal(str(params.get("amount_to", 0)))
        return {
            "at_least": amount >= low,
            "at_most": amount <= low,
            "exactly": amount == low,
            "between": low <= amount <= high,
        }[params["comparison"]]

    def _membership(self, params: dict[str, Any], position: int, now: datetime) -> bool:
        mine = [pk for other, pk in enumerate(self.pks) if self.root(other) == position]
        rows = Membership.objects.filter(segment_id=params["segment"], profile_id__in=mine, until_at=None)
        return rows.exists() == (params["relation"] == "in")

    def _addresses(self, position: int) -> list[str]:
        return [person.email for other, person in enumerate(self.people) if person.email and self.root(other) == position]

    def _reachable(self, params: dict[str, Any], position: int, now: datetime) -> bool:
        can = any(
            self.permission.get(address) == "granted"
            and address not in self.suppressed
            and (params["topic"] != "news" or self.about_news.get(address) == "granted")
            for address in self._addresses(position)
        )
        return can == (params["relation"] == "may")

    def _consent(self, params: dict[str, Any], position: int, now: datetime) -> bool:
        words = self.about_news if params["topic"] else self.permission
        said = [words[address] for address in self._addresses(position) if address in words]
        return not said if params["status"] == "unknown" else params["status"] in said


def within(at: datetime, window: dict[str, Any], now: datetime) -> bool:
    kind = window["kind"]
    if at > now:
        return False
    if kind in ("last", "earlier"):
        span = timedelta(**{window["unit"]: window["amount"]})
        return (at > now - span) == (kind == "last")
    if kind == "between":
        first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in window["dates"])
        return first <= at < last + DAY
    return True


def compare(value: Any, operator: str, wanted: Any, now: datetime) -> bool:
    opposites = {
        "is_not": "is",
        "not_in": "in",
        "not_contains": "contains",
        "not_equals": "equals",
        "has_not": "has",
        "missing": "exists",
    }
    if operator in opposites:
        return not compare(value, opposites[operator], wanted, now)
    if operator == "exists":
        return value is not None and value != ""
    if operator == "has":
        return wanted in value if isinstance(value, list) else text(value) == wanted
    number, moment = as_number(value), as_moment(value)
    asked = {
        "is": lambda: text(value) == wanted,
        "in": lambda: text(value) in wanted,
        "contains": lambda: is_scalar(value) and wanted.lower() in text(value).lower(),
        "starts_with": lambda: is_scalar(value) and text(value).lower().startswith(wanted.lower()),
        "ends_with": lambda: is_scalar(value) and text(value).lower().endswith(wanted.lower()),
        "true": lambda: (text(value) or "").lower() == "true",
        "false": lambda: (text(value) or "").lower() == "false",
        "equals": lambda: number is not None and number == Decimal(str(wanted)),
        "more_than": lambda: number is not None and number > Decimal(str(wanted)),
        "at_least": lambda: number is not None and number >= Decimal(str(wanted)),
        "less_than": lambda: number is not None and number < Decimal(str(wanted)),
        "at_most": lambda: number is not None and number <= Decimal(str(wanted)),
        "between": lambda: number is not None and Decimal(str(wanted[0])) <= number <= Decimal(str(wanted[1])),
        "on": lambda: moment is not None and moment.astimezone(UTC).date().isoformat() == wanted,
        "before": lambda: moment is not None and moment.astimezone(UTC).date().isoformat() < wanted,
        "after": lambda: moment is not None and moment.astimezone(UTC).date().isoformat() > wanted,
        "between_dates": lambda: moment is not None and wanted[0] <= moment.astimezone(UTC).date().isoformat() <= wanted[1],
        "in_last_days": lambda: moment is not None and now - wanted * DAY < moment <= now,
        "more_than_days_ago": lambda: moment is not None and moment <= now - wanted * DAY,
        "in_next_days": lambda: moment is not None and now < moment <= now + wanted * DAY,
    }
    return bool(asked[operator]())


def is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def text(value: Any) -> str | None:
    if value is None or isinstance(value, (list, dict)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        return Decimal(str(value))
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d{1,30}(\.\d{1,20})?\s*", value, re.ASCII):
        return Decimal(value.strip())
    return None


def as_moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}", value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
