"""Catalog and orders by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, User
from omni.roles import Right
from profiles.models import Identifier, Order, Product, ProductPeriod

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def api(owner: User) -> Any:
    """Return a caller: api(method, path, body) -> answer."""
    _key, secret = ApiKey.issue(name="Shop", scopes=[Right.VIEW, Right.EDIT_PEOPLE], by=owner)

    def call(method: str, path: str, body: Any = None) -> Any:
        options = {"content_type": "application/json"} if body is not None else {}
        return getattr(Client(), method)(f"/api/v1/{path}", body, headers={"Authorization": f"Bearer {secret}"}, **options)

    return call


ORDER = {
    "id": "A-1",
    "person": {"email": "Ann@shop.test"},
    "ordered_at": "2026-01-05T10:00:00Z",
    "total": "50.00",
    "currency": "EUR",
    "lines": [{"product_id": "B-1", "name": "Boots", "price": "25", "quantity": "2", "category": "Shoes"}],
    "store": "Varna",
}


def test_a_product_is_put_changed_and_archived(api: Any) -> None:
    made = api("put", "products/B-1", {"name": "Boots", "price": "189.50", "stock": 3, "fields": {"size": 42}})
    patched = api("patch", "products/B-1", {"price": "149"})
    shown = api("get", "products/B-1").json()

    assert (made.status_code, patched.status_code) == (201, 200)
    assert (shown["name"], shown["price"], shown["availability"], shown["fields"]) == (
        "Boots",
        "149.00",
        "in_stock",
        {"size": 42},
    )

    whole = api("put", "products/B-1", {"name": "Boots 2"}).json()
    assert (whole["name"], whole["price"], whole["stock"], whole["fields"]) == ("Boots 2", None, None, {})

    assert api("delete", "products/B-1").status_code == 204
    assert api("get", "products").json()["results"] == []
    assert api("get", "products?archived=1").json()["results"][0]["id"] == "B-1"


def test_an_older_word_changes_nothing(api: Any) -> None:
    api("patch", "products/B-1", {"price": "20", "at": "2026-02-01T00:00:00Z"})
    api("patch", "products/B-1", {"price": "10", "at": "2026-01-01T00:00:00+02:00"})

    assert Product.objects.get().price_minor == 2000


def test_many_products_are_set_at_once_or_none(api: Any, django_assert_max_num_queries: Any) -> None:
    items = [{"id": f"P-{number}", "name": f"Thing {number}", "price": number} for number in range(300)]

    with django_assert_max_num_queries(22):
        answer = api("post", "products", {"items": items})
    assert answer.json() == {"created": 300, "updated": 0, "unchanged": 0}
    assert api("post", "products", {"items": items}).json() == {"created": 0, "updated": 0, "unchanged": 300}
    assert ProductPeriod.objects.count() == 300

    refused = api("post", "products", {"items": [{"id": "new", "name": "x"}, {"id": "", "price": -1, "colour": "red"}]})
    assert refused.status_code == 400
    assert {error["path"] for error in refused.json()["errors"]} >= {"/items/1/colour"}
    assert not Product.objects.filter(external_id="new").exists()


def test_an_order_finds_its_person_and_its_products(api: Any, now: datetime) -> None:
    answer = api("post", "orders", {"orders": [ORDER]})

    order = Order.objects.get()
    assert answer.json() == {"created": 1, "updated": 0, "unchanged": 0}
    assert Identifier.objects.get(value="ann@shop.test").profile_id == order.profile_id
    assert (order.total_minor, order.store, order.is_certain) == (5000, "Varna", True)
    assert order.lines.get().product == Product.objects.get(external_id="B-1")
    assert Product.objects.get().price_minor == 2500

    shown = api("get", f"orders/{order.pk}").json()
    assert (shown["number"], shown["net"], shown["lines"][0]["price"]) == ("A-1", "50.00", "25.00")
    assert shown["statuses"] == [{"status": "completed", "at": "2026-01-05T10:00:00Z"}]


def test_orders_are_changed_refunded_and_told_twice(api: Any) -> None:
    for _again in range(2):
        api("post", "orders", {"orders": [ORDER, {**ORDER, "updated_at": "2026-01-06T10:00:00Z", "status": "Shipped"}]})
    order = Order.objects.get()
    assert (order.status, order.statuses.count(), order.lines.count()) == ("shipped", 2, 1)

    for _again in range(2):
        answer = api("post", f"orders/{order.pk}/refunds", {"id": "r-1", "amount": "20"})
    assert answer.status_code == 201
    assert (answer.json()["refunded"], answer.json()["net"]) == ("20.00", "30.00")


def test_a_list_costs_the_same_however_long(api: Any, django_assert_max_num_queries: Any) -> None:
    api("post", "orders", {"orders": [{**ORDER, "id": f"A-{number}"} for number in range(40)]})

    with django_assert_max_num_queries(10):
        listed = api("get", "orders?store=Varna&amount_min=10").json()["results"]

    assert len(listed) == 40


@pytest.mark.parametrize(
    "change",
    [
        {"person": {}},
        {"person": {"email": "x"}},
        {"total": None},
        {"lines": [{"price": "x"}]},
        {"ordered_at": "soon"},
        {"id": ""},
    ],
)
def test_what_makes_no_sense_is_refused_whole(api: Any, change: dict[str, Any]) -> None:
    answer = api("post", "orders", {"orders": [ORDER, {**ORDER, **change}]})

    assert answer.status_code == 400
    assert not Order.objects.exists()


def test_reading_alone_does_not_write(owner: User) -> None:
    _key, secret = ApiKey.issue(name="Reader", scopes=[Right.VIEW], by=owner)
    headers = {"Authorization": f"Bearer {secret}"}

    assert (
        Client().patch("/api/v1/products/B-1", {"name": "x"}, content_type="application/json", headers=headers).status_code == 403
    )
    assert Client().get("/api/v1/orders", headers=headers).status_code == 200
