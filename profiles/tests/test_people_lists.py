"""Views that are kept, columns, further filters, and changes of many people at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni.models import AuditEntry, User
from profiles import attributes, identity
from profiles.models import PeopleAction, PeopleView, Profile
from profiles.people import actions

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def _person(now: datetime, email: str, **values: Any) -> Profile:
    (pk,) = identity.resolve(claims=[identity.Claim((("email", email),), "test", now)], now=now)
    if values:
        attributes.apply(changes=[attributes.Change(pk, values, now, "test")], now=now)
    return Profile.objects.get(pk=pk)


@pytest.fixture
def three(now: datetime) -> list[Profile]:
    then = now - timedelta(days=1)
    return [
        _person(then, "ann@shop.test", name="Ann", country="Poland", tags=["vip"]),
        _person(then, "bob@shop.test", name="Bob", country="Poland"),
        _person(then, "cid@shop.test", name="Cid", country="Bulgaria", tags="oops"),
    ]


def _run(now: datetime) -> None:
    while actions.run(now=now):
        pass


def _value(person: Profile, key: str) -> Any:
    person.refresh_from_db()
    return person.attributes.get(key)


def test_a_view_is_kept_starred_shared_and_thrown_away(client_of: ClientOf, marketer: User, support: User) -> None:
    max_, sam = client_of(marketer), client_of(support)
    sent = {"name": "Poles", "query": "is=country:Poland&sort=name&after=x&cols=email", "is_shared": "on"}
    answer = max_.post("/people/views/new/", sent)
    view = PeopleView.objects.get()
    assert answer["Location"] == f"/people/?is=country%3APoland&sort=name&cols=email&view={view.pk}"

    assert sam.post(f"/people/views/{view.pk}/star/").status_code == 302
    assert view.starred_by.get() == support
    assert sam.post(f"/people/views/{view.pk}/delete/").status_code == 403
    max_.post(f"/people/views/{view.pk}/delete/")
    assert sam.post(f"/people/views/{view.pk}/star/").status_code == 404
    max_.post(f"/people/views/{view.pk}/restore/")
    assert PeopleView.objects.get().deleted_at is None


def test_a_private_view_is_nobody_elses(client_of: ClientOf, marketer: User, support: User, three: list[Profile]) -> None:
    client_of(marketer).post("/people/views/new/", {"name": "My secret", "query": "sort=name"})

    assert "My secret" in client_of(marketer).get("/people/").content.decode()
    assert "My secret" not in client_of(support).get("/people/").content.decode()
    assert client_of(support).post(f"/people/views/{PeopleView.objects.get().pk}/star/").status_code == 404


def test_columns_are_chosen_in_the_address(client_of: ClientOf, marketer: User, three: list[Profile]) -> None:
    page = client_of(marketer).get("/people/?col=email&col=a:tags&col=nonsense")

    assert [column.key for column in page.context["columns"]] == ["email", "a:tags"]
    assert 'data-label="tags"' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("known_by=email", {"Ann", "Bob", "Cid"}),
        ("known_by=phone", set()),
        ("known_by=anonymous", set()),
        ("not_seen_since=2030-01-01", {"Ann", "Bob", "Cid"}),
        ("segment=99999999", {"Ann", "Bob", "Cid"}),  # no such choice: the filter is refused and left out
        ("id={ann}&id={bob}", {"Ann", "Bob"}),
        ("id=x", {"Ann", "Bob", "Cid"}),
    ],
)
def test_it_filters_by_more(query: str, found: set[str], client_of: ClientOf, marketer: User, three: list[Profile]) -> None:
    page = client_of(marketer).get("/people/?" + query.format(ann=three[0].pk, bob=three[1].pk))

    assert {line.title for line in page.context["lines"]} == found


def test_everybody_who_matches_is_changed_and_it_is_taken_back(
    client_of: ClientOf, marketer: User, three: list[Profile], now: datetime, nudges: list[str]
) -> None:
    client = client_of(marketer)
    address = "/people/actions/new/?is=country:Poland&kind=tag_add&picked="
    assert "<strong>2</strong>" in client.get(address).content.decode()

    client.post(address, {"tag": "vip"})
    _run(now)

    action = PeopleAction.objects.get()
    ann, bob, cid = three
    assert (action.state, action.people_total, action.people_done, action.people_changed) == ("done", 2, 2, 1)
    assert (_value(ann, "tags"), _value(bob, "tags"), _value(cid, "tags")) == (["vip"], ["vip"], "oops")
    assert AuditEntry.objects.get(action="people.change").after == {"kind": "tag_add", "people": 2}

    client.post(f"/people/actions/{action.pk}/undo/")
    _run(now + timedelta(minutes=1))

    action.refresh_from_db()
    assert action.state == "undone"
    assert (_value(ann, "tags"), _value(bob, "tags")) == (["vip"], None)


def test_only_the_ticked_are_changed(client_of: ClientOf, marketer: User, three: list[Profile], now: datetime) -> None:
    client = client_of(marketer)
    address = f"/people/actions/new/?kind=attribute&picked=1&id={three[2].pk}"

    refused = client.post(address, {"key": "level", "type": "number", "value": "gold"})
    client.post(address, {"key": "level", "type": "number", "value": "3"})
    _run(now)

    assert refused.status_code == 422
    assert [_value(person, "level") for person in three] == [None, None, 3]
    assert "Nobody is picked" in client.get("/people/actions/new/?kind=tag_add&picked=1").content.decode()


def test_what_was_changed_since_is_not_taken_back(marketer: User, three: list[Profile], now: datetime) -> None:
    ann, bob, _cid = three
    people = Profile.objects.filter(pk__in=[ann.pk, bob.pk])
    action = actions.start(kind="attribute", params={"key": "level", "value": 1}, people=people, by=marketer, now=now)
    _run(now)
    later = now + timedelta(hours=1)
    attributes.apply(changes=[attributes.Change(ann.pk, {"level": 7}, later, "Shop")], now=later)

    assert actions.undo(action=action, by=marketer, now=later)
    assert not actions.undo(action=action, by=marketer, now=later)
    _run(later)

    assert (_value(ann, "level"), _value(bob, "level")) == (7, None)


def test_people_are_marked_as_test_and_back(marketer: User, three: list[Profile], now: datetime) -> None:
    Profile.objects.filter(pk=three[0].pk).update(is_test=True)
    action = actions.start(kind="test_on", params={}, people=Profile.objects.all(), by=marketer, now=now)
    _run(now)
    assert Profile.objects.filter(is_test=True).count() == 3

    actions.undo(action=action, by=marketer, now=now)
    _run(now)
    assert [person.pk for person in Profile.objects.filter(is_test=True)] == [three[0].pk]


def test_a_chunk_costs_the_same_for_many(marketer: User, now: datetime, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        _person(now - timedelta(days=1), f"p{number}@shop.test")
    actions.start(kind="tag_add", params={"tag": "x"}, people=Profile.objects.all(), by=marketer, now=now)

    with django_assert_max_num_queries(20):
        actions.run(now=now)

    assert Profile.objects.filter(attributes__tags=["x"]).count() == 30


def test_the_list_costs_the_same_with_views_and_many_people(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        _person(now, f"p{number}@shop.test", country="Poland")
    client = client_of(marketer)
    for number in range(5):
        client.post("/people/views/new/", {"name": f"View {number}", "query": "sort=name"})
    client.get("/people/")

    with django_assert_max_num_queries(9):
        client.get("/people/?col=a:country&is=country:Poland")


@pytest.mark.parametrize("path", ["actions/new/?kind=tag_add", "actions/1/undo/"])
def test_an_analyst_changes_nobody(path: str, client_of: ClientOf, analyst: User) -> None:
    assert client_of(analyst).post(f"/people/{path}").status_code == 403


def test_an_unknown_kind_is_not_found(client_of: ClientOf, marketer: User) -> None:
    assert client_of(marketer).get("/people/actions/new/?kind=explode").status_code == 404
