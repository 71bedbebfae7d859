"""Which products does a file hold? CSV, JSON, Yandex Market (YML) and Google Merchant files, told apart by what is in them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from profiles import feed_xml
from profiles.commerce import catalog, items
from profiles.commerce.catalog import Word
from profiles.imports import reading
from profiles.ingest.clean import TooDeepError, clean

MOST_BYTES = 20 * 1024 * 1024
MOST_ITEMS = 50_000
MOST_FAULTS = 50
CHUNK = 1_000

TEXT_KEYS = (*catalog.TEXTS, "parent_id", "price", "old_price", "currency", "availability", "stock")
ALIASES = {
    "external_id": "id", "product_id": "id", "offer_id": "id", "item_id": "id", "item_group_id": "parent_id", "title": "name",
    "link": "url", "image_link": "image_url", "image": "image_url", "picture": "image_url", "product_type": "category",
    "google_product_category": "category", "vendor": "brand", "vendor_code": "sku", "vendorcode": "sku", "mpn": "sku",
    "quantity": "stock", "count": "stock", "sale_price": "sale_price", "oldprice": "old_price",
}  # fmt: skip


class UnusableFeedError(ValueError):
    """Nothing in the file can be read as a catalog; the message says why."""

    permanent = True


@dataclass(frozen=True)
class Fault:
    """An item that cannot be used: which one of the file, its field and why."""

    number: int
    id: str
    field: str
    message: str


@dataclass
class Outcome:
    """What a file brought. `faults` are the first MOST_FAULTS of `rejected`."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    archived: int = 0
    rejected: int = 0
    faults: list[Fault] = field(default_factory=list)


def load(*, body: bytes, currency: str, archives_missing: bool, now: datetime) -> Outcome:
    """Take the items of a file into the catalog; raises UnusableFeedError.

    All of it is read before anything is written. Items are written in chunks, each in a transaction of its own; doing the
    same again is harmless. `archives_missing`: kept products that the file does not hold are archived, unless it has faults.
    """
    outcome = Outcome()
    words = _words(body, currency, now, outcome)
    if not words:
        raise UnusableFeedError(
            _("None of the items of the file can be used.") if outcome.rejected else _("The file holds no items.")
        )
    for start in range(0, len(words), CHUNK):
        chunk = words[start : start + CHUNK]
        done = catalog.apply(words=chunk, now=now)
        outcome.created += len(done.created)
        outcome.updated += len(done.updated)
    outcome.unchanged = max(len({word.external_id for word in words}) - outcome.created - outcome.updated, 0)
    if archives_missing and not outcome.rejected:
        keep = {word.external_id for word in words} | {word.parent_id for word in words}
        outcome.archived = catalog.archive_missing(keep=keep, at=now, now=now)
    return outcome


def _words(body: bytes, currency: str, now: datetime, outcome: Outcome) -> list[Word]:
    words: dict[str, Word] = {}
    for number, said in enumerate(_items(body), start=1):
        if number > MOST_ITEMS:
            raise UnusableFeedError(
                _("The file holds more than %(n)s items; send larger catalogs by the API.") % {"n": MOST_ITEMS}
            )
        try:
            # In the catalog again, should it have been archived because an earlier file did not hold it.
            word = items.word(clean({"archived": False, **said}), at=now, currency=currency)
        except (items.ItemError, TooDeepError) as error:
            outcome.rejected += 1
            if len(outcome.faults) < MOST_FAULTS:
                outcome.faults.append(
                    Fault(number, str(said.get("id") or "")[:128], getattr(error, "field", "fields"), str(error))
                )
            continue
        words[word.external_id] = word
    return list(words.values())


def _items(body: bytes) -> Iterator[dict[str, Any]]:
    if len(body) > MOST_BYTES:
        raise UnusableFeedError(_("The file is larger than 20 MB; send larger catalogs by the API."))
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        try:
            return iter(feed_xml.items(body))
        except feed_xml.UnusableXmlError as error:
            raise UnusableFeedError(str(error)) from None
    return _json(body) if start.startswith((b"[", b"{")) else _csv(body)


def _json(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableFeedError(_("The file is no sound JSON.")) from None
    if isinstance(found, dict):
        found = next((found[key] for key in ("items", "products", "offers") if isinstance(found.get(key), list)), None)
    if not isinstance(found, list):
        raise UnusableFeedError(_("The JSON holds no list of items."))
    for one in found:
        yield _named(one) if isinstance(one, dict) else {}


def _csv(body: bytes) -> Iterator[dict[str, Any]]:
    file = io.BytesIO(body)
    try:
        shape = reading.detect(file)
        header = reading.columns(file, shape)
        rows = list(reading.records(file, shape))
    except (ValueError, UnicodeError) as error:
        raise UnusableFeedError(_("The file cannot be read: %(why)s") % {"why": error}) from None
    if "id" not in [_key(name) for name in header]:
        raise UnusableFeedError(_("No column is called “id”."))
    for row in rows:
        yield _named(_cells(header, row.cells))


def _cells(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    # An empty cell of a column that is known takes the value away; one of any other column says nothing.
    pairs = zip(header, cells)
    return {name: cell.strip() for name, cell in pairs if cell.strip() or _key(name) in TEXT_KEYS}


def _named(said: dict[str, Any]) -> dict[str, Any]:
    """Return the item under our names; what has no name of ours becomes a field of its own."""
    named: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in said.items():
        key = _key(str(name))
        if key in ("id", *TEXT_KEYS):
            named.setdefault(key, value if not isinstance(value, dict | list) else "")
        elif key == "fields":
            own |= _object(value)
        elif key == "stock_by_store":
            named[key] = _object(value)
        elif value not in (None, ""):
            own[str(name)[:80]] = value
    return {**named, "fields": own} if own else named


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _key(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_").replace("-", "_").removeprefix("g:")
    return ALIASES.get(plain, plain)
