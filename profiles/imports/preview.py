"""What would this import do? The real thing on the first rows, in a transaction that is rolled back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO

from django.db import transaction

from profiles.imports import loading, reading, rows
from profiles.imports.mapping import Plan
from profiles.imports.reading import Shape
from profiles.imports.rows import Fault

MOST_ROWS = 5_000


@dataclass(frozen=True)
class Reason:
    """A reason why rows are not used, how many of the rows looked at share it, and one of them."""

    kind: str
    rows: int
    example: Fault


@dataclass(frozen=True)
class Preview:
    """Outcomes of the rows looked at; `is_whole` says whether these are all rows of the file."""

    looked_at: int
    is_whole: bool
    created: int
    updated: int
    unchanged: int
    rejected: int
    merged: int
    reasons: list[Reason]


def preview(*, file: IO[bytes], shape: Shape, plan: Plan, import_id: int, at: datetime, now: datetime) -> Preview:
    """Return what the first MOST_ROWS rows would do, by doing it and taking it back. Holds locks on them meanwhile."""
    found = list(islice(reading.records(file, shape), MOST_ROWS + 1))
    looked_at = found[:MOST_ROWS]
    reader = rows.Reader(plan)
    read = [reader.read(record) for record in looked_at]
    usable = [row for row in read if isinstance(row, rows.Row)]
    faults = [fault for fault in read if isinstance(fault, Fault)]
    with transaction.atomic():
        loaded = loading.load(rows=usable, plan=plan, import_id=import_id, at=at, now=now)
        transaction.set_rollback(True)
    return Preview(
        looked_at=len(looked_at),
        is_whole=len(found) <= MOST_ROWS,
        created=loaded.created,
        updated=loaded.updated,
        unchanged=loaded.unchanged,
        rejected=len(faults),
        merged=loaded.merged,
        reasons=_reasons(faults),
    )


def _reasons(faults: list[Fault]) -> list[Reason]:
    examples: dict[str, Fault] = {}
    for fault in faults:
        examples.setdefault(fault.kind, fault)
    return [Reason(kind, count, examples[kind]) for kind, count in Counter(fault.kind for fault in faults).most_common()]
