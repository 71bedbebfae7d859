"""What did the customers do in the last ninety days? Visits to the shop and the stores, as events."""

from __future__ import annotations

import math
import random
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from campaigns.demo import goods
from campaigns.demo.goods import Product
from campaigns.demo.people import DAYS, HABITS, Person
from profiles import schema
from profiles.commerce import events
from profiles.ingest import facts, store
from profiles.models import EventTally, SourceTally

NAMES = (
    "Signed Up",
    "App Opened",
    "Products Searched",
    "Product Viewed",
    "Product Added",
    "Order Completed",
    "Store Purchase",
)
ORDER = "Order Completed"
SEARCHES = ("waterproof boots", "light tent", "fleece", "kids boots", "spork", "winter jacket", "backpack 40l")
CHUNK = 50_000
EVENING = 19  # the hour most people look around


def write(*, people: Sequence[Person], ids: Mapping[str, int], source_id: int, seed: int, now: datetime) -> int:
    """Store the history of everybody; return how many events there are. `ids` is {person key: profile id}."""
    defs = schema.event_defs(names=NAMES, now=now - timedelta(days=DAYS))
    latest: dict[int, datetime] = {}
    types: dict[str, dict[str, str]] = {name: {} for name in NAMES}
    rows: list[store.Row] = []
    said: list[events.Happening] = []
    hours: Counter[datetime] = Counter()
    days: Counter[tuple[str, date]] = Counter()
    written = 0
    for person in people:
        profile_id = ids[person.key]
        for name, at, value, properties in _of(person, seed, now):
            if name not in types or len(types[name]) < len(properties):
                types[name] = {key: str(schema.type_of(one)) for key, one in properties.items()}
            identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{person.key} {name} {at.isoformat()} {len(rows)} {written}")
            rows.append(store.Row(at, identity, profile_id, defs[name].pk, value, properties, source_id, at))
            if events.is_about_commerce(name):
                said.append(events.Happening(name, profile_id, at, properties, source_id, is_certain=True))
            latest[profile_id] = max(latest.get(profile_id, at), at)
            days[name, at.date()] += 1
            hours[at.replace(minute=0, second=0, microsecond=0)] += 1
        if len(rows) >= CHUNK:
            _keep(rows, said, now)
            written += len(rows)
            rows, said = [], []
    _keep(rows, said, now)
    _note_calls(hours, source_id)
    EventTally.objects.bulk_create(
        [EventTally(name=defs[name], source_id=source_id, day=day, used=used) for (name, day), used in days.items()],
        batch_size=1_000,
    )
    with transaction.atomic():
        schema.learn_events(defs=defs, types=types, now=now)
    facts.see(latest=latest)
    return written + len(rows)


def _keep(rows: Sequence[store.Row], said: Sequence[events.Happening], now: datetime) -> None:
    store.copy(rows)
    events.record(happenings=said, default_currency=goods.CURRENCY, now=now)


def _note_calls(hours: Mapping[datetime, int], source_id: int) -> None:
    """Tell the page of the source how many calls came in each hour."""
    half = timedelta(minutes=30)
    tallies = [SourceTally(source_id=source_id, hour_at=at, used=used, latest_at=at + half) for at, used in hours.items()]
    SourceTally.objects.bulk_create(tallies, batch_size=1_000)


def order(basket: Sequence[tuple[Product, int]], number: str, *, coupon: str = "") -> tuple[Decimal, dict[str, Any]]:
    """Return the value and the properties of an order, in the words of the Segment spec."""
    total = Decimal(sum(product.price * count for product, count in basket))
    properties: dict[str, Any] = {
        "order_id": number,
        "revenue": int(total),
        "currency": goods.CURRENCY,
        "category": basket[0][0].category,
        "items": sum(count for _product, count in basket),
        "products": [
            {"product_id": one.sku, "name": one.name, "category": one.category, "price": one.price, "quantity": count}
            for one, count in basket
        ],
    }
    return total, {**properties, "coupon": coupon} if coupon else properties


Happening = tuple[str, datetime, Decimal | None, dict[str, Any]]


def _of(person: Person, seed: int, now: datetime) -> Iterator[Happening]:
    """Yield (event name, time, value, properties) of one person."""
    chance = random.Random(f"history {seed} {person.number}")
    start = max(now - timedelta(days=DAYS), person.joined_at)
    if person.is_new:
        yield (
            "Signed Up",
            person.joined_at,
            None,
            {"form": chance.choice(["checkout", "newsletter", "club"]), "language": person.language},
        )
    if person.habit == "asleep":
        yield from _last_visits(person, chance, now)
        return
    _share, visits_a_day, order_share = HABITS[person.habit]
    first_day = (start - (now - timedelta(days=DAYS))).days
    for day in range(first_day, DAYS):
        today = now - timedelta(days=DAYS - 1 - day)
        if chance.random() < visits_a_day * _season(today, day):
            at = _moment_of(today, chance)
            if start <= at <= now:
                yield from _visit(person, at, order_share, chance, now)
        if chance.random() < visits_a_day * 0.06:
            at = _moment_of(today, chance)
            if start <= at <= now:
                yield _store_purchase(person, at, chance)


def _season(date: datetime, day: int) -> float:
    """Return how busy the day is: more at weekends, a wave through the season, a little growth."""
    weekend = 1.35 if date.weekday() >= 5 else 0.9
    return weekend * (1 + 0.25 * math.sin(day / DAYS * 2 * math.pi)) * (0.92 + 0.16 * day / DAYS)


def _moment_of(date: datetime, chance: random.Random) -> datetime:
    hour = min(max(chance.gauss(EVENING, 3.2), 6), 23.5) if chance.random() < 0.7 else chance.uniform(7, 22)
    midnight = date.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=hour, seconds=chance.randint(0, 59), microseconds=chance.randint(0, 999_999))


def _last_visits(person: Person, chance: random.Random, now: datetime) -> Iterator[Happening]:
    """People who went quiet bought or looked around once or twice, more than a month ago."""
    for _visit_number in range(chance.choice([0, 1, 1, 2])):
        at = _moment_of(now - timedelta(days=chance.randint(38, DAYS - 2)), chance)
        yield from _visit(person, at, 0.35, chance, now)


def _visit(person: Person, at: datetime, order_share: float, chance: random.Random, now: datetime) -> Iterator[Happening]:
    def later() -> datetime:
        nonlocal at
        at += timedelta(seconds=chance.randint(15, 160))
        return min(at, now)

    if person.has_app and chance.random() < 0.7:
        yield "App Opened", later(), None, {"platform": "ios" if person.number % 3 else "android", "version": "4.2"}
    if chance.random() < 0.3:
        yield "Products Searched", later(), None, {"query": chance.choice(SEARCHES)}
    seen = [_taste(person, chance) for _view in range(chance.randint(2, 8))]
    for product in seen:
        yield "Product Viewed", later(), None, _about(product)
    wanted = [product for product in seen if chance.random() < 0.18]
    buys = chance.random() < order_share
    if buys and not wanted:
        wanted = seen[-1:]
    for product in wanted:
        yield "Product Added", later(), None, {**_about(product), "quantity": 1}
    if buys:
        basket = [(product, 2 if product.price < 40 and chance.random() < 0.4 else 1) for product in wanted[:3]]
        moment = later()
        value, properties = order(basket, f"N{person.number:05d}{moment:%m%d%H%M}")
        yield ORDER, moment, value, properties


def _store_purchase(person: Person, at: datetime, chance: random.Random) -> Happening:
    product = _taste(person, chance)
    properties = {"store": person.store, "category": product.category, "product": product.name, "revenue": product.price}
    return "Store Purchase", at, Decimal(product.price), properties


def _taste(person: Person, chance: random.Random) -> Product:
    return chance.choice(goods.OF_CATEGORY[person.category] if chance.random() < 0.55 else goods.PRODUCTS)


def _about(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.sku,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "url": f"{goods.SITE}/p/{product.sku.lower()}",
    }
