"""Pairs that may be one person: found by what they share, weighed, decided by people and remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from omni.models import User
from profiles import attributes, identity
from profiles.models import DuplicatePair, KeptApart, Merge, Profile
from profiles.people import duplicates
from profiles.people.duplicates import Candidate

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def person(now: datetime, *keys: identity.Key, **values: object) -> int:
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "Shop", now)], now=now)
    attributes.apply(changes=[attributes.Change(pk, values, now, "Shop")], now=now)
    return pk


def found() -> dict[tuple[int, int], str]:
    return {(pair.one_id, pair.other_id): pair.reasons[0][0] for pair in DuplicatePair.objects.all()}


@pytest.fixture
def typo(now: datetime) -> DuplicatePair:
    person(now, ("email", "anna.lee@gmail.com"), name="Anna Lee")
    person(now, ("email", "anna.lee@gmial.com"), name="Lee Anna")
    duplicates.suggest(now=now)
    return DuplicatePair.objects.get()


# What each pair is: (first, second, one person?). Mostly of the kinds that real lists have.
LABELLED: list[tuple[dict[str, str], dict[str, str], bool]] = [
    ({"name": "Anna Petrova", "phone": "+359881234567"}, {"name": "Petrova Anna", "phone": "+79121234567"}, True),
    ({"name": "Anna Petrova", "phone": "+359881234568"}, {"name": "Boris Ivanov", "phone": "+79121234568"}, False),
    ({"name": "Max Muster", "phone": "+4915112345678"}, {"name": "Max Mustre", "phone": "+43660345678"}, False),
    ({"name": "Ivan Kolev", "email": "ivan.kolev@gmail.com"}, {"name": "Ivan Kolev", "email": "ivan.kolev@gmial.com"}, True),
    ({"email": "maria77@abv.bg"}, {"email": "maria77@abv.bgg"}, True),
    ({"name": "Ivo A", "email": "office@shop.test"}, {"name": "Petra B", "email": "office@shap.test"}, False),
    ({"name": "Tom Gray", "email": "tom.gray@mail.test"}, {"name": "Tom Gray", "email": "tom.grya@mail.test"}, True),
    ({"name": "Tom Gray", "email": "tom.g@mail.test"}, {"name": "Tim Brown", "email": "tim.g@mail.test"}, False),
    ({"name": "Eva Stone", "email": "eva@one.test"}, {"name": "Eva Stone", "email": "stone@two.test"}, False),
]


@pytest.mark.parametrize(("one", "other", "are_one"), LABELLED)
def test_it_tells_labelled_pairs_apart(one: dict[str, str], other: dict[str, str], are_one: bool, now: datetime) -> None:
    for each in (one, other):
        keys = tuple((kind, each[kind]) for kind in ("email", "phone") if kind in each)
        person(now, *keys, **({"name": each["name"]} if "name" in each else {}))

    assert bool(duplicates.suggest(now=now)) is are_one


def test_a_device_that_two_people_of_one_city_share_is_suggested(now: datetime) -> None:
    one = person(now, ("email", "a@shop.test"), ("device_id", "tablet"), city="Varna")
    other = person(now, ("email", "b@shop.test"), city="varna")
    person(now, ("email", "b@shop.test"), ("device_id", "tablet"))

    duplicates.suggest(now=now)

    assert found() == {(one, other): "device_city"}


def test_names_that_differ_speak_against_one_device() -> None:
    assert duplicates.weigh_devices(Candidate(1, 2, "ann lee", "bob ray", "d", "varna")) == (0, "")


def test_two_reasons_weigh_more_than_one() -> None:
    assert duplicates.total({"a": (60, ""), "b": (50, "")}) == 80
    assert duplicates.total({"a": (90, ""), "b": (90, "")}) == 99


def test_a_rejected_pair_is_never_suggested_again_and_no_rule_joins_it(typo: DuplicatePair, now: datetime) -> None:
    assert duplicates.reject(pair_ids=[typo.pk], by="staff:Sam", now=now) == 1

    assert duplicates.suggest(now=now) == 0
    typo.refresh_from_db()
    assert typo.state == "rejected"
    both = identity.Claim((("email", "anna.lee@gmail.com"), ("email", "anna.lee@gmial.com")), "Shop", now)
    identity.resolve(claims=[both], now=now)
    assert not Merge.objects.exists()

    duplicates.reopen(pair_ids=[typo.pk])
    assert not KeptApart.objects.exists()
    assert DuplicatePair.objects.get().state == "open"


def test_the_page_lists_merges_and_rejects(client_of: ClientOf, support: User, typo: DuplicatePair, now: datetime) -> None:
    client = client_of(support)
    page = client.get("/people/duplicates/?why=email_typo").content.decode()
    assert "a slip of the finger apart: anna.lee@gmail.com / anna.lee@gmial.com" in page
    assert "anna.lee" not in client.get("/people/duplicates/?why=name_phone").content.decode()

    client.post(f"/people/{typo.one_id}/merge/{typo.other_id}/", {})
    typo.refresh_from_db()
    assert (typo.state, typo.decided_by) == ("accepted", f"staff:{support}")
    assert Merge.objects.get().merged_by == f"staff:{support}"


def test_rejecting_many_can_be_undone(client_of: ClientOf, support: User, analyst: User, typo: DuplicatePair) -> None:
    assert client_of(analyst).post("/people/duplicates/reject/", {"pair": [typo.pk]}).status_code == 403
    client = client_of(support)

    page = client.post("/people/duplicates/reject/", {"pair": [typo.pk]}, follow=True)
    assert not page.context["lines"]
    assert "Look at the chosen again" in client.get("/people/duplicates/?show=rejected").content.decode()

    client.post(next(message.extra_tags.removeprefix("undo:") for message in page.context["messages"]))
    assert DuplicatePair.objects.get().state == "open"


def test_the_list_costs_the_same_for_many(
    client_of: ClientOf, support: User, now: datetime, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    people = [Profile.objects.create(created_at=now, updated_at=now) for _ in range(30)]
    DuplicatePair.objects.bulk_create(
        DuplicatePair(one=people[n], other=people[n + 1], score=60, reasons=[["email_typo", "x"]], found_at=now)
        for n in range(29)
    )
    client = client_of(support)
    client.get("/people/")

    with django_assert_max_num_queries(9):
        assert len(client.get("/people/duplicates/").context["lines"]) == 29
