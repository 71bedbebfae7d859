"""Which slice of a long list is this page? By keys, never by offsets, so that page 1,000 costs what page 1 costs.

    page = keyset.page(Segment.objects.all(), order=("-created_at", "-id"), query=request.GET)
    for segment in page.items: ...            {% include "components/_pager.html" with page=page %}

All columns of `order` run in one direction, are never null, and end with a unique one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """One slice; the cursors are None at the ends."""

    items: list[M]
    next_cursor: str | None
    previous_cursor: str | None

    def __len__(self) -> int:
        return len(self.items)


def page(rows: QuerySet[M], *, order: Sequence[str], query: Mapping[str, str], size: int = PAGE_SIZE) -> Page[M]:
    """Return the rows after `query["after"]` or before `query["before"]`; one query. A broken cursor means the first page."""
    names = [column.removeprefix("-") for column in order]
    is_backward = bool(query.get("before"))
    keys = _decode(rows, names, query.get("before") or query.get("after") or "")
    wants_larger = order[0].startswith("-") == is_backward
    if keys is None:
        is_backward = False
    else:
        rows = rows.filter(_beyond(names, keys, "gt" if wants_larger else "lt"))
    directed = [_flip(column) for column in order] if is_backward else list(order)
    found = list(rows.order_by(*directed)[: size + 1])
    has_more, items = len(found) > size, found[:size]
    if is_backward:
        items.reverse()
    has_next = has_more if not is_backward else True
    has_previous = has_more if is_backward else keys is not None
    return Page(
        items,
        _encode(items[-1], names) if items and has_next else None,
        _encode(items[0], names) if items and has_previous else None,
    )


def _flip(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _beyond(names: Sequence[str], keys: Sequence[Any], lookup: str) -> Q:
    """Return (a, b) beyond (x, y) as: a beyond x, or a = x and b beyond y."""
    condition, equal = Q(), Q()
    for name, key in zip(names, keys):
        condition |= equal & Q(**{f"{name}__{lookup}": key})
        equal &= Q(**{name: key})
    return condition & Q(**{f"{names[0]}__{lookup}e": keys[0]})


def _encode(row: Model, names: Sequence[str]) -> str:
    values = [_read(row, name) for name in names]
    return base64.urlsafe_b64encode(json.dumps(values, cls=_Exact).encode()).decode().rstrip("=")


def _read(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _decode(rows: QuerySet[M], names: Sequence[str], cursor: str) -> list[Any] | None:
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(names):
            return None
        rows.filter(**dict(zip(names, values)))  # lets the columns check their values
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError, ValidationError):
        return None
    return values


class _Exact(DjangoJSONEncoder):
    """Moments keep their microseconds: a cut one would repeat or skip rows."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, (datetime, date)) else super().default(o)
