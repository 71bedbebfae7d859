"""How do catalog and orders leave as CSV files, in any number and without formulas?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from profiles import csv_export, who
from profiles.commerce import money
from profiles.models import Order, OrderLine, Product

if TYPE_CHECKING:
    from django.db.models import QuerySet

CHUNK = 1_000


def products_as_csv(products: QuerySet[Product]) -> Iterator[str]:
    """Yield these products, oldest first. One query per CHUNK; the columns can be imported again."""
    header = [
        "id", "parent_id", "sku", "name", "variant", "category", "brand", "price", "old_price", "currency", "availability",
        "stock", "url", "image_url", "fields",
    ]  # fmt: skip
    return csv_export.lines(header, _product_rows(products))


def orders_as_csv(orders: QuerySet[Order]) -> Iterator[str]:
    """Yield the lines of these orders, oldest order first; an order without lines is one row. Four queries per CHUNK."""
    header = [
        _("order"), _("shop"), _("ordered at"), _("status"), _("store"), _("channel"), _("person"), _("name"), _("currency"),
        _("total"), _("given back"), _("net"), _("codes"), _("product"), _("sku"), _("product name"), _("quantity"), _("price"),
    ]  # fmt: skip
    return csv_export.lines(header, _order_rows(orders))


def _chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    # By keys instead of a cursor that stays open for as long as somebody's line is slow.
    latest = 0
    while chunk := list(rows.order_by("pk").filter(pk__gt=latest)[:CHUNK]):
        latest = chunk[-1].pk
        yield chunk


def _product_rows(products: QuerySet[Product]) -> Iterator[list[Any]]:
    for chunk in _chunks(products.select_related("parent").defer("search", "parent__search", "parent__description")):
        for product in chunk:
            yield [
                product.external_id,
                product.parent.external_id if product.parent else "",
                product.sku,
                product.name,
                product.variant,
                product.category,
                product.brand,
                money.major(product.price_minor, product.currency),
                money.major(product.old_price_minor, product.currency),
                product.currency,
                product.availability,
                product.stock,
                product.url,
                product.image_url,
                json.dumps(product.fields, ensure_ascii=False) if product.fields else "",
            ]


def _order_rows(orders: QuerySet[Order]) -> Iterator[list[Any]]:
    for chunk in _chunks(orders):
        people = who.of({order.profile_id for order in chunk})
        lines: dict[int, list[OrderLine]] = {}
        for line in OrderLine.objects.filter(order__in=[order.pk for order in chunk]).order_by("order", "position"):
            lines.setdefault(line.order_id, []).append(line)
        for order in chunk:
            person = people.get(order.profile_id)
            head = [
                order.external_id,
                order.shop,
                order.ordered_at.isoformat(timespec="seconds"),
                order.status,
                order.store,
                order.channel,
                person.pk if person else "",
                person.title if person else "",
                order.currency,
                *(money.major(amount, order.currency) for amount in (order.total_minor, order.refunded_minor, order.net_minor)),
                " ".join(order.codes),
            ]
            cells = [_line_cells(line, order.currency) for line in lines.get(order.pk, [])]
            yield from ([*head, *rest] for rest in cells or [[""] * 5])


def _line_cells(line: OrderLine, currency: str) -> list[Any]:
    return [line.external_id, line.sku, line.name, f"{line.quantity.normalize():f}", money.major(line.price_minor, currency)]
