"""How are numbers written? Thin spaces between thousands, the decimal mark of the viewer's language."""

from __future__ import annotations

from decimal import Decimal

from django.utils import formats
from django.utils.translation import pgettext

THIN_SPACE = "\u202f"
DASH = "–"
CURRENCY_PLACES = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3}


def number(value: float | Decimal | None, *, places: int = 0) -> str:
    """Return `value` with `places` decimals; a dash for None."""
    if value is None or value == "":
        return DASH
    whole, _, fraction = f"{Decimal(str(value)):,.{places}f}".partition(".")
    text = whole.replace(",", THIN_SPACE).replace("-", "−")
    return f"{text}{formats.get_format('DECIMAL_SEPARATOR')}{fraction}" if fraction else text


def percent(value: float | Decimal | None, *, places: int = 1) -> str:
    """Return a share (0.5) as per cent; a dash for None."""
    if value is None:
        return DASH
    shown = number(Decimal(str(value)) * 100, places=places)
    return pgettext("share", "%(number)s %%") % {"number": shown}


def money(minor_units: int | None, currency: str) -> str:
    """Return minor units (cents) as an amount with its currency; a dash for None."""
    if minor_units is None:
        return DASH
    places = CURRENCY_PLACES.get(currency, 2)
    return f"{number(Decimal(minor_units).scaleb(-places), places=places)}\u00a0{currency}"
