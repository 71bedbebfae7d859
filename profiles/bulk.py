"""How do thousands of values reach PostgreSQL at once? As one text, in the notation the server itself reads quickest.

A list given to the driver is taken apart and quoted value by value in Python, which costs more than the statement does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

_TO_ESCAPE = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def numbers(values: Iterable[int]) -> str:
    """Return the integers as an array; cast it: `%s::bigint[]`."""
    return f"{{{','.join(map(str, values))}}}"


def texts(values: Iterable[str | None]) -> str:
    """Return the texts as an array; cast it: `%s::text[]`. None is NULL."""
    return f"{{{','.join(['NULL' if value is None else _quoted(value) for value in values])}}}"


def moments(values: Iterable[datetime]) -> str:
    """Return the moments as an array; cast it: `%s::timestamptz[]`. Alike moments are written out once."""
    seen: dict[datetime, str] = {}
    return f"{{{','.join(seen.get(value) or seen.setdefault(value, _moment(value)) for value in values)}}}"


def copy(table: str, columns: Sequence[str], rows: Iterable[Iterable[str | None]]) -> None:
    """COPY rows of texts, as PostgreSQL reads them, into the table; None is NULL. Raises the database errors of Django."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        names = ", ".join(columns)
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as target:
            target.write("".join(["\t".join([_cell(cell) for cell in row]) + "\n" for row in rows]))


def _cell(text: str | None) -> str:
    if text is None:
        return "\\N"
    return text.translate(_TO_ESCAPE) if "\\" in text or not text.isprintable() else text


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _moment(value: datetime) -> str:
    return f'"{value.isoformat()}"'
