"""What does one row of the file say about a person, or why can it not be used? Pure: no query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from profiles import csv_export, identity
from profiles.imports import mapping, values
from profiles.imports.mapping import Column, Plan
from profiles.imports.reading import Record

LONGEST_REASON = 200


@dataclass(frozen=True)
class Row:
    """A usable row: normalized identifiers, most important first, and the attributes of its filled cells."""

    number: int
    identifiers: tuple[tuple[str, str], ...]
    attributes: dict[str, Any] = field(default_factory=dict)
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


def read(record: Record, plan: Plan) -> Row | Fault:
    """Return what the row says. An empty cell says nothing: it never empties what is known."""
    if record.fault:
        return _fault(record, "", record.fault, _("The row cannot be read"))
    if any(cell.strip() for cell in record.cells[len(plan.columns) :]):
        reason = _("The row has %(has)d cells, the header %(wants)d.") % {"has": len(record.cells), "wants": len(plan.columns)}
        return _fault(record, "", reason, _("The row has more cells than the header"))
    try:
        return _read(record, plan)
    except _CellError as error:
        return _fault(record, error.column, error.reason, error.kind)


def _read(record: Record, plan: Plan) -> Row | Fault:
    identifiers: list[tuple[str, str]] = []
    attributes: dict[str, Any] = {}
    created_at: datetime | None = None
    for column in plan.used:
        cell = csv_export.unsafe(record.cells[column.index].strip()) if column.index < len(record.cells) else ""
        if not cell:
            continue
        if "\x00" in cell:
            kind = _("%(column)s: bytes that are no text") % {"column": column.name}
            raise _CellError(column, _("The cell holds bytes that are no text (NUL)."), kind)
        if column.attribute:
            attributes[column.attribute] = _value(column, cell, column.type)
        elif column.to == mapping.CREATED_AT:
            created_at = _moment(_value(column, cell, column.type))
        else:
            identifiers.append((column.to, _identifier(column, cell)))
    if not identifiers:
        return _fault(record, "", _("There is no e-mail, phone or user id in the row."), _("Nothing to recognize the person by"))
    identifiers.sort(key=lambda key: mapping.IDENTIFIERS.index(key[0]))
    return Row(record.number, tuple(identifiers), attributes, created_at)


def _identifier(column: Column, cell: str) -> str:
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
