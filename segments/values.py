"""What may one type beside a comparison, and how is it said back?

Dates without a zone, stored or typed, are days of UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LONGEST_TEXT = 500
MOST_VALUES = 200
MOST_DAYS = 36_500


def midnight(day: str) -> datetime:
    found = parse_date(day)
    return datetime.combine(found or date.min, datetime.min.time(), tzinfo=UTC)


def exact(value: float) -> Decimal:
    return Decimal(str(value))


def clean_nothing(value: Any) -> None:
    return None


def clean_text(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not str(value).strip():
        raise ValidationError(_("Type a value."), code="value")
    text = str(value).strip()
    if len(text) > LONGEST_TEXT or "\x00" in text:
        raise ValidationError(_("This value is too long."), code="value")
    return text


def clean_texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = list(dict.fromkeys(clean_text(one) for one in values if one not in (None, "")))
    if not texts:
        raise ValidationError(_("Type at least one value."), code="value")
    if len(texts) > MOST_VALUES:
        raise ValidationError(_("A list holds up to %(most)s values.") % {"most": MOST_VALUES}, code="value")
    return texts


def clean_number(value: Any) -> float:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or abs(number) > 1e15:
        raise ValidationError(_("Type a number."), code="value")
    return int(number) if number.is_integer() else number


def clean_numbers(value: Any) -> list[float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValidationError(_("Type two numbers."), code="value")
    low, high = clean_number(value[0]), clean_number(value[1])
    if low > high:
        raise ValidationError(_("The first number is larger than the second."), code="value")
    return [low, high]


def clean_date(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    try:
        found = parse_date(str(value).strip())
    except ValueError:
        found = None
    # The day after, and a zone's offset, must still be moments that can be said.
    if found is None or not 2 <= found.year <= 9990:
        raise ValidationError(_("Choose a date."), code="value")
    return found.isoformat()


def clean_dates(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValidationError(_("Choose two dates."), code="value")
    first, second = clean_date(value[0]), clean_date(value[1])
    if first > second:
        raise ValidationError(_("The first date is later than the second."), code="value")
    return [first, second]


def clean_days(value: Any) -> float:
    days = clean_number(value)
    if not 0 < days <= MOST_DAYS:
        raise ValidationError(_("Type a number of days from 1 to %(most)s.") % {"most": MOST_DAYS}, code="value")
    return days


CLEAN: dict[str, Callable[[Any], Any]] = {
    "nothing": clean_nothing,
    "text": clean_text,
    "texts": clean_texts,
    "number": clean_number,
    "numbers": clean_numbers,
    "date": clean_date,
    "dates": clean_dates,
    "days": clean_days,
}


def say(takes: str, value: Any) -> str:
    """Return a value in words, in the reader's language."""
    if takes == "nothing":
        return ""
    if takes == "texts":
        return either([str(one) for one in value])
    if takes == "number":
        return say_number(value)
    if takes == "numbers":
        return _("%(first)s and %(second)s") % {"first": say_number(value[0]), "second": say_number(value[1])}
    if takes == "date":
        return say_date(value)
    if takes == "dates":
        return _("%(first)s and %(second)s") % {"first": say_date(value[0]), "second": say_date(value[1])}
    if takes == "days":
        return say_days(value)
    return str(value)


def say_number(value: float) -> str:
    return str(formats.localize(exact(value), use_l10n=True))


def say_date(day: str) -> str:
    return str(formats.date_format(midnight(day), "DATE_FORMAT"))


def say_days(days: float) -> str:
    return ngettext("%(days)s day", "%(days)s days", math.ceil(days)) % {"days": say_number(days)}


def either(words: list[str], most: int = 5) -> str:
    """Return "a, b or c"; a long list is cut with how many more there are."""
    if len(words) > most:
        more = len(words) - most
        return ngettext("%(words)s or %(count)s more", "%(words)s or %(count)s more", more) % {
            "words": ", ".join(words[:most]),
            "count": more,
        }
    if len(words) == 1:
        return words[0]
    return _("%(first)s or %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}
