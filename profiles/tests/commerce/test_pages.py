"""Catalog, orders and a person's orders, through their addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni import search
from omni.models import AuditEntry, User
from profiles import identity
from profiles.commerce import catalog, events
from profiles.commerce.catalog import Rank, Word
from profiles.commerce.events import Happening
from profiles.models import Order, Product, Profile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ClientOf = Callable[[User], Client]
BOOTS = {"product_id": "B-1", "name": "Fjell boots", "category": "Shoes / Boots", "brand": "Nordwind", "price": 189}
TENT = {"product_id": "T-1", "name": "Ly tent", "category": "Tents", "price": 329}


def _person(now: datetime, key: str = "ann") -> int:
    (pk,) = identity.resolve(claims=[identity.Claim((("email", f"{key}@shop.test"), ("user_id", key)), "test", now)], now=now)
    return pk


def _say(now: datetime, person: int, *said: tuple[str, dict[str, Any]]) -> None:
    happenings = [Happening(name, person, now - timedelta(hours=1), properties, None, True) for name, properties in said]
    events.record(happenings=happenings, default_currency="EUR", now=now)


def _order(number: str = "1001", *products: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    return "Order Completed", {"order_id": number, "total": 189, "products": [*(products or [BOOTS])], **more}


def test_empty_lists_say_how_they_fill(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)

    assert "Nothing in the catalog yet" in client.get("/data/catalog/").content.decode()
    assert "Order Completed" in client.get("/data/orders/").content.decode()
    assert "/data/catalog/" in client.get("/data/").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Fjell boots", "Ly tent"}),
        ("?q=fje", {"Fjell boots"}),
        ("?q=B-1", {"Fjell boots"}),
        ("?category=Shoes / Boots", {"Fjell boots"}),
        ("?brand=Nordwind", {"Fjell boots"}),
        ("?price_min=200", {"Ly tent"}),
        ("?price_max=200", {"Fjell boots"}),
        ("?availability=out_of_stock", {"Ly tent"}),
        ("?archived=1", {"Old lamp"}),
        ("?archived=all", {"Fjell boots", "Ly tent", "Old lamp"}),
        ("?sort=name", {"Fjell boots", "Ly tent"}),
        ("?sort=dearest&q=zzz", set()),
        ("?price_min=x&sort=nonsense&after=broken", {"Fjell boots", "Ly tent"}),
    ],
)
def test_the_catalog_shows_what_its_filters_ask_for(
    query: str, shown: set[str], client_of: ClientOf, marketer: User, now: datetime
) -> None:
    _say(now, 7, ("Product Viewed", BOOTS), ("Product Viewed", TENT))
    catalog.apply(
        words=[
            Word("T-1", {"availability": "out_of_stock"}, now, Rank.KEEPER),
            Word("L-1", {"name": "Old lamp", "is_archived": True}, now, Rank.KEEPER),
        ],
        now=now,
    )

    page = client_of(marketer).get(f"/data/catalog/{query}").content.decode()

    assert {name for name in ("Fjell boots", "Ly tent", "Old lamp") if name in page} == shown


def test_a_product_shows_its_history_and_who_looked_and_bought(client_of: ClientOf, marketer: User, now: datetime) -> None:
    person = _person(now)
    _say(now, person, ("Product Viewed", BOOTS), _order())
    catalog.apply(words=[Word("B-1", {"price": (14900, "EUR"), "stock": 3}, now, Rank.KEEPER)], now=now)

    page = client_of(marketer).get(Product.objects.get().get_absolute_url()).content.decode()

    for words in ("Fjell boots", "149.00", "189.00", "ann@shop.test", "looked once", "Order 1001", 'id="history-option"'):
        assert words in page.replace("\u00a0", " "), words


def test_archiving_is_undone(client_of: ClientOf, marketer: User, now: datetime) -> None:
    _say(now, 7, ("Product Viewed", BOOTS))
    product = Product.objects.get()
    client = client_of(marketer)

    client.post(f"/data/catalog/{product.pk}/archive/")
    assert Product.objects.get().archived_at == now

    client.post(f"/data/catalog/{product.pk}/restore/")
    assert Product.objects.get().archived_at is None
    assert AuditEntry.objects.filter(action="product.archive").count() == 2


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"n-1", "n-2", "n-3"}),
        ("?q=%23n-2", {"n-2"}),
        ("?status=cancelled", {"n-3"}),
        ("?store=Varna", {"n-2"}),
        ("?amount_min=500", {"n-2"}),
        ("?amount_max=200", {"n-1", "n-3"}),
        ("?refunded=1", {"n-1"}),
        ("?since=2100-01-01", set()),
        ("?until=2100-01-01&sort=largest", {"n-1", "n-2", "n-3"}),
    ],
)
def test_orders_show_what_their_filters_ask_for(
    query: str, shown: set[str], client_of: ClientOf, marketer: User, now: datetime
) -> None:
    _say(
        now,
        _person(now),
        _order("n-1"),
        _order("n-2", total=900, store="Varna"),
        _order("n-3"),
        ("Order Cancelled", {"order_id": "n-3"}),
        ("Order Refunded", {"order_id": "n-1", "total": 5}),
    )

    page = client_of(marketer).get(f"/data/orders/{query}").content.decode()

    assert {number for number in ("n-1", "n-2", "n-3") if f">{number}<" in page} == shown


def test_an_order_shows_lines_history_and_whose_it_is(client_of: ClientOf, marketer: User, now: datetime) -> None:
    _say(
        now,
        _person(now),
        _order("1001", BOOTS, coupon="SPRING", shipping=9),
        ("Order Refunded", {"order_id": "1001", "total": 40, "reason": "too small"}),
    )

    page = client_of(marketer).get(Order.objects.get().get_absolute_url()).content.decode().replace("\u00a0", " ")

    for words in ("ann@shop.test", "Fjell boots", "SPRING", "9.00 EUR", "40.00 EUR given back", "too small", "149.00 EUR"):
        assert words in page, words


def test_a_person_shows_the_orders_of_all_their_origins(client_of: ClientOf, marketer: User, now: datetime) -> None:
    root, origin = _person(now, "ann"), _person(now, "old")
    _say(now, root, _order("1001"))
    _say(now, origin, _order("1002", total=11), ("Order Refunded", {"order_id": "1002", "total": 1}))
    Profile.objects.filter(pk=origin).update(merged_into=root)
    client = client_of(marketer)

    tab = client.get(f"/people/{root}/tab/orders/").content.decode().replace("\u00a0", " ")
    timeline = client.get(f"/people/{root}/").content.decode().replace("\u00a0", " ")
    order = client.get(Order.objects.get(external_id="1002").get_absolute_url()).content.decode()

    assert {"1001", "1002"} <= {number for number in ("1001", "1002") if f">{number}<" in tab}
    assert "199.00 EUR" in tab
    assert "Order 1002 · 11.00 EUR" in timeline
    assert "1.00 EUR given back" in timeline
    assert f"/people/{root}/" in order


def test_lists_cost_the_same_however_long(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    people = [_person(now, f"p{number}") for number in range(12)]
    for number, person in enumerate(people):
        _say(now, person, _order(f"n-{number}", {**BOOTS, "product_id": f"B-{number}"}))
    client = client_of(marketer)
    client.get("/data/orders/")

    with django_assert_max_num_queries(11):
        client.get("/data/orders/")
    with django_assert_max_num_queries(9):
        client.get("/data/catalog/")
    with django_assert_max_num_queries(11):
        client.get(Product.objects.first().get_absolute_url())


def test_exports_hold_the_filtered_rows_without_formulas(
    client_of: ClientOf, marketer: User, support: User, now: datetime
) -> None:
    _say(now, _person(now), _order("n-1", {**BOOTS, "product_id": "B-9", "name": "=cmd"}), _order("n-2", BOOTS, TENT))
    client = client_of(marketer)

    orders = b"".join(client.get("/data/orders/export.csv?q=n-2").streaming_content).decode()
    products = b"".join(client.get("/data/catalog/export.csv?q=cmd").streaming_content).decode()

    assert orders.count("n-2") == 2
    assert "n-1" not in orders
    assert "ann@shop.test" in orders
    assert "'=cmd" in products
    assert client_of(support).get("/data/orders/export.csv").status_code == 403


def test_the_palette_finds_products_and_orders(marketer: User, now: datetime) -> None:
    _say(now, 7, _order("A-77"))

    found = [hit.url for query in ("fjell", "A-77") for group in search.find(query, user=marketer) for hit in group.hits]

    assert Product.objects.get().get_absolute_url() in found
    assert Order.objects.get().get_absolute_url() in found
