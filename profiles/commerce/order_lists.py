"""What does a program tell of orders, whose are they, and what becomes of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from profiles import identity
from profiles.commerce import catalog, money, orders
from profiles.commerce.catalog import Rank, Values, Word
from profiles.commerce.orders import Line, Outcome, Refund, Told
from profiles.models import Order

__all__ = ["Outcome", "refund", "tell"]

_AMOUNTS = {"total": "total_minor", "shipping": "shipping_minor", "tax": "tax_minor", "discount": "discount_minor"}


def tell(*, given: Sequence[Mapping[str, Any]], source: str, default_currency: str, now: datetime) -> Outcome:
    """Take these orders, as the API's OrderIn reads them, finding or making the people. A fixed number of statements."""
    with transaction.atomic():
        claims = [
            identity.Claim(tuple(one["person"].items()), source, min(one["ordered_at"], now).astimezone(UTC)) for one in given
        ]
        people = identity.resolve(claims=claims, now=now)
        told = [word for one, person in zip(given, people, strict=True) for word in _told(one, person, default_currency, now)]
        ids = catalog.apply(words=[word for one in given for word in _products(one, default_currency, now)], now=now).ids
        return orders.apply(told=told, products=ids, default_currency=default_currency, now=now)


def refund(*, order: Order, said: Mapping[str, Any], now: datetime) -> None:
    """Record that money of the order was given back, as the API's RefundIn reads it."""
    word = _refund(said, order.external_id, order.shop, order.profile_id, order.currency, now)
    orders.apply(told=[word], products={}, default_currency=order.currency, now=now)


def _told(one: Mapping[str, Any], person: int, default_currency: str, now: datetime) -> list[Told]:
    currency = money.currency_of(one.get("currency"), default_currency)
    ordered_at = min(one["ordered_at"], now).astimezone(UTC)
    content: dict[str, Any] = {
        column: money.minor(one[name], currency) or 0 for name, column in _AMOUNTS.items() if one.get(name) is not None
    }
    content |= {name: one[name] for name in ("codes", "store", "channel") if name in one}
    content["currency"] = currency
    word = Told(
        external_id=one["id"],
        shop=one.get("shop", ""),
        profile_id=person,
        at=min(one.get("updated_at", ordered_at), now).astimezone(UTC),
        is_placing=True,
        ordered_at=ordered_at,
        content=content,
        lines=tuple(_line(line, currency) for line in one["lines"]) if "lines" in one else None,
        status=one["status"].strip().lower().replace(" ", "_") or Order.Status.COMPLETED,
    )
    shared = (one["id"], one.get("shop", ""), person, currency, now)
    return [word, *(_refund(said, *shared) for said in one.get("refunds", ()))]


def _refund(said: Mapping[str, Any], number: str, shop: str, person: int, currency: str, now: datetime) -> Told:
    at = min(said.get("at", now), now).astimezone(UTC)
    amount = said.get("amount")
    money_back = None if amount is None else money.minor(amount, currency)
    key = said.get("id") or at.isoformat()
    return Told(number, person, at, shop, refund=Refund(key, money_back, said.get("reason", "")))


def _line(line: Mapping[str, Any], currency: str) -> Line:
    texts = {name: line.get(name, "") for name in ("sku", "name", "variant", "category", "brand")}
    return Line(
        external_id=line.get("product_id", "") or line.get("sku", ""),
        quantity=line.get("quantity", Decimal(1)),
        price_minor=money.minor(line.get("price"), currency),
        discount_minor=money.minor(line.get("discount"), currency) or 0,
        **texts,
    )


def _products(one: Mapping[str, Any], default_currency: str, now: datetime) -> list[Word]:
    """Return what the lines say of products nobody described better."""
    currency = money.currency_of(one.get("currency"), default_currency)
    at = min(one["ordered_at"], now).astimezone(UTC)
    words = []
    for line in one.get("lines", ()):
        values: dict[str, Any] = {name: line[name] for name in ("sku", "name", "variant", "category", "brand") if line.get(name)}
        price = money.minor(line.get("price"), currency)
        if price is not None:
            values["price"] = (price, currency)
        if external_id := line.get("product_id") or line.get("sku"):
            words.append(Word(external_id, Values(**values), at, Rank.LINE))  # type: ignore[typeddict-item]
    return words
