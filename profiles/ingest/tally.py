"""How many calls of each source were used, repeated and refused, hour by hour?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from profiles.ingest.deadletters import Letter
from profiles.ingest.spec import Call


def add(*, used: Sequence[Call], repeated: Sequence[Call], refused: Sequence[Letter], now: datetime) -> None:
    """Add what became of these calls. Call it last in a transaction: workers wait for each other at these rows."""
    counts = [Counter(call.origin.source_id for call in calls) for calls in (used, repeated)]
    counts.append(Counter(letter.source_id for letter in refused))
    latest: dict[int, datetime] = {}
    for source_id, received_at in [
        *((call.origin.source_id, call.origin.received_at) for call in (*used, *repeated)),
        *((letter.source_id, letter.received_at) for letter in refused),
    ]:
        latest[source_id] = max(latest.get(source_id, received_at), received_at)
    hour = now.replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO profiles_sourcetally AS t (source_id, hour_at, used, repeated, refused, latest_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (source_id, hour_at) DO UPDATE SET used = t.used + excluded.used,"
            " repeated = t.repeated + excluded.repeated, refused = t.refused + excluded.refused,"
            " latest_at = GREATEST(t.latest_at, excluded.latest_at)",
            [(source_id, hour, *(count[source_id] for count in counts), at) for source_id, at in sorted(latest.items())],
        )
