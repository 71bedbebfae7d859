"""Which customers bought what, when? The CDNOW purchases, taken out of the `lifetimes` wheel; nothing of it is kept in git."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

WHEEL = "lifetimes==0.11.3"
DATASET = "lifetimes/datasets/CDNOW_master.txt"
CUSTOMERS, PURCHASES = 23_570, 69_659
LEAST_PURCHASES = 3
QUIET_DAYS = 180


class NoDataError(Exception):
    """The wheel is neither in the cache nor can it be fetched; the message says what to do."""


@dataclass(frozen=True)
class Purchase:
    line: int
    customer: str
    day: date
    count: int
    value: float

    @property
    def email(self) -> str:
        return f"customer{self.customer}@example.com"


def purchases(cache: Path, customers: int) -> list[Purchase]:
    """Return the purchases of the first `customers` customers, in the order of the file."""
    with zipfile.ZipFile(_wheel(cache)) as wheel, wheel.open(DATASET) as file:
        rows = [line.split() for line in file.read().decode().splitlines()]
    found = [
        Purchase(number, customer, date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}"), int(count), float(value))
        for number, (customer, day, count, value) in enumerate((row for row in rows if row and row[0].isdigit()), start=1)
    ]
    kept = set(sorted({purchase.customer for purchase in found})[:customers])
    return [purchase for purchase in found if purchase.customer in kept]


def quiet_since(bought: Sequence[Purchase]) -> tuple[date, date]:
    """Return the first and the last of the QUIET_DAYS days in which the people in question bought nothing."""
    end = max(purchase.day for purchase in bought)
    return end - timedelta(days=QUIET_DAYS - 1), end


def lapsed(bought: Sequence[Purchase]) -> set[str]:
    """Return who bought at least three times, and nothing in the last 180 days: computed by hand, without the product."""
    first, last = quiet_since(bought)
    days: dict[str, list[date]] = defaultdict(list)
    for purchase in bought:
        days[purchase.customer].append(purchase.day)
    return {
        customer
        for customer, all_days in days.items()
        if len(all_days) >= LEAST_PURCHASES and not any(first <= day <= last for day in all_days)
    }


def _wheel(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    found = sorted(cache.glob("[Ll]ifetimes-*.whl"))
    if found:
        return found[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "-d", str(cache)]
    done = subprocess.run([*command, WHEEL], capture_output=True, text=True, check=False)
    found = sorted(cache.glob("[Ll]ifetimes-*.whl"))
    if done.returncode or not found:
        raise NoDataError(
            f"The story needs the package {WHEEL}, which could not be downloaded into {cache}:\n{done.stderr[-2000:]}\n"
            "Make a package index reachable, or put the wheel there yourself."
        )
    return found[0]
