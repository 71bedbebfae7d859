"""What do we know about the products? The one way to change them.

Field by field the word of higher rank wins, and of equal ones the later: whoever keeps the catalog (a feed, a program, staff)
over a look at the product's page, that over the line of an order, whose price may be this customer's own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, TypedDict

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from profiles import search
from profiles.models import Product

# A word that only confirms is noted once in so long, else each look at a product would rewrite it.
CONFIRM_PRECISION = timedelta(minutes=1)
MOST_STOCK = 2**31 - 1

TEXTS = {
    "sku": 128,
    "name": 300,
    "description": 20_000,
    "category": 300,
    "brand": 120,
    "variant": 120,
    "url": 1000,
    "image_url": 1000,
}


class Values(TypedDict, total=False):
    """What a word may say. `price` is (minor units or None, currency); `is_archived` takes the product out of the catalog."""

    sku: str
    name: str
    description: str
    category: str
    brand: str
    variant: str
    url: str
    image_url: str
    price: tuple[int | None, str]
    old_price_minor: int | None
    availability: str
    stock: int | None
    stock_by_store: dict[str, int]
    fields: dict[str, Any]
    is_archived: bool


class Rank(IntEnum):
    """Whose word it is."""

    LINE = 0
    LOOK = 1
    KEEPER = 2


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says about a product at a time."""

    external_id: str
    values: Values
    at: datetime
    rank: Rank
    parent_id: str = ""  # external id of the product that this one is a variant of


@dataclass
class Outcome:
    """Which products were meant ({external id: id}), and what became of them; `fell` and `back` by id."""

    ids: dict[str, int] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    fell: dict[int, tuple[int, int]] = field(default_factory=dict)  # price in minor units before and after
    back: set[int] = field(default_factory=set)  # was out of stock and can be had again


def apply(*, words: Sequence[Word], now: datetime) -> Outcome:
    """Write what is newer than what is known.

    1. One query for the products that are named; those nobody knew are made.
    2. Those for which something is new are locked in id order, and the words folded in by their times.
    3. One statement writes them, two keep the history of price and stock, one the tie to the parent.

    Joins the caller's transaction or makes one.
    """
    if not words:
        return Outcome()
    grouped: dict[str, list[Word]] = {}
    for word in sorted(words, key=lambda word: word.at):
        grouped.setdefault(word.external_id, []).append(word)
    for word in [word for word in words if word.parent_id]:
        grouped.setdefault(word.parent_id, [])
    with transaction.atomic():
        outcome, known = _find_or_make(grouped, now)
        wanted = [key for key, group in grouped.items() if any(_says_more(known[key], word) for word in group)]
        _write(wanted, grouped, outcome, now)
        _tie({word.external_id: word.parent_id for word in words if word.parent_id}, outcome)
    return outcome


def archive_missing(*, keep: Collection[str], at: datetime, now: datetime) -> int:
    """Archive the managed products that are not among these external ids; return how many."""
    rows = Product.objects.filter(managed_at__isnull=False, archived_at=None).exclude(external_id__in=list(keep))
    gone = list(rows.values_list("external_id", flat=True))
    outcome = apply(words=[Word(one, {"is_archived": True}, at, Rank.KEEPER) for one in gone], now=now)
    return len(outcome.updated)


def _find_or_make(grouped: dict[str, list[Word]], now: datetime) -> tuple[Outcome, dict[str, Product]]:
    names = sorted(grouped)
    known = {found.external_id: found for found in Product.objects.filter(external_id__in=names).defer("description", "search")}
    outcome = Outcome(created={name for name in names if name not in known})
    if outcome.created:
        fresh = [Product(external_id=name, created_at=now, updated_at=now) for name in sorted(outcome.created)]
        Product.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1_000)
        known |= {found.external_id: found for found in Product.objects.filter(external_id__in=sorted(outcome.created))}
    outcome.ids = {name: found.pk for name, found in known.items()}
    return outcome, known


def _says_more(product: Product, word: Word) -> bool:
    """Return whether the word may change the product or what is known of its times."""
    if word.rank is Rank.KEEPER and product.managed_at is None:
        return True
    for key, value in word.values.items():
        held = product.facts.get(key)
        if held is None or (_wins(held, word) and (_read(product, key) != value or _is_news(held, word))):
            return True
    return False


def _wins(held: list[Any] | None, word: Word) -> bool:
    return held is None or (held[1], held[0]) <= (word.rank, _text(word.at))


def _is_news(held: list[Any], word: Word) -> bool:
    return word.rank > held[1] or word.at - datetime.fromisoformat(held[0]) >= CONFIRM_PRECISION


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _write(names: Sequence[str], grouped: dict[str, list[Word]], outcome: Outcome, now: datetime) -> None:
    if not names:
        return
    ids = [outcome.ids[name] for name in names]
    moved_at: dict[int, datetime] = {}
    locked = list(Product.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).defer("search"))
    offers = {product.pk: _offer(product) for product in locked}
    changed = []
    for product in locked:
        before = _shown(product)
        is_confirmed = False
        for word in grouped[product.external_id]:
            offer = _offer(product)
            is_confirmed |= _fold(product, word)
            if _offer(product) != offer:
                moved_at[product.pk] = word.at
        if before != _shown(product):
            outcome.updated.add(product.external_id)
            product.updated_at = now
        if before != _shown(product) or is_confirmed:
            changed.append(product)
    outcome.updated -= outcome.created
    _store(changed)
    moved = [product for product in changed if _offer(product) != offers[product.pk]]
    _keep_history(moved, moved_at)
    for product in moved:
        _note_news(outcome, product, offers[product.pk])


def _fold(product: Product, word: Word) -> bool:
    """Take in what the word says and stands; return whether anything of it does."""
    is_standing = False
    if word.rank is Rank.KEEPER and product.managed_at is None:
        product.managed_at, is_standing = word.at, True
    for key, value in word.values.items():
        if not _wins(product.facts.get(key), word):
            continue
        is_standing = True
        product.facts[key] = [_text(word.at), int(word.rank)]
        if key == "price":
            product.price_minor, product.currency = value  # type: ignore[misc]
        elif key == "is_archived":
            product.archived_at = (product.archived_at or word.at) if value else None
        else:
            setattr(product, key, value)
    return is_standing


def _read(product: Product, key: str) -> Any:
    if key == "price":
        return (product.price_minor, product.currency)
    return product.archived_at is not None if key == "is_archived" else getattr(product, key)


def _shown(product: Product) -> tuple[Any, ...]:
    rest = (product.stock_by_store, product.fields, product.old_price_minor, product.archived_at, product.managed_at is None)
    return (*(getattr(product, key) for key in TEXTS), *_offer(product), *(json.dumps(one, default=str) for one in rest))


def _offer(product: Product) -> tuple[int | None, str, str, int | None]:
    return (product.price_minor, product.currency, product.availability, product.stock)


def _note_news(outcome: Outcome, product: Product, before: tuple[int | None, str, str, int | None]) -> None:
    price, currency, availability, _stock = before
    if price is not None and product.price_minor is not None and currency == product.currency and product.price_minor < price:
        outcome.fell[product.pk] = (price, product.price_minor)
    if availability == Product.Availability.OUT_OF_STOCK and product.availability == Product.Availability.IN_STOCK:
        outcome.back.add(product.pk)


_COLUMNS = {
    **dict.fromkeys(TEXTS, "text"),
    "price_minor": "bigint",
    "old_price_minor": "bigint",
    "currency": "text",
    "availability": "text",
    "stock": "integer",
    "stock_by_store": "jsonb",
    "fields": "jsonb",
    "facts": "jsonb",
    "managed_at": "timestamptz",
    "archived_at": "timestamptz",
    "updated_at": "timestamptz",
}
_SHAPE = ", ".join(f"{name} {kind}" for name, kind in {"id": "bigint", "words": "text", **_COLUMNS}.items())
_STORE = (
    f"UPDATE profiles_product p SET {', '.join(f'{name} = fresh.{name}' for name in _COLUMNS)},"  # noqa: S608 (our own names)
    f" search = array_to_tsvector(string_to_array(fresh.words, ' ')) FROM jsonb_to_recordset(%s::jsonb) AS fresh ({_SHAPE})"
    " WHERE p.id = fresh.id"
)


def _store(products: Sequence[Product]) -> None:
    if not products:
        return
    rows = [
        {"id": product.pk, "words": " ".join(sorted(_words(product))), **{name: getattr(product, name) for name in _COLUMNS}}
        for product in products
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [json.dumps(rows, cls=_Exact)])


def _words(product: Product) -> set[str]:
    told = (product.external_id, product.sku, product.name, product.brand, product.category, product.variant)
    return {word for text in told for word in search.split(text)}


def _keep_history(products: Sequence[Product], at: dict[int, datetime]) -> None:
    """Close the standing periods of these products and open others as of `at` {product id: moment}. Two statements."""
    if not products:
        return
    rows = [
        {
            "id": product.pk,
            "at": _text(at[product.pk]),
            "price_minor": product.price_minor,
            "currency": product.currency,
            "availability": product.availability,
            "stock": product.stock,
        }
        for product in products
    ]
    shape = "(id bigint, at timestamptz, price_minor bigint, currency text, availability text, stock integer)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE profiles_productperiod p SET until_at = fresh.at FROM jsonb_to_recordset(%s::jsonb) AS fresh {shape}"  # noqa: S608
            " WHERE p.product_id = fresh.id AND p.until_at IS NULL AND p.from_at < fresh.at",
            [json.dumps(rows)],
        )
        # Where the standing period begins later than this word (the keeper of the catalog took over), it is corrected.
        cursor.execute(
            "INSERT INTO profiles_productperiod AS p (product_id, price_minor, currency, availability, stock, from_at)"  # noqa: S608
            " SELECT fresh.id, fresh.price_minor, fresh.currency, fresh.availability, fresh.stock,"
            " GREATEST(fresh.at, standing.from_at)"
            f" FROM jsonb_to_recordset(%s::jsonb) AS fresh {shape}"
            " LEFT JOIN profiles_productperiod standing ON standing.product_id = fresh.id AND standing.until_at IS NULL"
            " ON CONFLICT (product_id, from_at) DO UPDATE SET price_minor = excluded.price_minor,"
            " currency = excluded.currency, availability = excluded.availability, stock = excluded.stock",
            [json.dumps(rows)],
        )


def _tie(parents: dict[str, str], outcome: Outcome) -> None:
    """Say of variants whose variants they are. One statement."""
    pairs = sorted((outcome.ids[one], outcome.ids[parent]) for one, parent in parents.items() if one != parent)
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_product p SET parent_id = wanted.parent_id"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (id, parent_id)"
            " WHERE p.id = wanted.id AND p.parent_id IS DISTINCT FROM wanted.parent_id",
            [[pk for pk, _ in pairs], [parent for _, parent in pairs]],
        )


class _Exact(DjangoJSONEncoder):
    """Moments keep their microseconds."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)
