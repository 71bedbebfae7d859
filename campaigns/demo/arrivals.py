"""How do the people of the demo company come in? As anybody's do: by CSV imports, by sign-ups, with what they allowed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from campaigns.demo import goods
from campaigns.demo.people import Person
from omni.models import User
from profiles import attributes, consent, identity, imports
from profiles.identity import Claim, normalize
from profiles.models import Identifier, Import, Topic

TOPICS = (
    ("news", "News and offers", "New arrivals, offers and what is on in the stores.", True),
    ("club", "Nordwind Club", "Points, early access and members' evenings.", True),
    ("care", "Care and repair", "How to look after what you have.", False),
)
COLUMNS = {
    "Customer no.": "user_id",
    "E-mail": "email",
    "Mobile": "phone",
    "Member since": "created_at",
}
_OPTED_OUT = 17  # one in so many of those who were asked had opted out before the history begins
_RESTLESS = timedelta(hours=1)


def make_topics() -> None:
    for key, name, description, is_default in TOPICS:
        Topic.objects.create(key=key, name=name, description=description, is_default=is_default)


def import_customers(*, people: Sequence[Person], by: User, now: datetime) -> None:
    """Import those who were customers before the history begins, as of `now`, from the files a shop would have."""
    asked = [person for person in people if person.is_asked]
    _import("club-members.csv", asked, "granted", by, now)
    _import("till-receipts.csv", [person for person in people if not person.is_asked], "unknown", by, now)
    _opt_out([person for person in asked if person.number % _OPTED_OUT == 0], now)


def sign_up(*, people: Sequence[Person], source: str) -> None:
    """Let people come in through the sign-up form, week by week, with the permission they gave there."""
    for _week, group in groupby(people, key=lambda person: person.joined_at.isocalendar()[:2]):
        newcomers = list(group)
        now = newcomers[-1].joined_at
        with transaction.atomic():
            claims = [Claim(_identifiers(person), source, person.joined_at) for person in newcomers]
            ids = identity.resolve(claims=claims, now=now)
            words = [
                attributes.Change(pk, dict(person.attributes), person.joined_at, source) for pk, person in zip(ids, newcomers)
            ]
            attributes.apply(changes=words, now=now)
            consent.record(changes=[change for person in newcomers for change in _permissions(person)], now=now)


def profile_ids() -> dict[str, int]:
    """Return {person key: profile id}."""
    known = Identifier.objects.filter(type=Identifier.Type.USER_ID)
    return dict(known.values_list("value", "profile_id"))


def _import(name: str, people: Sequence[Person], status: str, by: User, now: datetime) -> None:
    work = imports.upload(file=ContentFile(_csv(people), name=name), name=name, by=by)
    Import.objects.filter(pk=work.pk).update(created_at=now)
    named = {column: {"to": _target(column)} for column in work.header}
    decision: dict[str, Any] = {"status": status}
    if status == "granted":
        topics = [key for key, _name, _text, is_default in TOPICS if is_default]
        day = (now - timedelta(days=30)).date().isoformat()
        decision = {**decision, "channels": ["email"], "topics": topics, "source": "Club membership form", "date": day}
    plan = imports.mapping.named(header=work.header, guessed=work.mapping, named=named, consent=decision)
    imports.start(an_import=work, plan=plan, now=now)
    imports.run(clock=lambda: now, until=now + _RESTLESS)


def _csv(people: Iterable[Person]) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";")
    header: list[str] | None = None
    for person in people:
        known = person.attributes
        if header is None:
            header = [*COLUMNS, *known]
            rows.writerow(header)
        rows.writerow([person.key, person.email, person.phone, person.joined_at.isoformat(), *known.values()])
    return out.getvalue().encode()


def _target(column: str) -> str:
    return COLUMNS.get(column, f"attribute:{column}")


def _identifiers(person: Person) -> tuple[identity.Key, ...]:
    found = [("user_id", person.key), ("email", normalize("email", person.email)), ("phone", normalize("phone", person.phone))]
    return tuple((kind, value) for kind, value in found if value)


def _permissions(person: Person) -> list[consent.Change]:
    proof = {"url": f"{goods.SITE}/club", "text_version": "2026-01"}
    topics = ["", "news", "club"] if person.number % 3 else ["", "news"]
    return [
        consent.Change("email", person.email, consent.GRANTED, person.joined_at, "form", topic, "Sign-up form", proof)
        for topic in topics
    ]


def _opt_out(people: Sequence[Person], now: datetime) -> None:
    changes = [
        consent.Change(
            "email",
            person.email,
            consent.WITHDRAWN,
            now - timedelta(days=person.number % 25),
            "preference_page",
            "" if person.number % 2 else "news",
            "Preference page",
        )
        for person in people
    ]
    consent.record(changes=changes, now=now)
