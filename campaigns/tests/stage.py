"""People, segments, templates and campaigns for the tests of journeys, made with as few words as possible."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns import graph, versions
from campaigns.graph import Spot
from campaigns.models import Campaign, ProviderAccount, Sender, Template
from profiles import partitions
from profiles.models import ContactPoint, Event, EventDef, Profile
from segments.models import Membership, Segment

BODY = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ person.first_name }}"
    '</mj-text><mj-button href="https://shop.example/">Look</mj-button>'
    '<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>'
)


def people(count: int, at: datetime, **fields) -> list[Profile]:
    made = Profile.objects.bulk_create(
        Profile(attributes={"first_name": f"P{n}"}, created_at=at, updated_at=at, **fields) for n in range(count)
    )
    ContactPoint.objects.bulk_create(
        ContactPoint(profile=person, kind="email", address=f"p{person.pk}@example.com", created_at=at) for person in made
    )
    return made


def segment(members: list[Profile], at: datetime, name: str = "Loyal") -> Segment:
    made = Segment.objects.create(
        name=name, definition={"version": 1, "root": {"match": "all", "items": []}}, refreshed_at=at, size=len(members)
    )
    Membership.objects.bulk_create(
        Membership(segment=made, profile_id=person.pk, from_at=at - timedelta(days=1)) for person in members
    )
    return made


def sender() -> Sender:
    account, _ = ProviderAccount.objects.get_or_create(
        name="Sandbox", provider="sandbox", channel="email", defaults={"settings": {}, "is_default": True}
    )
    return Sender.objects.get_or_create(name="Shop", email="shop@example.com", account=account, is_default=True)[0]


def template(name: str = "Welcome") -> Template:
    return Template.objects.create(name=name, subject=f"{name}, {{{{ person.first_name }}}}", body=BODY)


def message(*templates: Template) -> dict:
    rows = [{"name": letter, "template": each.pk, "share": 50} for letter, each in zip("ABCDE", templates)]
    return {"channel": "email", "sender": None, "variants": rows}


def wait(amount: int = 2, unit: str = "days") -> dict:
    return {"mode": "for", "amount": amount, "unit": unit}


def journey(entry: dict, *steps: tuple[str, dict]) -> graph.Graph:
    """A journey in a row; a step's key is its kind and its place: wait_1."""
    made, spot = graph.blank(entry), Spot("entry", "next")
    for number, (kind, params) in enumerate(steps, start=1):
        key = f"{kind}_{number}"
        made = graph.insert(made, at=spot, key=key, kind=kind, params=params)
        spot = Spot(key, next(iter(graph.ports(made["steps"][key])), ""))
    return made


def campaign(draft: graph.Graph, now: datetime, **settings) -> Campaign:
    settings.setdefault("control_percent", 0)
    return versions.create(name=settings.pop("name", "Autumn"), draft=draft, by=None, now=now, **settings)


def launched(draft: graph.Graph, now: datetime, **settings) -> Campaign:
    made = campaign(draft, now, **settings)
    versions.publish(campaign=made, by=None, now=now)
    made.refresh_from_db()
    return made


def event(name: str, person: Profile, at: datetime, received: datetime | None = None, value=None, **properties) -> Event:
    partitions.ensure(partitions.months_of([at]))
    known, _ = EventDef.objects.get_or_create(name=name, defaults={"first_seen_at": at})
    return Event.objects.create(
        time=at, profile_id=person.pk, name=known, value=value, properties=properties, received_at=received or at
    )
