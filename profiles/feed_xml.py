"""Which items does an XML feed hold: Yandex Market's <offer>, Google Merchant's <item> or <entry>?

Entities are refused and nothing outside of the file is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.parsers import expat  # nosec: entities are refused below

from django.utils.translation import gettext as _

from profiles.commerce import money

DEEPEST = 40
RECORDS = {"offer", "item", "entry", "category"}
_GOOGLE = {
    "id": "id", "title": "name", "description": "description", "link": "url", "image_link": "image_url", "brand": "brand",
    "product_type": "category", "google_product_category": "category", "item_group_id": "parent_id", "mpn": "sku",
    "availability": "availability", "quantity": "stock",
}  # fmt: skip
_YANDEX = {
    "name": "name", "description": "description", "url": "url", "picture": "image_url", "vendor": "brand", "vendorcode": "sku",
    "count": "stock", "price": "price", "oldprice": "old_price", "currencyid": "currency",
}  # fmt: skip


class UnusableXmlError(ValueError):
    """The file is no sound XML, or says things that are not read."""

    permanent = True


class _Record:
    """An element under way: its attributes, and its children as (name, attributes, text)."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[tuple[str, dict[str, str], str]] = []
        self.text = ""

    def first(self, *names: str) -> str:
        found = (text.strip() for wanted in names for name, _attributes, text in self.children if name == wanted)
        return next((text for text in found if text), "")


def items(body: bytes) -> list[dict[str, Any]]:
    """Return the items under the keys of profiles.commerce.items; raises UnusableXmlError."""
    records: list[_Record] = []
    _parse(body, records.append)
    categories = {one.attributes.get("id", ""): one for one in records if one.name == "category"}
    return [
        _yandex(one, categories) if one.name == "offer" else _google(one)
        for one in records
        if one.name in ("offer", "item", "entry")
    ]


def _parse(body: bytes, done: Callable[[_Record], None]) -> None:
    parser = expat.ParserCreate()
    stack: list[tuple[str, dict[str, str], list[str]]] = []
    record: list[_Record] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= DEEPEST:
            raise UnusableXmlError(_("The XML is nested too deeply."))
        plain = name.rpartition(":")[2].lower()
        if not record and plain in RECORDS:
            record.append(_Record(plain, attributes))
        stack.append((plain, attributes, []))

    def end(name: str) -> None:
        plain, attributes, texts = stack.pop()
        text = "".join(texts)
        if not record:
            return
        if plain == record[0].name and attributes is record[0].attributes:
            record[0].text = text
            done(record.pop())
        else:
            record[0].children.append((plain, attributes, text))

    def say(text: str) -> None:
        if record and stack:
            stack[-1][2].append(text)

    def refuse(*_arguments: Any) -> None:
        raise UnusableXmlError(_("The XML declares entities, which are not read."))

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, say
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, UnusableXmlError):
            raise
        raise UnusableXmlError(_("The file is no sound XML: %(why)s") % {"why": error}) from None


def _yandex(offer: _Record, categories: dict[str, _Record]) -> dict[str, Any]:
    said: dict[str, Any] = {key: text for name, key in _YANDEX.items() if (text := offer.first(name))}
    if said.get("currency") == "RUR":
        said["currency"] = "RUB"
    if not said.get("name"):
        parts = (offer.first("typeprefix"), offer.first("vendor"), offer.first("model"))
        said["name"] = " ".join(part for part in parts if part)
    if "available" in offer.attributes:
        said["availability"] = offer.attributes["available"]
    if offer.attributes.get("group_id"):
        said["parent_id"] = offer.attributes["group_id"]
    if path := _path(offer.first("categoryid"), categories):
        said["category"] = path
    outlets = {
        attributes["id"]: attributes.get("instock", "0")
        for name, attributes, _text in offer.children
        if name == "outlet" and "id" in attributes
    }
    if outlets:
        said["stock_by_store"] = outlets
    params = {
        attributes["name"][:80]: text.strip()
        for name, attributes, text in offer.children
        if name == "param" and "name" in attributes
    }
    return {"id": offer.attributes.get("id", ""), **said, "fields": params}


def _path(category_id: str, categories: dict[str, _Record]) -> str:
    names: list[str] = []
    while (found := categories.get(category_id)) is not None and len(names) < DEEPEST:
        names.insert(0, found.text.strip())
        category_id = found.attributes.get("parentid") or found.attributes.get("parentId") or ""
    return " / ".join(names)


def _google(entry: _Record) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, key in _GOOGLE.items():
        if (text := entry.first(name)) and key not in said:
            said[key] = text
    if "category" in said:
        said["category"] = " / ".join(part.strip() for part in said["category"].split(">"))
    links = (attributes.get("href", "") for name, attributes, _text in entry.children if name == "link")
    said["url"] = said.get("url") or next((link for link in links if link), "")
    price, currency = _price(entry.first("price"))
    sale, sale_currency = _price(entry.first("sale_price"))
    said["price"], said["currency"] = (sale, sale_currency) if sale else (price, currency)
    if sale:
        said["old_price"] = price
    said["variant"] = " ".join(part for part in (entry.first("color"), entry.first("size")) if part)
    own = {name: text.strip() for name, _attributes, text in entry.children if name.startswith("custom_label_") and text.strip()}
    return {**said, "fields": own}


def _price(text: str) -> tuple[str, str]:
    """Return amount and currency of "15.00 USD" or "USD 15.00"."""
    words = text.split()
    currency = next((word for word in words if word.isalpha()), "")
    return "".join(word for word in words if money.amount(word) is not None), currency
