"""What did the catalog of the demo company say, week by week? Its shop system sends prices and what is in stock."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from campaigns.demo import goods
from campaigns.demo.goods import Product
from campaigns.demo.people import DAYS
from profiles.commerce import catalog
from profiles.commerce.catalog import Rank, Word

BRAND = "Nordwind"
REDUCED_EVERY = 9  # one product in so many costs less since yesterday
SOLD_OUT_EVERY = 11  # and one in so many was sold out last week and is back


def keep(*, seed: int, now: datetime) -> None:
    """Bring the catalog through the weeks up to `now`."""
    chance = random.Random(f"shelves {seed}")
    stocks = {product.sku: chance.randint(20, 160) for product in goods.PRODUCTS}
    for week in range(DAYS // 7, -1, -1):
        at = now - timedelta(weeks=week, hours=3)
        words = []
        for number, product in enumerate(goods.PRODUCTS):
            stocks[product.sku] += chance.choice([-12, -7, -4, 40 if stocks[product.sku] < 30 else -2])
            is_out = week == 1 and number % SOLD_OUT_EVERY == 5
            words.append(_word(product, 0 if is_out else max(stocks[product.sku], 1), at, is_whole=week == DAYS // 7))
        catalog.apply(words=words, now=at)
    reduced = [product for number, product in enumerate(goods.PRODUCTS) if number % REDUCED_EVERY == 4]
    catalog.apply(words=[_reduced(product, now - timedelta(days=1)) for product in reduced], now=now)


def _word(product: Product, stock: int, at: datetime, *, is_whole: bool) -> Word:
    values: catalog.Values = {"stock": stock, "availability": "in_stock" if stock else "out_of_stock"}
    if is_whole:
        values |= {
            "sku": product.sku,
            "name": product.name,
            "category": product.category,
            "brand": BRAND,
            "url": f"{goods.SITE}/p/{product.sku.lower()}",
            "price": (product.price * 100, goods.CURRENCY),
        }
    return Word(product.sku, values, at, Rank.KEEPER)


def _reduced(product: Product, at: datetime) -> Word:
    price = product.price * 85
    return Word(product.sku, {"price": (price, goods.CURRENCY), "old_price_minor": product.price * 100}, at, Rank.KEEPER)
