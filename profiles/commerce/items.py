"""What does a feed or a program say about one item of the catalog, or why does it make no sense?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profiles.commerce import catalog, money
from profiles.commerce.catalog import Rank, Values, Word
from profiles.models import Product

LONGEST_ID = 128
_WORDS = {
    "in_stock": "in_stock", "instock": "in_stock", "available": "in_stock", "true": "in_stock", "yes": "in_stock",
    "1": "in_stock",
    "out_of_stock": "out_of_stock", "outofstock": "out_of_stock", "unavailable": "out_of_stock", "false": "out_of_stock",
    "no": "out_of_stock", "0": "out_of_stock", "sold_out": "out_of_stock",
    "preorder": "preorder", "pre_order": "preorder", "backorder": "preorder", "": "",
}  # fmt: skip


class ItemError(ValueError):
    """The item cannot be used: `field` says where, the message why."""

    permanent = True

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(str(message))
        self.field = field


def word(said: Mapping[str, Any], *, at: datetime, currency: str, is_whole: bool = False) -> Word:
    """Return the item as a word of the catalog's keeper. `said` is clean JSON with the names of the API; amounts in whole units.

    `is_whole`: what is not said is taken away. Raises ItemError.
    """
    external_id = str(said.get("id") or "").strip()
    if not external_id or len(external_id) > LONGEST_ID:
        raise ItemError("id", _("An item needs an id of at most 128 characters."))
    values: dict[str, Any] = _blank(currency) if is_whole else {}
    values |= {key: str(said[key] or "").strip()[:most] for key, most in catalog.TEXTS.items() if key in said}
    _add_prices(values, said, currency)
    _add_stock(values, said)
    if "fields" in said:
        values["fields"] = dict(said["fields"] or {})
    if "archived" in said:
        values["is_archived"] = bool(said["archived"])
    parent = str(said.get("parent_id") or "").strip()[:LONGEST_ID]
    return Word(external_id, Values(**values), at, Rank.KEEPER, parent)  # type: ignore[typeddict-item]


def _blank(currency: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(catalog.TEXTS, ""),
        "price": (None, currency),
        "old_price_minor": None,
        "availability": "",
        "stock": None,
        "stock_by_store": {},
        "fields": {},
        "is_archived": False,
    }


def _add_prices(values: dict[str, Any], said: Mapping[str, Any], default: str) -> None:
    currency = money.currency_of(said.get("currency"), default)
    if "price" in said:
        values["price"] = (_amount("price", said["price"], currency), currency)
    if "old_price" in said:
        values["old_price_minor"] = _amount("old_price", said["old_price"], currency)


def _amount(field: str, value: Any, currency: str) -> int | None:
    if value is None or value == "":
        return None
    if (found := money.minor(value, currency)) is None:
        raise ItemError(field, _("This is no amount: a number that is not below nothing."))
    return found


def _add_stock(values: dict[str, Any], said: Mapping[str, Any]) -> None:
    if "stock" in said:
        values["stock"] = _pieces("stock", said["stock"])
    if "stock_by_store" in said:
        stores = {
            str(name)[:120]: _pieces("stock_by_store", count) or 0 for name, count in dict(said["stock_by_store"] or {}).items()
        }
        values["stock_by_store"] = stores
        if "stock" not in said and stores:
            values["stock"] = min(sum(stores.values()), catalog.MOST_STOCK)
    if "availability" in said:
        text = str(said["availability"] or "").strip().lower().replace(" ", "_").replace("-", "_")
        if (known := _WORDS.get(text)) is None:
            raise ItemError("availability", _("Say in_stock, out_of_stock or preorder."))
        values["availability"] = known
    if not values.get("availability") and values.get("stock") is not None:
        values["availability"] = Product.Availability.IN_STOCK if values["stock"] else Product.Availability.OUT_OF_STOCK


def _pieces(field: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    found = money.amount(value)
    if found is None or found < 0 or found > catalog.MOST_STOCK:
        raise ItemError(field, _("This is no number of pieces."))
    return int(found)
