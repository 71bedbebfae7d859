"""Which calls came lately from each source, and what became of them? A short memory for those who connect a source.

Written by the worker with the batch itself, so accepting a call costs nothing more. At most MOST_PER_BATCH calls of a
source are kept of a batch, and KEPT_PER_SOURCE of all.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from profiles.ingest.clean import clean
from profiles.ingest.deadletters import Letter
from profiles.ingest.spec import Call, Drop
from profiles.models import RecentCall

State = RecentCall.State

KEPT_PER_SOURCE = 200
KEPT_FOR = timedelta(days=7)
MOST_PER_BATCH = 50
LONGEST_BODY = 40_000

_INSERT = """
    INSERT INTO profiles_recentcall (source_id, received_at, type, name, state, reason, profile_id, body)
    SELECT * FROM unnest(
        %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[])
"""
# A source whose memory is full: all before its KEPT_PER_SOURCE latest.
_SHORTEN = """
    DELETE FROM profiles_recentcall r USING unnest(%s::bigint[]) AS s (id)
    WHERE r.source_id = s.id AND r.id <= (
        SELECT id FROM profiles_recentcall WHERE source_id = s.id ORDER BY id DESC OFFSET %s LIMIT 1)
"""


@dataclass(frozen=True)
class _Row:
    source_id: int
    received_at: datetime
    type: str
    name: str
    state: str
    reason: str
    profile_id: int | None
    raw: Any


def keep(*, used: Sequence[Call], repeated: Sequence[Call], refused: Sequence[Letter]) -> None:
    """Remember the latest of these calls. Two statements for a batch of any size."""
    chosen: dict[int, list[_Row]] = defaultdict(list)
    for row in _latest_first(used, repeated, refused):
        if len(chosen[row.source_id]) < MOST_PER_BATCH:
            chosen[row.source_id].append(row)
    rows = sorted((row for each in chosen.values() for row in reversed(each)), key=lambda row: row.received_at)
    if not rows:
        return
    fields = ("source_id", "received_at", "type", "name", "state", "reason", "profile_id")
    columns: list[list[Any]] = [[getattr(row, field) for row in rows] for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*columns, [_text(row.raw) for row in rows]])
        cursor.execute(_SHORTEN, [sorted(chosen), KEPT_PER_SOURCE])


def shorten(*, now: datetime) -> None:
    """Forget what is too old."""
    RecentCall.objects.filter(received_at__lt=now - KEPT_FOR).delete()


def _latest_first(used: Sequence[Call], repeated: Sequence[Call], refused: Sequence[Letter]) -> Iterator[_Row]:
    for letter in refused:  # these first: they are what one looks for
        if letter.reason == Drop.ERASED:
            continue  # nothing of it is kept
        raw = letter.body
        kind = raw.get("type") if isinstance(raw, dict) else None
        name = raw.get("event") if isinstance(raw, dict) else None
        yield _Row(
            letter.source_id, letter.received_at, _short(kind, 16), _short(name, 255), State.REFUSED, letter.reason, None, raw
        )
    for calls, state in ((used, State.USED), (repeated, State.REPEATED)):
        for call in reversed(calls):
            yield _Row(
                call.origin.source_id,
                call.origin.received_at,
                call.type,
                call.name,
                state,
                Drop.UNPROVEN if call.is_doubted else "",
                call.profile_id or None,
                call.raw,
            )


def _short(value: object, length: int) -> str:
    return str(clean(value))[:length] if isinstance(value, str) else ""


def _text(raw: Any) -> str:
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else json.dumps(raw)
    return text.replace("\x00", "\ufffd")[:LONGEST_BODY]
