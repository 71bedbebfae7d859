"""What do the e-commerce events of the tracking spec say about the catalog and the orders?

"Product Viewed", "Product Added", "Order Completed" and their siblings, as Segment names them, in any letter case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from profiles.commerce import catalog, money, orders
from profiles.commerce.catalog import Rank, Values, Word
from profiles.commerce.orders import Line, Refund, Told
from profiles.models import Order, Product

MOST_LIST = 100  # products of one call that become products of the catalog


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as it was recorded. `is_certain`: a server or a program sent it, not a browser."""

    name: str
    profile_id: int
    at: datetime
    properties: Mapping[str, Any]
    source_id: int | None = None
    is_certain: bool = False


@dataclass
class Findings:
    """What a batch of events says."""

    currency: str
    said: dict[tuple[Any, ...], tuple[Word, Word]] = field(default_factory=dict)  # same words: the first and the last time
    told: list[Told] = field(default_factory=list)
    looks: dict[tuple[int, str], list[datetime]] = field(default_factory=dict)  # (person, external id) -> viewed at
    baskets: dict[tuple[int, str], datetime] = field(default_factory=dict)  # latest into the basket

    def hear(self, word: Word) -> None:
        """Note the word; of the same words only when they were said first and last."""
        key = (word.external_id, word.rank, *word.values.items())
        first, last = self.said.get(key, (word, word))
        self.said[key] = (word if word.at < first.at else first, word if word.at > last.at else last)

    @property
    def words(self) -> list[Word]:
        return [word for first, last in self.said.values() for word in ((first,) if first is last else (first, last))]


def is_about_commerce(name: str) -> bool:
    return name.lower() in READERS


def record(*, happenings: Iterable[Happening], default_currency: str, now: datetime) -> None:
    """Keep catalog, interests and orders in step with these events. A fixed number of statements; none when none matters."""
    findings = Findings(default_currency)
    for happening in happenings:
        READERS[happening.name.lower()](happening, findings)
    if not (findings.said or findings.told):
        return
    with transaction.atomic():
        ids = catalog.apply(words=findings.words, now=now).ids
        _note_interests(findings, ids)
        if findings.told:
            orders.apply(
                told=findings.told, products={**_by_sku(findings.told, ids), **ids}, default_currency=default_currency, now=now
            )


def _viewed(happening: Happening, findings: Findings) -> None:
    if external_id := _product(happening.properties, happening, findings):
        findings.looks.setdefault((happening.profile_id, external_id), []).append(happening.at)


def _added(happening: Happening, findings: Findings) -> None:
    if external_id := _product(happening.properties, happening, findings):
        key = (happening.profile_id, external_id)
        findings.baskets[key] = max(findings.baskets.get(key, happening.at), happening.at)


def _listed(happening: Happening, findings: Findings) -> None:
    for product in _products(happening.properties):
        _product(product, happening, findings)


def _placed(happening: Happening, findings: Findings) -> None:
    _order(happening, findings, status=Order.Status.COMPLETED, is_placing=True)


def _updated(happening: Happening, findings: Findings) -> None:
    status = _text(happening.properties.get("status"), 40).lower().replace(" ", "_")
    _order(happening, findings, status=_STATUSES.get(status, status))


def _cancelled(happening: Happening, findings: Findings) -> None:
    # What it repeats of the order is not newer: only that it was cancelled is.
    if key := order_key(happening.properties):
        findings.told.append(_told(happening, key, status=Order.Status.CANCELLED))


def _refunded(happening: Happening, findings: Findings) -> None:
    properties = happening.properties
    if not (key := order_key(properties)):
        return
    currency = money.currency_of(properties.get("currency"), findings.currency)
    lines = _lines(properties, currency) if "products" in properties else ()
    sums = [int(line.price_minor * line.quantity) for line in lines if line.price_minor is not None]
    amount = _first(properties, ("total", "revenue", "value", "amount"), currency)
    if amount is None and sums:
        amount = sum(sums)
    number = _text(properties.get("refund_id"), 128) or happening.at.isoformat()
    told = tuple({"name": line.name or line.external_id, "quantity": float(line.quantity)} for line in lines)
    refund = Refund(number, amount, _text(properties.get("reason"), 200), told)
    findings.told.append(_told(happening, key, refund=refund))


READERS: dict[str, Callable[[Happening, Findings], None]] = {
    "product viewed": _viewed,
    "product added": _added,
    "product clicked": _listed,
    "product list viewed": _listed,
    "cart viewed": _listed,
    "checkout started": _listed,
    "order completed": _placed,
    "order updated": _updated,
    "order cancelled": _cancelled,
    "order canceled": _cancelled,
    "order refunded": _refunded,
}
_STATUSES = {"canceled": "cancelled", "complete": "completed"}


def order_key(properties: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return number and shop of the order that the properties name; None when they name none."""
    number = _text(properties.get("order_id"), 128)
    return (number, _text(properties.get("shop"), 80)) if number else None


def _order(happening: Happening, findings: Findings, *, status: str, is_placing: bool = False) -> None:
    properties = happening.properties
    if not (key := order_key(properties)):
        return
    for product in _products(properties):
        _product(product, happening, findings, Rank.LINE)
    currency = money.currency_of(properties.get("currency"), findings.currency)
    lines = _lines(properties, currency) if isinstance(properties.get("products"), list) else None
    content = _content(properties, currency, lines or ())
    findings.told.append(_told(happening, key, status=status, is_placing=is_placing, content=content, lines=lines))


def _told(happening: Happening, key: tuple[str, str], **said: Any) -> Told:
    return Told(
        external_id=key[0],
        shop=key[1],
        profile_id=happening.profile_id,
        at=happening.at,
        source_id=happening.source_id,
        is_certain=happening.is_certain,
        **said,
    )


def _content(properties: Mapping[str, Any], currency: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Return what the properties say of an order. Without a total it is what they call revenue, or the sum of the lines."""
    total = _first(properties, ("total", "revenue", "value"), currency)
    if total is None and lines:
        total = sum(int((line.price_minor or 0) * line.quantity) - line.discount_minor for line in lines)
    said: dict[str, Any] = {"total_minor": None if total is None else max(total, 0)}
    for column, name in (("shipping_minor", "shipping"), ("tax_minor", "tax"), ("discount_minor", "discount")):
        said[column] = money.minor(properties.get(name), currency)
    said["store"] = _text(properties.get("store") or properties.get("affiliation"), 120) or None
    said["channel"] = _text(properties.get("channel"), 40) or None
    coupon = properties.get("coupon")
    codes = coupon if isinstance(coupon, list) else [coupon]
    said["codes"] = [_text(code, 80) for code in codes if _text(code, 80)] or None
    found = {key: value for key, value in said.items() if value is not None}
    return {**found, "currency": currency} if any(key in found for key in orders.AMOUNTS) else found


def _first(properties: Mapping[str, Any], names: Iterable[str], currency: str) -> int | None:
    return next((found for name in names if (found := money.minor(properties.get(name), currency)) is not None), None)


def _lines(properties: Mapping[str, Any], currency: str) -> tuple[Line, ...]:
    return tuple(
        Line(
            external_id=_id_of(product),
            sku=_text(product.get("sku"), 128),
            name=_text(product.get("name"), 300),
            variant=_text(product.get("variant"), 120),
            category=_category(product.get("category")),
            brand=_text(product.get("brand"), 120),
            quantity=_quantity(product.get("quantity")),
            price_minor=money.minor(product.get("price"), currency),
            discount_minor=money.minor(product.get("discount"), currency) or 0,
        )
        for product in _products(properties, orders.MOST_LINES)
    )


def _products(properties: Mapping[str, Any], most: int = MOST_LIST) -> list[dict[str, Any]]:
    found = properties.get("products")
    if not isinstance(found, list):
        return [dict(properties)] if _id_of(properties) else []
    return [product for product in found[:most] if isinstance(product, dict)]


def _product(said: Mapping[str, Any], happening: Happening, findings: Findings, rank: Rank = Rank.LOOK) -> str:
    """Note what is said of a product; return its id, '' when there is none."""
    if not (external_id := _id_of(said)):
        return ""
    currency = money.currency_of(said.get("currency") or happening.properties.get("currency"), findings.currency)
    values: dict[str, Any] = {
        key: _text(said.get(key), most) for key, most in catalog.TEXTS.items() if key not in ("category", "description")
    }
    values["category"] = _category(said.get("category"))
    values = {key: value for key, value in values.items() if value}
    price = money.minor(said.get("price"), currency)
    if price is not None:
        values["price"] = (price, currency)
    findings.hear(Word(external_id, Values(**values), happening.at, rank))  # type: ignore[typeddict-item]
    return external_id


def _id_of(said: Mapping[str, Any]) -> str:
    return _text(said.get("product_id"), 128) or _text(said.get("sku"), 128)


def _text(value: object, most: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:most]


def _category(value: object) -> str:
    """Return a path of categories, the widest first, as one text."""
    parts = value if isinstance(value, list) else [value]
    text = " / ".join(part for one in parts if (part := _text(one, 300)))
    for mark in (">", "/"):
        text = " / ".join(part.strip() for part in text.split(mark) if part.strip())
    return text[:300]


def _quantity(value: object) -> Decimal:
    found = money.amount(value)
    return found.quantize(Decimal("0.001")) if found is not None and 0 < found < 10**8 else Decimal(1)


def _by_sku(told: Sequence[Told], known: Mapping[str, int]) -> dict[str, int]:
    """Return {sku: product id} for the lines that name a variant by its number. One query, none when all is known."""
    skus = {line.sku for word in told for line in word.lines or () if line.sku and line.sku not in known}
    if not skus:
        return {}
    return dict(Product.objects.filter(external_id__in=sorted(skus)).values_list("external_id", "pk"))


def _note_interests(findings: Findings, ids: Mapping[str, int]) -> None:
    """Add to who looked at what, when latest and how often. One statement, which locks in key order."""
    rows = []
    for person, external_id in sorted({*findings.looks, *findings.baskets}):
        if (product_id := ids.get(external_id)) is None:
            continue
        looks, basket = findings.looks.get((person, external_id), []), findings.baskets.get((person, external_id))
        times = [*looks, *([basket] if basket else [])]
        rows.append((person, product_id, len(looks), min(times), max(looks) if looks else None, basket, max(times)))
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_productinterest AS i"
            " (profile_id, product_id, views, first_at, viewed_at, added_at, latest_at)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[],"
            " %s::timestamptz[], %s::timestamptz[]) AS seen (profile_id, product_id) ORDER BY 1, 2"
            " ON CONFLICT (profile_id, product_id) DO UPDATE SET views = i.views + excluded.views,"
            " first_at = LEAST(i.first_at, excluded.first_at), viewed_at = GREATEST(i.viewed_at, excluded.viewed_at),"
            " added_at = GREATEST(i.added_at, excluded.added_at), latest_at = GREATEST(i.latest_at, excluded.latest_at)",
            [list(column) for column in zip(*rows)],
        )
