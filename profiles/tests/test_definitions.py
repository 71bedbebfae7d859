"""The dictionaries of events and attributes, and the numbers of what arrives, through their addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni import home
from omni.models import AuditEntry, User
from profiles import attributes, quality
from profiles.models import AttributeDef, EventDef, EventTally, Profile, Source, SourceTally

from .ingest.conftest import Sender, drain, sender, track  # noqa: F401 (fixtures)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ClientOf = Callable[[User], Client]


def _tally(now: datetime, source: Source, days_ago: int, used: int, name: str = "Order Completed", **more: int) -> None:
    event, _made = EventDef.objects.get_or_create(name=name, defaults={"first_seen_at": now})
    EventTally.objects.create(name=event, source=source, day=now.date() - timedelta(days=days_ago), used=used, **more)


def _source(name: str = "Shop") -> Source:
    return Source.issue(name=name)[0]


def test_events_are_counted_as_they_come(sender: Sender, drain: Any, now: datetime) -> None:  # noqa: F811
    old = (now - timedelta(days=3)).isoformat()
    sender.post({"batch": [track(messageId="1"), track(messageId="2", timestamp=old), track(messageId="2", timestamp=old)]})
    drain()
    sender.post({"batch": [track(messageId="3", userId=None, anonymousId="a-1"), track("Other", messageId="4")]})
    drain()

    rows = EventTally.objects.order_by("name__name").values_list("name__name", "day", "used", "late", "nameless")
    assert list(rows) == [("Order Completed", now.date(), 3, 1, 1), ("Other", now.date(), 1, 0, 0)]


def test_an_event_shows_its_properties_values_and_volume(
    sender: Sender,  # noqa: F811
    drain: Any,  # noqa: F811
    client_of: ClientOf,
    marketer: User,
) -> None:
    sender.post({"batch": [track(properties={"city": "Varna", "total": 5}), track("Cart Viewed")]})
    drain()
    client = client_of(marketer)

    listed = client.get("/data/events/?q=order").content.decode()
    page = client.get(EventDef.objects.get(name="Order Completed").get_absolute_url()).content.decode()

    assert "Order Completed" in listed
    assert "Cart Viewed" not in listed
    assert all(words in page for words in ("city", "Varna", "total", "Number", "Website, last 7 days"))


def test_what_an_event_means_is_said_by_those_who_may(client_of: ClientOf, marketer: User, analyst: User, now: datetime) -> None:
    event = EventDef.objects.create(name="oc", first_seen_at=now, properties={"total": "number"})
    said = {"label": "Bought", "description": "The till said so", "owner": marketer.pk}

    assert client_of(analyst).post(event.get_absolute_url(), said).status_code == 403
    assert client_of(marketer).post(event.get_absolute_url(), said).status_code == 302
    refused = client_of(marketer).post(event.get_absolute_url(), {**said, "label": "x" * 200})

    event.refresh_from_db()
    assert (event.label, event.description, event.owner) == ("Bought", "The till said so", marketer)
    assert event.properties == {"total": "number"}
    assert refused.status_code == 422
    assert "Bought" in client_of(analyst).get("/data/events/").content.decode()
    assert AuditEntry.objects.get().action == "event.describe"


def test_attributes_are_listed_and_described(client_of: ClientOf, marketer: User, now: datetime) -> None:
    person = Profile.objects.create(created_at=now, updated_at=now)
    attributes.apply(changes=[attributes.Change(person.pk, {"plan": "pro", "size": 42}, now, "test")], now=now)
    plan = AttributeDef.objects.get(key="plan")
    client = client_of(marketer)

    client.post(plan.get_absolute_url(), {"label": "Tariff", "description": "", "owner": ""})
    page = client.get("/data/attributes/").content.decode()

    assert all(words in page for words in ("Tariff", "plan", "size", "Number"))
    assert "size" not in client.get("/data/attributes/?q=tariff").content.decode()


def test_empty_dictionaries_say_how_they_fill(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)

    assert "No events yet" in client.get("/data/events/").content.decode()
    assert "No attributes yet" in client.get("/data/attributes/").content.decode()
    assert "Nothing to compare yet" in client.get("/data/quality/").content.decode()


@pytest.mark.parametrize(
    ("yesterday", "before", "more", "word"),
    [
        (20, 100, {}, "a week before"),
        (400, 100, {}, "times as many"),
        (100, 100, {"late": 40}, "more than a day late"),
        (100, 110, {"late": 10}, ""),
        (1, 30, {}, ""),
    ],
    ids=["fell", "grew", "late", "as usual", "few"],
)
def test_it_says_what_stands_out(yesterday: int, before: int, more: dict[str, int], word: str, now: datetime) -> None:
    source = _source()
    _tally(now, source, 1, yesterday, **more)
    _tally(now, source, 8, before)
    _tally(now, source, 0, 9_999)  # today is not over

    (line,) = quality.lines(now=now)

    assert (line.yesterday, line.before) == (yesterday, before)
    assert word in " ".join(line.findings)
    assert bool(line.findings) == bool(word)


def test_an_event_that_stopped_is_noticed(now: datetime) -> None:
    _tally(now, _source(), 8, 500)

    (line,) = quality.lines(now=now)

    assert line.findings


def test_what_stands_out_is_told_at_home(client_of: ClientOf, marketer: User, now: datetime) -> None:
    source = _source()
    assert not [alert for alert in home.alerts(marketer, now) if "data needs" in str(alert.title)]
    _tally(now, source, 1, 5)
    _tally(now, source, 8, 100)
    SourceTally.objects.create(source=source, hour_at=now - timedelta(hours=5), used=100, repeated=100, latest_at=now)

    (alert,) = [alert for alert in home.alerts(marketer, now) if "your data" in str(alert.title)]
    page = client_of(marketer).get(alert.url).content.decode()

    assert "2 things" in str(alert.title)
    assert "Yesterday 5 came, a week before 100." in page
    assert "Sent more than once" in page


def test_the_pages_cost_the_same_however_many(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    source = _source()
    for number in range(30):
        _tally(now, source, 1, 100, f"Event {number}")
    client = client_of(marketer)
    client.get("/data/events/")

    with django_assert_max_num_queries(7):
        client.get("/data/events/")
    with django_assert_max_num_queries(10):
        client.get("/data/quality/")
