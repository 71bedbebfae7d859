"""Shop staff look somebody up: by an exact value only, on a page and by the API, recorded and limited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from omni import ratelimit
from omni.models import ApiKey, AuditEntry, User
from profiles import attributes, consent, identity
from profiles.models import Order, Profile
from profiles.person import lookup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    ratelimit.forget()


@pytest.fixture
def ann(now: datetime) -> Profile:
    keys = (("email", "ann@shop.test"), ("phone", "+48512345678"), ("card", "C-77"))
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "till", now)], now=now)
    values = {"name": "Ann Lee", "points": 120, "stage": "Loyal", "card_number": "9900"}
    attributes.apply(changes=[attributes.Change(pk, values, now, "till")], now=now)
    Order.objects.create(
        external_id="A-1", profile_id=pk, currency="EUR", total_minor=1250, ordered_at=now, created_at=now, updated_at=now
    )
    consent.record(changes=[consent.Change("email", "ann@shop.test", "withdrawn", now, "staff")], now=now)
    return Profile.objects.get(pk=pk)


@pytest.mark.parametrize("value", ["Ann@shop.test", "+48 512 345 678", "C-77", " 9900 "])
def test_an_exact_value_opens_the_card(value: str, client_of: ClientOf, support: User, ann: Profile) -> None:
    page = client_of(support).post("/people/card/", {"value": value}).content.decode()

    assert all(word in page for word in ("Ann Lee", "120", "Loyal", "Order A-1", "Do not offer"))
    entry = AuditEntry.objects.get(action="person.lookup")
    assert (entry.object_id, entry.object_label) == (str(ann.pk), f"Person {ann.pk}")


@pytest.mark.parametrize("value", ["ann", "Ann Lee", "51234", "ann@shop", "C-7", "990", "%", "*"])
def test_nobody_can_leaf_through_people(value: str, client_of: ClientOf, support: User, ann: Profile) -> None:
    answer = client_of(support).post("/people/card/", {"value": value})

    assert answer.status_code == 422
    assert "Ann Lee" not in answer.content.decode()
    assert AuditEntry.objects.get(action="person.lookup").after == {"found": False}


def test_two_people_with_one_card_open_none(client_of: ClientOf, support: User, ann: Profile, now: datetime) -> None:
    (other,) = identity.resolve(claims=[identity.Claim((("user_id", "u-2"),), "till", now)], now=now)
    attributes.apply(changes=[attributes.Change(other, {"card_number": "9900"}, now, "till")], now=now)

    assert client_of(support).post("/people/card/", {"value": "9900"}).status_code == 422


def test_a_browser_id_is_no_card(client_of: ClientOf, support: User, now: datetime) -> None:
    identity.resolve(claims=[identity.Claim((("anonymous_id", "visitor-1"),), "site", now)], now=now)

    assert client_of(support).post("/people/card/", {"value": "visitor-1"}).status_code == 422


def test_a_frozen_person_is_offered_nothing(client_of: ClientOf, support: User, ann: Profile, now: datetime) -> None:
    Profile.objects.filter(pk=ann.pk).update(restricted_at=now)

    assert "Offer nothing" in client_of(support).post("/people/card/", {"value": "C-77"}).content.decode()


def test_it_is_limited(client_of: ClientOf, support: User, ann: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LIMIT", ratelimit.Limit(per_second=0.001, burst=2))
    client = client_of(support)

    codes = [client.post("/people/card/", {"value": "C-77"}).status_code for _ in range(3)]

    assert codes == [200, 200, 429]


def test_a_till_with_only_this_scope_looks_up_and_nothing_else(owner: User, ann: Profile) -> None:
    _row, secret = ApiKey.issue(name="Till", scopes=["people:lookup"], by=owner)
    headers = {"authorization": f"Bearer {secret}"}

    answer = Client().post("/api/v1/lookup", {"value": "C-77"}, content_type="application/json", headers=headers)
    told = answer.json()

    assert (told["name"], told["points"], told["spent"]) == (
        "Ann Lee",
        120,
        [{"currency": "EUR", "orders": 1, "sum_minor": 1250}],
    )
    assert {one["address"] for one in told["do_not_offer"]} == {"ann@shop.test", "+48512345678"}
    assert Client().post("/api/v1/lookup", {"value": "C-7"}, content_type="application/json", headers=headers).status_code == 404
    assert Client().get("/api/v1/people", headers=headers).status_code == 403
