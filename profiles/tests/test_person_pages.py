"""The list of people and the profile, through their addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from omni import home, keyset, search
from omni.models import AuditEntry, User
from profiles import attributes, consent, identity, partitions
from profiles.models import AttributeDef, Consent, ConsentState, Event, EventDef, Profile, Suppression, Topic
from profiles.person import timeline

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def _person(now: datetime, email: str = "ann@shop.test", **values: object) -> Profile:
    (profile_id,) = identity.resolve(claims=[identity.Claim((("email", email),), "test", now)], now=now)
    if values:
        attributes.apply(changes=[attributes.Change(profile_id, values, now, "test")], now=now)
    return Profile.objects.get(pk=profile_id)


def _events(person: Profile, now: datetime, count: int, name: str = "Order Completed") -> None:
    definition, _made = EventDef.objects.get_or_create(name=name, defaults={"first_seen_at": now})
    times = [now - timedelta(hours=hour) for hour in range(count)]
    partitions.ensure(partitions.months_of(times))
    Event.objects.bulk_create(
        Event(time=time, profile_id=person.pk, name=definition, properties={"sku": f"B-{number}"}, received_at=now)
        for number, time in enumerate(times)
    )


def _names(page: str, *people: str) -> list[bool]:
    return [person in page for person in people]


def test_an_empty_list_teaches_the_first_step(client_of: ClientOf, marketer: User) -> None:
    page = client_of(marketer).get("/people/").content.decode()

    assert "Nobody yet" in page
    assert "/people/imports/" in page


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/people/").status_code == 302


def test_it_searches_by_the_beginning_of_any_word(client_of: ClientOf, marketer: User, now: datetime) -> None:
    _person(now, "ann@shop.test", name="Ann Lee")
    _person(now, "bob@shop.test", name="Bob Ray")

    page = client_of(marketer).get("/people/?q=le").content.decode()

    assert _names(page, "Ann Lee", "Bob Ray") == [True, False]


@pytest.mark.parametrize(
    ("query", "sees_ann", "sees_bob"),
    [
        ("is=country:Poland", True, False),
        ("is=country:Poland&is=age:30", True, False),
        ("is=country:Poland&is=age:31", False, False),
        ("email=1", True, True),
        ("phone=1", False, False),
        ("consent=email:granted", True, False),
        ("consent=email:", False, True),
        ("created_since=2026-03-04", True, True),
        ("created_since=2026-03-05", False, False),
        ("seen_since=2026-01-01", False, False),
        ("import=77", False, False),
        ("consent=nonsense&created_since=soon&sort=wild&after=x", True, True),
        ("is=country__startswith:P", False, False),
    ],
)
def test_it_filters_by_the_address(
    query: str, sees_ann: bool, sees_bob: bool, client_of: ClientOf, marketer: User, now: datetime
) -> None:
    ann = _person(now, "ann@shop.test", name="Ann Lee", country="Poland", age=30)
    _person(now, "bob@shop.test", name="Bob Ray", country="Bulgaria")
    consent.record(changes=[consent.Change("email", "ann@shop.test", "granted", now, "staff")], now=now)

    page = client_of(marketer).get(f"/people/?{query}").content.decode()

    assert _names(page, "Ann Lee", "Bob Ray") == [sees_ann, sees_bob]
    assert ann.name == "Ann Lee"


def test_a_filter_that_is_on_is_a_chip_that_turns_it_off(client_of: ClientOf, marketer: User, now: datetime) -> None:
    _person(now, country="Poland")

    page = client_of(marketer).get("/people/?is=country:Poland&email=1").content.decode()

    assert 'href="?email=1"' in page
    assert "country: Poland" in page


def test_the_form_of_an_attribute_becomes_an_address(client_of: ClientOf, marketer: User) -> None:
    answer = client_of(marketer).get("/people/?key=country&value=Poland&email=&sort=name")

    assert answer["Location"] == "/people/?sort=name&is=country%3APoland"


@pytest.mark.parametrize(("sort", "first"), [("newest", "Cid"), ("name", "Ann"), ("active", "Bob")])
def test_it_pages_through_everybody_once_in_each_order(
    sort: str, first: str, client_of: ClientOf, marketer: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(["Ann", "Bob", "Cid"]):
        person = _person(now - timedelta(days=9 - number), f"{name}@shop.test", name=name)
        if name == "Bob":
            Profile.objects.filter(pk=person.pk).update(latest_seen_at=now)
    monkeypatch.setattr(keyset.page, "__kwdefaults__", {**(keyset.page.__kwdefaults__ or {}), "size": 2})
    client = client_of(marketer)

    one = client.get(f"/people/?sort={sort}")
    two = client.get(f"/people/?sort={sort}&after={one.context['page'].next_cursor}")

    seen = [line.title for line in (*one.context["lines"], *two.context["lines"])]
    assert seen[0] == first
    assert sorted(seen) == ["Ann", "Bob", "Cid"]


def test_the_list_costs_the_same_for_many(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(40):
        _person(now, f"p{number}@shop.test")
    client = client_of(marketer)
    client.get("/people/")  # the first request of a session writes the session

    with django_assert_max_num_queries(9):
        client.get("/people/")


def test_the_export_has_the_people_of_the_filter_and_no_formulas(client_of: ClientOf, marketer: User, now: datetime) -> None:
    _person(now, "ann@shop.test", country="Poland", note="=HYPERLINK(1)")
    _person(now, "bob@shop.test", country="Bulgaria")

    text = b"".join(client_of(marketer).get("/people/export.csv?is=country:Poland").streaming_content).decode()

    assert "ann@shop.test" in text
    assert "bob@shop.test" not in text
    assert ",'=HYPERLINK(1)" in text
    assert AuditEntry.objects.filter(action="people.export").exists()


def test_support_may_not_export(client_of: ClientOf, support: User) -> None:
    assert client_of(support).get("/people/export.csv").status_code == 403


def test_the_profile_shows_everything_in_a_fixed_number_of_queries(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Callable[..., object]
) -> None:
    person = _person(now, name="Ann Lee", city="Kraków")
    Topic.objects.create(key="news", name="News and offers", is_default=True)
    consent.record(changes=[consent.Change("email", "ann@shop.test", "granted", now, "staff", source="by phone")], now=now)
    consent.withdraw(
        channel="email", address="ann@shop.test", topic="news", method="one_click", proof={"ip": "192.0.2.7"}, now=now
    )
    _events(person, now, 50)
    client = client_of(marketer)
    client.get("/people/")

    with django_assert_max_num_queries(43):  # segments and campaigns tell their part too
        page = client.get(f"/people/{person.pk}/").content.decode()

    for words in ("Ann Lee", "Kraków", "Opted in", "Does not want this topic", "192.0.2.7", "Order Completed", "B-3", "Older"):
        assert words in page


def test_the_timeline_goes_on_where_it_stopped_and_loses_nothing(client_of: ClientOf, marketer: User, now: datetime) -> None:
    person = _person(now)
    _events(person, now - timedelta(days=1), 70)
    client = client_of(marketer)
    seen: list[str] = []

    before = ""
    while before is not None:
        answer = client.get(f"/people/{person.pk}/timeline/", {"show": "event", "before": before})
        found = answer.context["slice"]
        seen += [entry.details[0][1] for day in found.days for entry in day.entries]
        before = found.older

    assert seen == [f"B-{number}" for number in range(70)]


def test_events_of_one_moment_are_never_cut_apart(now: datetime) -> None:
    person = _person(now)
    definition = EventDef.objects.create(name="Bought", first_seen_at=now)
    partitions.ensure(partitions.months_of([now]))
    Event.objects.bulk_create(Event(time=now, profile_id=person.pk, name=definition, received_at=now) for _ in range(90))
    Event.objects.create(time=now - timedelta(days=1), profile_id=person.pk, name=definition, received_at=now)

    first = timeline.read(profile_ids=[person.pk], kind="event")
    second = timeline.read(profile_ids=[person.pk], kind="event", before=datetime.fromisoformat(first.older or ""))

    assert sum(len(day.entries) for day in first.days) == 90
    assert sum(len(day.entries) for day in second.days) == 1


def test_a_broken_source_of_the_timeline_leaves_the_others(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    person = _person(now)
    _events(person, now, 1)
    monkeypatch.setattr(timeline, "_sources", [*timeline._sources, ("x", lambda ids, before, limit: 1 / 0)])

    assert timeline.read(profile_ids=[person.pk]).days


def test_a_merged_profile_leads_to_the_survivor_with_all_events(client_of: ClientOf, marketer: User, now: datetime) -> None:
    one, other = _person(now, "a@shop.test"), _person(now, "b@shop.test")
    _events(other, now, 1, name="Of the other")
    claim = identity.Claim((("email", "a@shop.test"), ("email", "b@shop.test")), "test", now)
    (survivor,) = identity.resolve(claims=[claim], now=now)
    gone = other if survivor == one.pk else one
    client = client_of(marketer)

    assert client.get(f"/people/{gone.pk}/")["Location"] == f"/people/{survivor}/"
    assert "Of the other" in client.get(f"/people/{survivor}/").content.decode()


def test_staff_set_an_attribute_and_take_it_back(client_of: ClientOf, support: User, now: datetime) -> None:
    person = _person(now - timedelta(days=1), orders=3)
    client = client_of(support)

    page = client.post(f"/people/{person.pk}/attributes/", {"key": "orders", "type": "number", "value": "1 004"}, follow=True)
    person.refresh_from_db()
    assert person.attributes["orders"] == 1004

    undo = next(message.extra_tags.removeprefix("undo:") for message in page.context["messages"])
    client.post(undo)
    person.refresh_from_db()
    assert person.attributes["orders"] == 3
    assert AuditEntry.objects.filter(action="person.attribute").count() == 2


def test_an_attribute_of_another_type_is_refused_at_its_field(client_of: ClientOf, support: User, now: datetime) -> None:
    person = _person(now)
    AttributeDef.objects.create(key="orders", type="number", first_seen_at=now)
    client = client_of(support)

    wrong_type = client.post(f"/people/{person.pk}/attributes/", {"key": "orders", "type": "string", "value": "x"})
    wrong_value = client.post(f"/people/{person.pk}/attributes/", {"key": "orders", "type": "number", "value": "many"})

    assert (wrong_type.status_code, wrong_value.status_code) == (422, 422)
    assert "is kept as" in wrong_type.content.decode()
    assert "is not a number" in wrong_value.content.decode()


def test_staff_take_an_attribute_away(client_of: ClientOf, support: User, now: datetime) -> None:
    person = _person(now - timedelta(days=1), city="Varna")

    client_of(support).post(f"/people/{person.pk}/attributes/delete/", {"key": "city"})

    person.refresh_from_db()
    assert "city" not in person.attributes


def test_a_forged_undo_changes_nothing(client_of: ClientOf, support: User, now: datetime) -> None:
    person = _person(now)

    assert client_of(support).post(f"/people/{person.pk}/attributes/restore/?token=forged").status_code == 410


def test_staff_record_an_opt_out_and_need_a_reason_for_an_opt_in(client_of: ClientOf, support: User, now: datetime) -> None:
    person = _person(now)
    client = client_of(support)
    subject = "email|ann@shop.test|"

    refused = client.post(f"/people/{person.pk}/consents/", {"subject": subject, "status": "granted"})
    client.post(f"/people/{person.pk}/consents/", {"subject": subject, "status": "granted", "source": "Asked at the till"})
    client.post(f"/people/{person.pk}/consents/", {"subject": subject, "status": "withdrawn"})

    assert refused.status_code == 422
    assert ConsentState.objects.get().status == "withdrawn"
    assert [entry.proof["actor"] for entry in Consent.objects.order_by("pk")] == ["Sam Support", "Sam Support"]


def test_the_address_of_somebody_else_cannot_be_consented_for(client_of: ClientOf, support: User, now: datetime) -> None:
    person, other = _person(now, "a@shop.test"), _person(now, "b@shop.test")

    answer = client_of(support).post(f"/people/{person.pk}/consents/", {"subject": "email|b@shop.test|", "status": "withdrawn"})

    assert answer.status_code == 422
    assert not Consent.objects.filter(profile=other).exists()


def test_a_block_is_lifted_with_a_reason(client_of: ClientOf, support: User, now: datetime) -> None:
    person = _person(now)
    consent.suppress(channel="email", address="ann@shop.test", reason="hard_bounced", now=now)
    point = person.contact_points.get()
    client = client_of(support)
    assert "The address does not exist" in client.get(f"/people/{person.pk}/").content.decode()

    client.post(f"/people/{person.pk}/suppressions/lift/", {"point": point.pk, "reason": ""})
    assert Suppression.objects.filter(lifted_at=None).exists()
    client.post(f"/people/{person.pk}/suppressions/lift/", {"point": point.pk, "reason": "The mailbox works again"})

    assert not Suppression.objects.filter(lifted_at=None).exists()
    assert AuditEntry.objects.get(action="suppression.lift").after["reason"] == "The mailbox works again"


@pytest.mark.parametrize("path", ["attributes/", "attributes/delete/", "attributes/restore/", "consents/", "suppressions/lift/"])
def test_an_analyst_changes_nobody(path: str, client_of: ClientOf, analyst: User, now: datetime) -> None:
    person = _person(now)

    assert client_of(analyst).post(f"/people/{person.pk}/{path}").status_code == 403


def test_the_palette_finds_people_and_home_ticks_itself(marketer: User, now: datetime) -> None:
    step = next(step for step in home._steps.values() if step.key == "people")
    assert not step.is_done(marketer, now)

    _person(now, name="Ann Lee")

    groups = {group.name: group.hits for group in search.find("ann", user=marketer)}
    assert [hit.title for hit in groups["people"]] == ["Ann Lee"]
    assert step.is_done(marketer, now)
