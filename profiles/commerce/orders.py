"""What was bought, and what became of it? The one way to change orders: whatever the order of arrival, the same order results.

Field by field the later word wins, and the word of a server or a program over that of a browser. The status is the latest
of the history; what was given back is the sum of the refunds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from profiles.models import Order, OrderLine, OrderRefund, OrderStatus

AMOUNTS = ("total_minor", "shipping_minor", "tax_minor", "discount_minor")
CONTENT = (*AMOUNTS, "currency", "codes", "store", "channel", "fields")
MOST_LINES = 500

Key = tuple[str, str]  # external id and shop


@dataclass(frozen=True, slots=True)
class Line:
    """A line as told; `product_id` is the row of the catalog, None when nothing names one."""

    external_id: str = ""
    sku: str = ""
    name: str = ""
    variant: str = ""
    category: str = ""
    brand: str = ""
    quantity: Decimal = Decimal(1)
    price_minor: int | None = None
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back; `amount_minor` None is all of it."""

    key: str
    amount_minor: int | None
    reason: str = ""
    lines: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What one call says about an order at a time. `content` holds those of CONTENT that it says; `lines` None: nothing.

    `is_placing`: it is the purchase itself, so that its time is the time of the order.
    """

    external_id: str
    profile_id: int
    at: datetime
    shop: str = ""
    source_id: int | None = None
    is_certain: bool = True
    is_placing: bool = False
    ordered_at: datetime | None = None  # of a purchase that is told later
    content: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Line, ...] | None = None
    status: str = ""
    refund: Refund | None = None

    @property
    def key(self) -> Key:
        return self.external_id, self.shop


@dataclass
class Outcome:
    """Which orders were meant, by key, and which of them are new."""

    ids: dict[Key, int] = field(default_factory=dict)
    created: set[Key] = field(default_factory=set)


def apply(*, told: Sequence[Told], products: Mapping[str, int], default_currency: str, now: datetime) -> Outcome:
    """Take these words into the orders; `products` is {external id or sku: product id} for the lines.

    1. Orders nobody knew are made; all are locked in id order.
    2. The words are folded in by their times; rows whose facts changed are written, lines that changed are replaced.
    3. Statuses and refunds are added, those known already are left; status and refunded sum follow from them.

    A fixed number of statements. Joins the caller's transaction or makes one.
    """
    if not told:
        return Outcome()
    grouped: dict[Key, list[Told]] = {}
    for word in sorted(told, key=lambda word: word.at):
        grouped.setdefault(word.key, []).append(word)
    with transaction.atomic():
        orders, outcome = _hold(grouped, default_currency, now)
        changed, with_lines = [], []
        for key, group in grouped.items():
            order = orders[key]
            before = dict(order.facts)
            lines = None
            for word in group:
                if _fold(order, word) and word.lines is not None:
                    lines = word.lines
            if order.facts != before:
                order.updated_at = now
                changed.append(order)
            if lines is not None:
                with_lines.append((order, lines))
        _store(changed)
        _replace_lines(with_lines, products)
        _add_history(orders, told)
        _follow([order.pk for order in orders.values()])
    return outcome


def _hold(grouped: Mapping[Key, Sequence[Told]], currency: str, now: datetime) -> tuple[dict[Key, Order], Outcome]:
    """Return the orders of these keys, locked; makes the missing ones. Two queries, one more when some are new."""
    known = _ids(grouped)
    outcome = Outcome(created={key for key in grouped if key not in known})
    if outcome.created:
        Order.objects.bulk_create(
            [_blank(grouped[key][0], currency, now) for key in sorted(outcome.created)], ignore_conflicts=True, batch_size=1_000
        )
        known |= _ids(outcome.created)
    outcome.ids = known
    rows = Order.objects.filter(pk__in=list(known.values())).order_by("pk").select_for_update(no_key=True)
    return {(order.external_id, order.shop): order for order in rows}, outcome


def _ids(keys: Collection[Key]) -> dict[Key, int]:
    rows = Order.objects.filter(external_id__in=sorted({external_id for external_id, _shop in keys}))
    found = {(external_id, shop): pk for pk, external_id, shop in rows.values_list("pk", "external_id", "shop")}
    return {key: pk for key, pk in found.items() if key in keys}


def _blank(word: Told, currency: str, now: datetime) -> Order:
    return Order(
        external_id=word.external_id,
        shop=word.shop,
        profile_id=word.profile_id,
        source_id=word.source_id,
        currency=currency,
        ordered_at=word.ordered_at or word.at,
        created_at=now,
        updated_at=now,
    )


def _fold(order: Order, word: Told) -> bool:
    """Take the word in; return whether its lines, if it has some, are the ones that stand."""
    order.is_certain |= word.is_certain
    _place(order, word)
    for key, value in word.content.items():
        if _wins(order, key, word):
            setattr(order, key, value)
    return word.lines is not None and _wins(order, "lines", word)


def _wins(order: Order, key: str, word: Told) -> bool:
    """Return whether the word stands for this field from now on, and note it."""
    fact = [_text(word.at), word.is_certain]
    held = order.facts.get(key)
    if held is not None and (held[1], held[0]) > (fact[1], fact[0]):
        return False
    order.facts[key] = fact
    return True


def _place(order: Order, word: Told) -> None:
    """Say when it was bought and by whom: by the most certain word, and of equal ones by the earliest."""
    at = word.ordered_at or word.at
    rank = 2 * word.is_placing + word.is_certain
    held_at, held_rank = order.facts.get("placed", ["", -1])
    if rank > held_rank or (rank == held_rank and _text(at) < held_at):
        order.facts["placed"] = [_text(at), rank]
        order.ordered_at, order.profile_id, order.source_id = at, word.profile_id, word.source_id


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _store(orders: Sequence[Order]) -> None:
    columns = (*CONTENT, "facts", "is_certain", "ordered_at", "profile_id", "source", "updated_at")
    Order.objects.bulk_update(orders, columns, batch_size=200)


def _replace_lines(orders: Sequence[tuple[Order, tuple[Line, ...]]], products: Mapping[str, int]) -> None:
    if not orders:
        return
    OrderLine.objects.filter(order__in=[order.pk for order, _lines in orders]).delete()
    OrderLine.objects.bulk_create(
        [
            OrderLine(
                order=order,
                position=place,
                profile_id=order.profile_id,
                ordered_at=order.ordered_at,
                product_id=products.get(line.external_id) or products.get(line.sku),
                **{name: getattr(line, name) for name in Line.__slots__},
            )
            for order, lines in orders
            for place, line in enumerate(lines[:MOST_LINES])
        ],
        batch_size=1_000,
    )


def _add_history(orders: Mapping[Key, Order], told: Sequence[Told]) -> None:
    statuses, refunds = [], []
    for word in told:
        order = orders[word.key]
        shared: dict[str, Any] = {
            "order": order,
            "profile_id": word.profile_id,
            "at": word.at,
            "source_id": word.source_id,
            "is_certain": word.is_certain,
        }
        if word.status:
            statuses.append(OrderStatus(status=word.status, **shared))
        if (refund := word.refund) is not None:
            refunds.append(
                OrderRefund(
                    key=refund.key, amount_minor=refund.amount_minor, reason=refund.reason, lines=list(refund.lines), **shared
                )
            )
    OrderStatus.objects.bulk_create(statuses, ignore_conflicts=True, batch_size=1_000)
    OrderRefund.objects.bulk_create(refunds, ignore_conflicts=True, batch_size=1_000)


# A browser's word about money given back counts only as long as nobody more certain spoke about the order.
_FOLLOW = """
UPDATE profiles_order o SET status = coalesce(latest.status, o.status), refunded_minor = coalesce(given.back, 0)
FROM unnest(%s::bigint[]) AS touched (id)
LEFT JOIN LATERAL (
    SELECT s.status FROM profiles_orderstatus s WHERE s.order_id = touched.id
    ORDER BY s.is_certain DESC, s.at DESC, s.id DESC LIMIT 1
) latest ON true
LEFT JOIN LATERAL (
    SELECT sum(coalesce(r.amount_minor, of_refund.total_minor))::bigint AS back
    FROM profiles_orderrefund r JOIN profiles_order of_refund ON of_refund.id = r.order_id
    WHERE r.order_id = touched.id AND (r.is_certain OR NOT of_refund.is_certain)
) given ON true
WHERE o.id = touched.id
  AND (o.status, o.refunded_minor) IS DISTINCT FROM (coalesce(latest.status, o.status), coalesce(given.back, 0))
"""
_FOLLOW_LINES = """
UPDATE profiles_orderline l SET ordered_at = o.ordered_at, profile_id = o.profile_id FROM profiles_order o
WHERE o.id = l.order_id AND o.id = ANY(%s) AND (l.ordered_at, l.profile_id) IS DISTINCT FROM (o.ordered_at, o.profile_id)
"""


def _follow(ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [sorted(ids)])
        cursor.execute(_FOLLOW_LINES, [sorted(ids)])
