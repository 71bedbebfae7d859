"""How much is this amount in minor units (cents)?"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from omni.figures import CURRENCY_PLACES

MOST_MINOR = 10**15
_CURRENCY = re.compile(r"[A-Z]{3}")


def currency_of(value: object, default: str) -> str:
    """Return the ISO 4217 code that was given, or the default when it is none."""
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if _CURRENCY.fullmatch(code) else default


def amount(value: object) -> Decimal | None:
    """Return the number that was given, as a number or as text with a point or a comma; None for others."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = str(value).strip()[:40].replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def minor(value: object, currency: str) -> int | None:
    """Return the amount in minor units of the currency, halves rounded up; None when it is no amount or below nothing."""
    number = amount(value)
    if number is None or number < 0 or number >= MOST_MINOR:
        return None
    return int(number.scaleb(CURRENCY_PLACES.get(currency, 2)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def major(minor_units: int | None, currency: str) -> Decimal | None:
    """Return minor units as an amount in whole units with the places of the currency."""
    return None if minor_units is None else Decimal(minor_units).scaleb(-CURRENCY_PLACES.get(currency, 2))
