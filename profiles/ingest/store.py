"""How do events get into their monthly tables fast? One COPY for a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from profiles import partitions

_COPY = (
    "COPY profiles_event (time, id, profile_id, name_id, value, properties, source_id, received_at) FROM STDIN (FORMAT BINARY)"
)
_TYPES = ("timestamptz", "uuid", "int8", "int2", "numeric", "jsonb", "int8", "timestamptz")


@dataclass(frozen=True, slots=True)
class Row:
    """One event as stored; `properties` is JSON without NUL characters, lone surrogates and infinite numbers."""

    time: datetime
    id: UUID
    profile_id: int
    name_id: int
    value: Decimal | None
    properties: dict[str, Any]
    source_id: int | None
    received_at: datetime


def copy(rows: Sequence[Row]) -> None:
    """Write these events, making the partitions they need. Two statements."""
    if not rows:
        return
    partitions.ensure(partitions.months_of(row.time for row in rows))
    with connection.cursor() as cursor, cursor.copy(_COPY) as out:  # psycopg's cursor, reached through Django's wrapper
        out.set_types(_TYPES)
        for row in rows:
            out.write_row(
                (
                    row.time,
                    row.id,
                    row.profile_id,
                    row.name_id,
                    row.value,
                    Jsonb(row.properties),
                    row.source_id,
                    row.received_at,
                )
            )
