"""What does one row of the file say about a person, or why can it not be used? Pure: no query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from profiles import csv_export, identity
from profiles.imports import mapping, values
from profiles.imports.mapping import Column, Plan
from profiles.imports.reading import Record

LONGEST_REASON = 200
LONGEST_REMEMBERED, MOST_REMEMBERED = 40, 100_000


class Row(NamedTuple):
    """A usable row: normalized identifiers, most important first, and the attributes of its filled cells."""

    number: int
    identifiers: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]
    created_at: datetime | None = None


@dataclass(frozen=True)
class Fault:
    """An unusable row. `reason` is a sentence for the person who made the file; `kind` groups alike faults."""

    number: int
    column: str
    reason: str
    kind: str
    cells: list[str]


class _CellError(Exception):
    def __init__(self, column: Column, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.column, self.reason, self.kind = column.name, reason, kind


class Reader:
    """Reads rows as a plan says; cells that come again and again, such as cities and dates, are read once."""

    def __init__(self, plan: Plan) -> None:
        self._width = len(plan.columns)
        most = MOST_REMEMBERED // max(len(plan.used), 1)
        self._columns = [(column, column.index, _Cells(column, most) if _is_value(column) else None) for column in plan.used]

    def read(self, record: Record) -> Row | Fault:
        """Return what the row says. An empty cell says nothing: it never empties what is known."""
        if record.fault:
            return _fault(record, "", record.fault, _("The row cannot be read"))
        if len(record.cells) > self._width and any(cell.strip() for cell in record.cells[self._width :]):
            reason = _("The row has %(has)d cells, the header %(wants)d.") % {"has": len(record.cells), "wants": self._width}
            return _fault(record, "", reason, _("The row has more cells than the header"))
        try:
            return self._read(record)
        except _CellError as error:
            return _fault(record, error.column, error.reason, error.kind)

    def _read(self, record: Record) -> Row | Fault:
        identifiers: list[tuple[str, str]] = []
        attributes: dict[str, Any] = {}
        created_at: datetime | None = None
        cells, width = record.cells, len(record.cells)
        for column, index, known in self._columns:
            cell = cells[index].strip() if index < width else ""
            if cell[:1] == "'":
                cell = csv_export.unsafe(cell)
            if not cell:
                continue
            if known is None:
                identifiers.append((column.to, _identifier(column, cell)))
            elif column.attribute:
                attributes[column.attribute] = known[cell]
            else:
                created_at = _moment(known[cell])
        if not identifiers:
            reason = _("There is no e-mail, phone or user id in the row.")
            return _fault(record, "", reason, _("Nothing to recognize the person by"))
        if len(identifiers) > 1:
            identifiers.sort(key=_importance)
        return Row(record.number, tuple(identifiers), attributes, created_at)


class _Cells(dict[str, Any]):
    """What the cells of a column mean, remembered for short ones; raises _CellError for what means nothing."""

    def __init__(self, column: Column, most: int) -> None:
        super().__init__()
        self._column, self._most = column, most

    def __missing__(self, cell: str) -> Any:
        _check(self._column, cell)
        value = _value(self._column, cell, self._column.type)
        if len(cell) <= LONGEST_REMEMBERED:
            if len(self) >= self._most:
                self.clear()
            self[cell] = value
        return value


def _is_value(column: Column) -> bool:
    return bool(column.attribute) or column.to == mapping.CREATED_AT


def _importance(key: tuple[str, str]) -> int:
    return mapping.IDENTIFIERS.index(key[0])


def _check(column: Column, cell: str) -> None:
    if "\x00" in cell:
        kind = _("%(column)s: bytes that are no text") % {"column": column.name}
        raise _CellError(column, _("The cell holds bytes that are no text (NUL)."), kind)


def _identifier(column: Column, cell: str) -> str:
    _check(column, cell)
    normal = identity.normalize(column.to, cell)
    if normal is not None:
        return normal
    reason, kind = {
        mapping.EMAIL: (_("“%(cell)s” is not an e-mail address."), _("%(column)s: not an e-mail address")),
        mapping.PHONE: (
            _("“%(cell)s” is not a phone number; write it with its country code, such as +48 512 345 678."),
            _("%(column)s: not a phone number"),
        ),
        mapping.USER_ID: (_("“%(cell)s” is not a user id."), _("%(column)s: not a user id")),
    }[column.to]
    raise _CellError(column, reason % {"cell": cell[:60]}, kind % {"column": column.name})


def _value(column: Column, cell: str, kind: str) -> Any:
    try:
        return values.read(cell, kind=kind)
    except values.UnusableValueError as error:
        label = values.Type(column.stored_type).label
        raise _CellError(
            column, str(error), _("%(column)s: not readable as %(type)s") % {"column": column.name, "type": label}
        ) from None


def _moment(text: str) -> datetime | None:
    return parse_datetime(text if len(text) > 10 else f"{text}T00:00:00+00:00")


def _fault(record: Record, column: str, reason: str, kind: str) -> Fault:
    cells = [cell[:500].replace("\x00", "\ufffd") for cell in record.cells[:200]]
    return Fault(record.number, column[:255], reason[:LONGEST_REASON], kind, cells)
