"""Who are the customers of the demo company? Drawn from a seed; the same seed gives the same people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.demo import goods, names
from campaigns.demo.names import LANGUAGES, Language

LANGUAGE_SHARES = (34, 27, 25, 14)  # in the order of LANGUAGES
NEW_SHARE = 0.16  # of the people came during the history
# (share of the people, visits a day, share of visits that end in an order)
HABITS = {"fan": (0.09, 0.30, 0.14), "regular": (0.28, 0.12, 0.11), "rare": (0.36, 0.035, 0.08), "asleep": (0.27, 0.0, 0.05)}
DAYS = 90


@dataclass(frozen=True)
class Person:
    """Somebody as the company knows them. `quiet_since` is the day of history after which an asleep person did nothing."""

    number: int
    first_name: str
    last_name: str
    gender: str
    language: str
    city: str
    country: str
    time_zone: str
    email: str
    phone: str
    birthday: date
    joined_at: datetime
    tier: str
    points: int
    category: str
    habit: str
    has_app: bool
    store: str
    is_asked: bool  # told the company that it may write
    is_new: bool  # signed up during the history

    @property
    def key(self) -> str:
        return f"C{self.number:06d}"

    @property
    def attributes(self) -> dict[str, str | int | bool]:
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "gender": self.gender,
            "birthday": self.birthday.isoformat(),
            "country": self.country,
            "city": self.city,
            "language": self.language,
            "time_zone": self.time_zone,
            "loyalty_tier": self.tier,
            "points": self.points,
            "favourite_category": self.category,
            "home_store": self.store,
            "has_app": self.has_app,
        }


def draw(*, count: int, seed: int, now: datetime) -> Iterator[Person]:
    """Yield `count` people, those who signed up first first; `now` is the end of the history."""
    chance = random.Random(f"people {seed}")
    new_from = round(count * (1 - NEW_SHARE))
    start = now - timedelta(days=DAYS)
    for number in range(1, count + 1):
        is_new = number > new_from
        if is_new:
            # A little growth: the later days bring more people.
            share = ((number - new_from) / (count - new_from)) ** 0.85
            joined_at = start + timedelta(days=DAYS) * share - timedelta(minutes=chance.randint(2, 90))
            joined_at = max(_at_daytime(joined_at, chance), start)
        else:
            joined_at = start - timedelta(days=chance.randint(5, 1100), hours=chance.randint(0, 12))
        yield _person(number, chance, min(joined_at, now - timedelta(minutes=1)), is_new=is_new)


def _person(number: int, chance: random.Random, joined_at: datetime, *, is_new: bool) -> Person:
    language = chance.choices(LANGUAGES, LANGUAGE_SHARES)[0]
    gender = chance.choice(["female", "male"])
    first = chance.choice(language.women if gender == "female" else language.men)
    last = chance.choice(language.last_women if gender == "female" else language.last_men)
    city, country, zone = chance.choices(language.cities, weights=[5, 3, 2, 2, 1])[0]
    habit = chance.choices(list(HABITS), [share for share, _visits, _orders in HABITS.values()])[0]
    habit = "regular" if is_new and habit == "asleep" else habit
    tier = "Gold" if habit == "fan" and chance.random() < 0.6 else chance.choice(["Silver", "Bronze", "Bronze"])
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        gender=gender,
        language=language.key,
        city=city,
        country=country,
        time_zone=zone,
        email=f"{names.latin(first)}.{names.latin(last)}{number}@example.{chance.choice(['com', 'net', 'org'])}",
        phone=_phone(number, language, chance),
        birthday=date(chance.randint(1955, 2006), chance.randint(1, 12), chance.randint(1, 28)),
        joined_at=joined_at,
        tier="Bronze" if is_new else tier,
        points=chance.randint(0, 60) if is_new else chance.randint(20, 2400 if tier == "Gold" else 700),
        category=chance.choices(goods.CATEGORIES, weights=[4, 6, 2, 3, 6, 2])[0],
        habit=habit,
        has_app=chance.random() < {"fan": 0.75, "regular": 0.4}.get(habit, 0.12),
        store=chance.choice(_stores_near(country)),
        is_asked=is_new or chance.random() < 0.87,
        is_new=is_new,
    )


def _at_daytime(moment: datetime, chance: random.Random) -> datetime:
    return moment if 5 <= moment.hour <= 20 else moment.replace(hour=chance.randint(6, 19))


def _phone(number: int, language: Language, chance: random.Random) -> str:
    places = language.phone.count("#")
    if not places or number >= 10**places or chance.random() < 0.45:
        return ""
    return language.phone.replace("#" * places, f"{number:0{places}d}")


def _stores_near(country: str) -> tuple[str, ...]:
    return {"BG": goods.STORES[:2], "PL": goods.STORES[2:4]}.get(country, goods.STORES[4:])
