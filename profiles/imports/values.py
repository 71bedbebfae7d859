"""What does a cell mean as a number, a date, a yes or no, or a list?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from profiles.models import AttributeDef

LONGEST_TEXT = 8_000
Type = AttributeDef.Type
MONTH_FIRST = "date_month_first"  # a way to read a date, not a type of its own

_YES = frozenset({"yes", "y", "true", "t", "1", "on", "да", "д", "истина", "tak", "prawda", "вярно"})
_NO = frozenset({"no", "n", "false", "f", "0", "off", "нет", "н", "ложь", "nie", "fałsz", "не", "невярно"})
_SPACES = re.compile(r"[\s\u00a0\u202f']")
_CURRENCY = re.compile(r"^[€$£₽]|[€$£₽%]$|\b(?:EUR|USD|PLN|BGN|RUB|zł|лв\.?|руб\.?)$")
_NUMBER = re.compile(r"^[+-]?\d[\d.,]*(?:[eE][+-]?\d{1,3})?$")
_DATE = re.compile(r"^(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")


class UnusableValueError(ValueError):
    """The cell is not of the type; the message says so to a person. Trying again does not help."""


def read(text: str, *, kind: str) -> Any:
    """Return the JSON value of a filled cell read as `kind` (AttributeDef.Type or MONTH_FIRST).

    Numbers are int or float, dates ISO 8601 text, lists lists of text. Raises UnusableValueError.
    """
    return READERS[kind](text.strip())


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise UnusableValueError(_("The text is longer than %(most)d characters.") % {"most": LONGEST_TEXT})
    return text


def _number(text: str) -> int | float:
    """Read "1 234,50", "1,234.50", "€ 12" and "12.5". One comma before exactly three digits divides thousands."""
    bare = _SPACES.sub("", _CURRENCY.sub("", text.strip()).strip())
    if not _NUMBER.match(bare):
        raise UnusableValueError(_("“%(text)s” is not a number.") % {"text": text[:60]})
    if "," in bare and "." in bare:
        thousands = "," if bare.rindex(".") > bare.rindex(",") else "."
        bare = bare.replace(thousands, "").replace(",", ".")
    elif bare.count(",") > 1 or re.search(r"^[+-]?[1-9]\d{0,2},\d{3}$", bare):
        bare = bare.replace(",", "")
    else:
        bare = bare.replace(",", ".")
    try:
        number = float(bare)
    except ValueError:
        raise UnusableValueError(_("“%(text)s” is not a number.") % {"text": text[:60]}) from None
    if not math.isfinite(number):
        raise UnusableValueError(_("The number is too large."))
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _boolean(text: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise UnusableValueError(_("“%(text)s” is neither yes nor no.") % {"text": text[:60]})


def _day_first(text: str) -> str:
    return _date(text, month_first=False)


def _month_first(text: str) -> str:
    return _date(text, month_first=True)


def _date(text: str, *, month_first: bool) -> str:
    try:
        moment = parse_datetime(text) if len(text) > 10 else None
        day = parse_date(text) if moment is None else None
        if moment is None and day is None and (match := _DATE.match(text)):
            moment, day = _written_date(match, month_first=month_first)
    except ValueError:
        moment, day = None, None
    if moment is not None:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat()
    if day is not None:
        return day.isoformat()
    raise UnusableValueError(_("“%(text)s” is not a date.") % {"text": text[:60]})


def _written_date(match: re.Match[str], *, month_first: bool) -> tuple[datetime | None, date | None]:
    first, second, third = (int(match[n]) for n in (1, 2, 3))
    if len(match[1]) == 4:
        year, month, day = first, second, third
    else:
        day, month = (second, first) if month_first else (first, second)
        year = third if len(match[3]) == 4 else third + (1900 if third > 40 else 2000)
    if match[4] is None:
        return None, date(year, month, day)
    return datetime(year, month, day, int(match[4]), int(match[5]), int(match[6] or 0), tzinfo=UTC), None


def _list(text: str) -> list[Any]:
    if text[:1] == "[" and isinstance(written := _json(text), list):
        return written
    bare = text.strip("[]{}")
    separator = next((mark for mark in ("|", ";", ",") if mark in bare), None)
    parts = bare.split(separator) if separator else [bare]
    return [part.strip(" \"'") for part in parts if part.strip(" \"'")]


def _object(text: str) -> dict[str, Any]:
    value = _json(_text(text))
    if not isinstance(value, dict):
        raise UnusableValueError(_("“%(text)s” is not a JSON object.") % {"text": text[:60]})
    return value


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return None if "\\u0000" in text else value


READERS: dict[str, Callable[[str], Any]] = {
    Type.STRING: _text,
    Type.NUMBER: _number,
    Type.BOOLEAN: _boolean,
    Type.DATE: _day_first,
    MONTH_FIRST: _month_first,
    Type.LIST: _list,
    Type.OBJECT: _object,
}
