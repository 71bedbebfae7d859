"""How long do the list of people and a profile take to open at 1 M people and 20 M events?

python -m tests.bench.bench_people [people] [events per person]
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench import database, report
from tests.bench.report import Row

if TYPE_CHECKING:
    from django.test import Client

PEOPLE = 1_000_000
EVENTS_PER_PERSON = 20
EVENTS_OF_THE_BUSIEST = 10_000
REPEATS = 5
DEEP_PAGES = 20
GOAL_MS = 200.0
NEXT = re.compile(r'rel="next" href="[^"]*after=([\w-]+)')
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DAYS = 180
# The addresses of styles and scripts as they are in development: nothing is collected for a bench.
PLAIN_FILES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

FILL_PEOPLE = """
INSERT INTO profiles_profile
    (id, version, attributes, attribute_facts, is_test, created_at, updated_at, latest_seen_at, search)
SELECT n, 1,
    jsonb_build_object(
        'name', 'Person ' || n, 'country', (ARRAY['Poland', 'Bulgaria', 'Spain', 'Italy'])[1 + n %% 4], 'age', n %% 80
    ),
    jsonb_build_object('name', jsonb_build_array(%(at)s::text, 'Shop'), 'country', jsonb_build_array(%(at)s::text, 'Shop')),
    false, %(now)s - n * interval '10 seconds', %(now)s, %(now)s - (n %% 1000000) * interval '7 seconds',
    array_to_tsvector(ARRAY['person', n::text, 'p' || n, 'example', 'com'])
FROM generate_series(1, %(people)s) AS n
"""
FILL_IDENTIFIERS = """
INSERT INTO profiles_identifier (profile_id, type, value, source, first_seen_at, latest_seen_at)
SELECT n, 'email', 'p' || n || '@example.com', 'Shop', %(now)s, %(now)s FROM generate_series(1, %(people)s) AS n
"""
FILL_ADDRESSES = """
INSERT INTO profiles_contactpoint (profile_id, kind, address, created_at)
SELECT n, 'email', 'p' || n || '@example.com', %(now)s FROM generate_series(1, %(people)s) AS n
"""
FILL_EVENTS = """
INSERT INTO profiles_event (time, id, profile_id, name_id, value, properties, received_at)
SELECT %(now)s - (n %% %(days)s) * interval '1 day' - (n %% 86000) * interval '1 second', gen_random_uuid(),
    1 + (n %% %(people)s), 1 + n %% 3, n %% 100, jsonb_build_object('sku', n %% 1000), %(now)s
FROM generate_series(%(first)s, %(last)s) AS n
"""
FILL_BUSIEST = """
INSERT INTO profiles_event (time, id, profile_id, name_id, value, properties, received_at)
SELECT %(now)s - n * interval '20 minutes', gen_random_uuid(), 1, 1 + n %% 3, n, jsonb_build_object('sku', n), %(now)s
FROM generate_series(1, %(count)s) AS n
"""
CHUNK = 1_000_000


def main(people: int, each: int) -> None:
    with database.own("people"):
        from django.test import override_settings

        started = time.perf_counter()
        fill(people, people * each)
        print(f"filled in {time.perf_counter() - started:.0f} s")
        with override_settings(STORAGES=PLAIN_FILES):
            rows = measure(people, people * each)
    report.write("people", rows)


def fill(people: int, events: int) -> None:
    from django.db import connection

    from profiles import partitions
    from profiles.models import AttributeDef, EventDef

    partitions.ensure(partitions.months_of(NOW - timedelta(days=day) for day in range(DAYS + 2)))
    AttributeDef.objects.bulk_create(
        AttributeDef(key=key, type=kind, first_seen_at=NOW) for key, kind in (("name", "string"), ("country", "string"))
    )
    EventDef.objects.bulk_create(
        EventDef(id=number, name=name, first_seen_at=NOW) for number, name in enumerate(("Seen", "Added", "Bought"), 1)
    )
    given: dict[str, Any] = {"people": people, "now": NOW, "at": NOW.isoformat(), "days": DAYS}
    with connection.cursor() as cursor:
        for sql in (FILL_PEOPLE, FILL_IDENTIFIERS, FILL_ADDRESSES):
            cursor.execute(sql, given)
        for first in range(1, events + 1, CHUNK):
            cursor.execute(FILL_EVENTS, {**given, "first": first, "last": min(events, first + CHUNK - 1)})
        cursor.execute(FILL_BUSIEST, {**given, "count": EVENTS_OF_THE_BUSIEST})
        cursor.execute("SELECT setval(pg_get_serial_sequence('profiles_profile', 'id'), %(people)s)", given)
        cursor.execute("VACUUM ANALYZE")


def measure(people: int, events: int) -> list[Row]:
    from django.test import Client

    from omni.models import User

    client = Client()
    user = User.objects.create_user("bench@omni.test", "x", role=User.Role.OWNER)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    size = f"{people:,} people, {events:,} events"
    asked = {
        f"list, first page ({size})": "/people/",
        f"list, page {DEEP_PAGES}": deep(client, "/people/"),
        f"list by name, page {DEEP_PAGES}": deep(client, "/people/?sort=name"),
        f"list by activity, page {DEEP_PAGES}": deep(client, "/people/?sort=active"),
        "list, one country": "/people/?is=country:Poland",
        "list, an attribute nobody has": "/people/?is=country:Atlantis",
        "list, opted in": "/people/?consent=email:granted",
        "search by the beginning of an address": f"/people/?q=p{people // 2}",
        "search by a word everybody has": "/people/?q=person",
        "a person": f"/people/{people // 2}/",
        f"a person with {EVENTS_OF_THE_BUSIEST:,} events": "/people/1/",
        "their timeline, half way down": f"/people/1/timeline/?before={(NOW - timedelta(days=70)).isoformat()}".replace(
            "+", "%2B"
        ),
    }
    return [Row(what, "ms", took(client, path), None, "", GOAL_MS) for what, path in asked.items()]


def deep(client: Client, path: str) -> str:
    """Return the address of the page that many steps lead to."""
    address = path
    mark = "&" if "?" in path else "?"
    for _ in range(DEEP_PAGES - 1):
        found = NEXT.search(client.get(address).content.decode())
        if found is None:
            return address
        address = f"{path}{mark}after={found.group(1)}"
    return address


def took(client: Client, path: str) -> float:
    def once() -> float:
        started = time.perf_counter()
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return (time.perf_counter() - started) * 1000

    once()
    ask: Callable[[], float] = once
    return median(ask() for _ in range(REPEATS))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE, int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS_PER_PERSON)
