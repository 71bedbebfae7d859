"""What do e-commerce events make of catalog and orders, in whatever order and however often they arrive?"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from profiles.commerce import catalog, events, money
from profiles.commerce.catalog import Rank, Word
from profiles.commerce.events import Happening
from profiles.models import Order, OrderLine, OrderRefund, OrderStatus, Product, ProductInterest, ProductPeriod, Source

from ..ingest.conftest import Sender, drain, sender, track  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db

BOOTS = {"product_id": "B-1", "name": "Fjell", "category": "Shoes > Boots", "brand": "Nordwind", "price": 189.0}
ORDER = {
    "order_id": "1001",
    "total": "388.50",
    "revenue": 378,
    "shipping": 10.5,
    "discount": 0,
    "currency": "EUR",
    "coupon": "SPRING",
    "affiliation": "Web shop",
    "products": [{**BOOTS, "quantity": 2}],
}


def _say(now: datetime, *said: tuple[str, timedelta, dict[str, Any]], is_certain: bool = True, person: int = 7) -> None:
    events.record(
        happenings=[Happening(name, person, now + after, properties, None, is_certain) for name, after, properties in said],
        default_currency="EUR",
        now=now,
    )


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_it_makes_products_orders_and_interest_of_what_arrives(sender: Sender, drain: Any, now: datetime, clock: Any) -> None:  # noqa: F811
    sender.post({"batch": [track("Product Viewed", properties=BOOTS), track(properties=ORDER)]})

    drain()

    product, order = Product.objects.get(), Order.objects.get()
    line, interest = order.lines.get(), ProductInterest.objects.get()
    assert (product.external_id, product.name, product.category, product.brand) == ("B-1", "Fjell", "Shoes / Boots", "Nordwind")
    assert (product.price_minor, product.currency) == (18900, "EUR")
    assert (order.external_id, order.total_minor, order.shipping_minor, order.net_minor) == ("1001", 38850, 1050, 38850)
    assert (order.codes, order.store, order.status, order.ordered_at) == (["SPRING"], "Web shop", "completed", now)
    assert (line.product, line.quantity, line.price_minor, line.sum_minor) == (product, Decimal(2), 18900, 37800)
    assert (interest.profile_id, interest.product, interest.views) == (order.profile_id, product, 1)
    assert order.is_certain


def test_what_a_browser_says_does_not_change_what_a_server_said(now: datetime) -> None:
    _say(now, ("Order Completed", _minutes(0), ORDER))
    _say(
        now,
        ("Order Updated", _minutes(5), {**ORDER, "total": 1}),
        ("Order Refunded", _minutes(6), {"order_id": "1001"}),
        ("Order Cancelled", _minutes(7), {"order_id": "1001"}),
        is_certain=False,
    )

    order = Order.objects.get()
    assert (order.total_minor, order.refunded_minor, order.status, order.net_minor) == (38850, 0, "completed", 38850)


def test_a_server_is_believed_over_a_browser_that_spoke_later(now: datetime) -> None:
    _say(now, ("Order Completed", _minutes(9), {**ORDER, "total": 1}), is_certain=False)
    _say(now, ("Order Completed", _minutes(0), ORDER))

    assert Order.objects.get().total_minor == 38850


def test_a_refund_takes_its_part_off_and_a_second_one_the_rest(now: datetime) -> None:
    _say(
        now,
        ("Order Completed", _minutes(0), ORDER),
        ("Order Refunded", _minutes(1), {"order_id": "1001", "total": 100, "refund_id": "r-1"}),
    )
    assert Order.objects.get().net_minor == 28850

    _say(
        now,
        ("Order Refunded", _minutes(2), {"order_id": "1001", "products": [{"product_id": "B-1", "price": 189, "quantity": 1}]}),
    )
    order = Order.objects.get()
    assert (order.refunded_minor, order.net_minor) == (28900, 9950)

    _say(now, ("Order Refunded", _minutes(3), {"order_id": "1001"}))
    assert Order.objects.get().net_minor == 0


def test_a_cancelled_order_earns_nothing(now: datetime) -> None:
    _say(now, ("Order Completed", _minutes(0), ORDER), ("Order Cancelled", _minutes(1), {"order_id": "1001"}))

    order = Order.objects.get()
    assert (order.status, order.total_minor, order.net_minor) == ("cancelled", 38850, 0)


def test_the_order_of_arrival_does_not_matter(now: datetime) -> None:
    story: list[tuple[str, timedelta, dict[str, Any]]] = [
        ("Order Completed", _minutes(0), ORDER),
        ("Order Updated", _minutes(10), {"order_id": "1001", "status": "packed"}),
        ("Order Updated", _minutes(20), {"order_id": "1001", "total": 199.5, "products": [{**BOOTS, "quantity": 1}]}),
        ("Order Refunded", _minutes(30), {"order_id": "1001", "total": 9.5}),
        ("Order Updated", _minutes(40), {"order_id": "1001", "status": "shipped"}),
    ]
    seen = set()

    for seed in range(12):
        mixed = random.Random(seed).sample(story, len(story))
        for name, after, properties in [*mixed, *mixed[:2]]:
            _say(now, (name, after, {**properties}))
        order = Order.objects.get()
        statuses = tuple(order.statuses.order_by("at").values_list("status", flat=True))
        lines = tuple(order.lines.values_list("quantity", "price_minor", "ordered_at"))
        seen.add((order.status, order.ordered_at, order.total_minor, order.net_minor, order.codes[0], statuses, lines))
        order.delete()

    assert seen == {
        ("shipped", now, 19950, 19000, "SPRING", ("completed", "packed", "shipped"), ((Decimal(1), 18900, now),)),
    }


def test_the_same_batch_twice_changes_nothing(now: datetime) -> None:
    story = [
        ("Product Viewed", _minutes(0), BOOTS),
        ("Order Completed", _minutes(1), ORDER),
        ("Order Refunded", _minutes(2), {"order_id": "1001", "total": 100}),
    ]
    _say(now, *story)
    before = [list(model.objects.order_by("pk").values()) for model in (Product, ProductPeriod, Order, OrderStatus, OrderRefund)]

    _say(now, *story)

    assert [
        list(model.objects.order_by("pk").values()) for model in (Product, ProductPeriod, Order, OrderStatus, OrderRefund)
    ] == before
    assert OrderLine.objects.count() == 1


def test_numbers_of_different_shops_are_different_orders(now: datetime) -> None:
    _say(now, ("Order Completed", _minutes(0), ORDER), ("Order Completed", _minutes(0), {**ORDER, "shop": "outlet"}))

    assert set(Order.objects.values_list("external_id", "shop")) == {("1001", ""), ("1001", "outlet")}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"order_id": None, "products": "x"},
        {"order_id": "9", "total": "much", "products": [1, None, {"price": -4, "quantity": "two"}, {"sku": True}]},
        {"order_id": "x" * 400, "total": 1e300, "products": {"a": 1}, "currency": "euros", "coupon": [1, None]},
        {"order_id": 12, "total": -5, "shipping": [], "products": [{"product_id": 5, "price": "1 234,50"}]},
    ],
)
@pytest.mark.parametrize("name", sorted(events.READERS))
def test_whatever_it_holds_it_stops_nothing(name: str, odd: dict[str, Any], now: datetime) -> None:
    _say(now, (name, _minutes(0), odd), ("Order Completed", _minutes(0), ORDER))

    assert Order.objects.filter(external_id="1001", total_minor=38850).exists()


def test_it_keeps_what_things_cost_and_when(now: datetime) -> None:
    for minutes, price in ((0, 189), (10, 149), (5, 999), (20, 149)):
        _say(now, ("Product Viewed", _minutes(minutes), {**BOOTS, "price": price}))

    assert list(ProductPeriod.objects.order_by("from_at").values_list("price_minor", "from_at", "until_at")) == [
        (18900, now, now + _minutes(10)),
        (14900, now + _minutes(10), None),
    ]


def test_the_keeper_of_the_catalog_is_believed_over_events(now: datetime) -> None:
    _say(now, ("Product Viewed", _minutes(10), {**BOOTS, "price": 1, "name": "Wrong"}))
    catalog.apply(words=[Word("B-1", {"price": (17900, "EUR"), "name": "Fjell GTX"}, now, Rank.KEEPER)], now=now)
    _say(now, ("Product Viewed", _minutes(20), {**BOOTS, "price": 2}))

    product = Product.objects.get()
    assert (product.price_minor, product.name, product.brand) == (17900, "Fjell GTX", "Nordwind")
    assert ProductPeriod.objects.get(until_at=None).price_minor == 17900


def test_the_price_of_a_line_only_stands_while_nobody_says_what_it_costs(now: datetime) -> None:
    _say(now, ("Order Completed", _minutes(5), {**ORDER, "products": [{**BOOTS, "price": 150}]}))
    assert Product.objects.get().price_minor == 15000

    _say(
        now,
        ("Product Viewed", _minutes(1), BOOTS),
        ("Order Completed", _minutes(9), {**ORDER, "products": [{**BOOTS, "price": 1}]}),
    )
    assert Product.objects.get().price_minor == 18900


def test_looks_are_counted_and_the_latest_kept(now: datetime) -> None:
    _say(
        now, ("Product Viewed", _minutes(0), BOOTS), ("Product Viewed", _minutes(9), BOOTS), ("Product Added", _minutes(4), BOOTS)
    )
    _say(now, ("Product Viewed", _minutes(3), BOOTS))

    found = ProductInterest.objects.get()
    assert (found.views, found.first_at, found.viewed_at, found.added_at) == (3, now, now + _minutes(9), now + _minutes(4))


def test_it_asks_no_more_for_many_than_for_few(now: datetime) -> None:
    def story(number: int) -> list[tuple[str, timedelta, dict[str, Any]]]:
        product = {**BOOTS, "product_id": f"P-{number}"}
        return [
            ("Product Viewed", _minutes(number), product),
            ("Order Completed", _minutes(number), {**ORDER, "order_id": f"n{number}", "products": [product]}),
        ]

    with CaptureQueriesContext(
        connection,
    ) as few:
        _say(now, *story(0))
    with CaptureQueriesContext(connection) as many:
        _say(now, *(one for number in range(1, 60) for one in story(number)))

    assert len(many) <= len(few) + 1


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        (19.99, "EUR", 1999), ("1 234,50", "EUR", 123450), (500, "JPY", 500), ("0.125", "USD", 13), (-1, "EUR", None),
        (True, "EUR", None), ("free", "EUR", None), ("1e30", "EUR", None), (float("nan"), "EUR", None), (1.5, "KWD", 1500),
    ],
)  # fmt: skip
def test_amounts_become_minor_units(value: object, currency: str, minor: int | None) -> None:
    assert money.minor(value, currency) == minor


def test_a_deleted_source_keeps_its_orders(now: datetime) -> None:
    source, _key = Source.issue(name="Old shop")
    events.record(happenings=[Happening("Order Completed", 7, now, ORDER, source.pk, True)], default_currency="EUR", now=now)
    source.delete()

    assert Order.objects.get().source is None
