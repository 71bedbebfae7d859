"""How many calls of each source were used, repeated and refused, hour by hour?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection

from profiles.ingest.deadletters import Letter
from profiles.ingest.spec import Call
from profiles.models import Identifier

LATE_AFTER = timedelta(days=1)


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


def add_events(*, calls: Sequence[Call], name_ids: Mapping[str, int], now: datetime) -> None:
    """Add these events to the day's numbers of their names. One statement, which locks in key order; call it late as well."""
    used: Counter[tuple[int, int]] = Counter()
    late: Counter[tuple[int, int]] = Counter()
    nameless: Counter[tuple[int, int]] = Counter()
    for call in calls:
        key = (name_ids[call.name], call.origin.source_id)
        used[key] += 1
        late[key] += call.origin.received_at - call.time > LATE_AFTER
        nameless[key] += all(kind == Identifier.Type.ANONYMOUS_ID for kind, _value in call.identifiers)
    keys = sorted(used)
    if not keys:
        return
    columns = [
        [name for name, _ in keys],
        [source for _, source in keys],
        *([one[key] for key in keys] for one in (used, late, nameless)),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_eventtally AS t (day, name_id, source_id, used, late, nameless)"
            " SELECT %s, * FROM unnest(%s::smallint[], %s::bigint[], %s::int[], %s::int[], %s::int[])"
            " ON CONFLICT (name_id, source_id, day) DO UPDATE SET used = t.used + excluded.used, late = t.late + excluded.late,"
            " nameless = t.nameless + excluded.nameless",
            [now.date(), *columns],
        )
