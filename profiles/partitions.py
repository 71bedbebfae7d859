"""Are there monthly partitions for these events? Made ahead by beat, and on demand for imported history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import connection, transaction

MONTHS_AHEAD = 3
PARTITION_LOCK = 0x6F6D6E69_65766E74  # "omnievnt": one maker of partitions at a time


def months_of(times: Iterable[datetime]) -> set[date]:
    """Return the first days of the months (UTC) that hold `times`."""
    return {date(time.year, time.month, 1) for time in times}


def ensure_ahead(*, now: datetime) -> int:
    """Make the partitions of this month and of the MONTHS_AHEAD next ones; return how many were missing."""
    months = set()
    month = date(now.year, now.month, 1)
    for _ in range(MONTHS_AHEAD + 1):
        months.add(month)
        month = following(month)
    return ensure(months)


def ensure(months: Iterable[date]) -> int:
    """Make the missing partitions for `months` (first days, UTC); return how many were missing.

    A new table is attached rather than created in place: attaching does not block readers and writers of the others.
    """
    wanted = {name_of(month): month for month in months}
    missing = set(wanted) - _existing(wanted)
    if not missing:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        for name in sorted(missing - _existing(wanted)):
            month = wanted[name]
            cursor.execute(f"CREATE TABLE {name} (LIKE profiles_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
            cursor.execute(
                f"ALTER TABLE profiles_event ATTACH PARTITION {name} FOR VALUES FROM ('{month}') TO ('{following(month)}')"
            )
    return len(missing)


def following(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def name_of(month: date) -> str:
    return f"profiles_event_{month:%Y_%m}"


def _existing(names: Iterable[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname = ANY(%s)", [list(names)])
        return {row[0] for row in cursor.fetchall()}
