"""How fast is "country is X and at least 3 purchases in 30 days" over 100,000 people and 1 M events, beside SQL by hand?

python -m tests.bench.bench_segments [people]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.bench import database, report
from tests.bench.report import Row

if TYPE_CHECKING:
    from segments.models import Segment

PEOPLE = 100_000
EVENTS_PER_PERSON = 10
NEW_EVENTS = 1_000
REPEATS = 5
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
DEFINITION = {
    "version": 1,
    "root": {
        "match": "all",
        "items": [
            {"kind": "attribute", "params": {"attribute": "country", "operator": "is", "value": "Poland"}},
            {
                "kind": "event",
                "params": {
                    "event": "Order Completed",
                    "measure": "count",
                    "comparison": "at_least",
                    "amount": 3,
                    "window": {"kind": "last", "amount": 30, "unit": "days"},
                    "where": [],
                },
            },
        ],
    },
}
BY_HAND = """
SELECT p.id FROM profiles_profile p JOIN (
    SELECT profile_id FROM profiles_event WHERE name_id = %s AND time > %s AND time <= %s GROUP BY 1 HAVING count(*) >= 3
) bought ON bought.profile_id = p.id
WHERE p.merged_into_id IS NULL AND p.attributes->>'country' = 'Poland'
"""


def main(people: int) -> None:
    with database.own("segments"):
        fill(people)
        count, members = by_hand()
        ours = counted(members)
        made, filled, filled_by_hand = materialized(members)
        after = followed(made)
        shown = previewed()
    size = f"{people:,} people, {people * EVENTS_PER_PERSON:,} events"
    scale = people / PEOPLE
    report.write(
        "segments",
        [
            Row(f"count of a segment, {size}", "s", ours, count, "SQL by hand, blind to merges", 1.0 * scale),
            Row("count, reach and ten people with reasons", "s", shown, count, "SQL by hand, blind to merges", 1.0 * scale),
            Row(
                "first fill: memberships and next moments",
                "s",
                filled,
                filled_by_hand,
                "INSERT of the same ids by hand",
                2.0 * scale,
            ),
            Row(f"exact again after {NEW_EVENTS:,} new events", "s", after, count, "counting everybody by hand", 0.5 * scale),
        ],
    )


def fill(people: int) -> None:
    """Write people and events by SQL with a fixed seed; one person in a hundred was merged into another."""
    from django.db import connection

    from profiles import partitions
    from profiles.models import EventDef

    for name in ("Order Completed", "Product Viewed", "Page Viewed"):
        EventDef.objects.create(name=name, first_seen_at=NOW)
    days = 120
    partitions.ensure(partitions.months_of(NOW - timedelta(days=day) for day in range(days + 1)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        cursor.execute(
            "INSERT INTO profiles_profile (version, attributes, attribute_facts, is_test, created_at, updated_at)"
            " SELECT 1, jsonb_build_object("
            " 'country', (ARRAY['Poland','Bulgaria','Germany','Spain','Italy'])[1 + floor(random()*5)],"
            " 'age', 18 + floor(random()*60), 'name', 'Person ' || n), '{}', false, %s, %s FROM generate_series(1, %s) AS n",
            [NOW, NOW, people],
        )
        cursor.execute("UPDATE profiles_profile SET merged_into_id = id - 1 WHERE id % 100 = 0")
        cursor.execute(
            "INSERT INTO profiles_event (time, id, profile_id, name_id, value, properties, received_at)"
            " SELECT %s - random() * %s, gen_random_uuid(), 1 + floor(random() * %s),"
            " (SELECT min(id) FROM profiles_eventdef) + floor(random() * 3), round((random() * 200)::numeric, 2),"
            " jsonb_build_object('category', (ARRAY['Boots','Hats','Bags','Coats'])[1 + floor(random()*4)]), %s"
            " FROM generate_series(1, %s)",
            [NOW, timedelta(days=days), people, NOW, people * EVENTS_PER_PERSON],
        )
        cursor.execute("VACUUM ANALYZE profiles_profile")
        cursor.execute("VACUUM ANALYZE profiles_event")


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the fastest of some runs, so that a busy machine disturbs little, and what it returned."""
    seconds, found = [], None
    for _run in range(REPEATS):
        begun = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds), found


def by_hand() -> tuple[float, set[int]]:
    """Time the count by hand; return who a plain reading of all rows in Python finds."""
    from django.db import connection

    from profiles.models import EventDef, Profile

    name_id = EventDef.objects.get(name="Order Completed").pk
    with connection.cursor() as cursor:

        def ask() -> int:
            cursor.execute(f"SELECT count(*) FROM ({BY_HAND}) AS found", [name_id, SINCE, NOW])
            return int(cursor.fetchone()[0])

        seconds, _count = best(ask)
        cursor.execute(
            "SELECT profile_id FROM profiles_event WHERE name_id = %s AND time > %s AND time <= %s", [name_id, SINCE, NOW]
        )
        rows = cursor.fetchall()
    roots = dict(Profile.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into_id"))
    bought: dict[int, int] = {}
    for (person,) in rows:
        bought[roots.get(person, person)] = bought.get(roots.get(person, person), 0) + 1
    polish = set(Profile.objects.filter(attributes__country="Poland", merged_into=None).values_list("pk", flat=True))
    return seconds, {person for person, times in bought.items() if times >= 3} & polish


def counted(members: set[int]) -> float:
    from segments import compiler

    assert compiler.ids(DEFINITION, now=NOW) == members
    seconds, found = best(lambda: compiler.count(DEFINITION, now=NOW))
    assert found == len(members)
    return seconds


def previewed() -> float:
    from segments import compiler

    seconds, seen = best(lambda: compiler.preview(DEFINITION, now=NOW))
    assert len(seen.examples) == 10
    assert all(len(example.reasons) == 2 for example in seen.examples)
    return seconds


def materialized(members: set[int]) -> tuple[Segment, float, float]:
    """Time the first fill, and the insert of the same ids into a table of the same shape by hand."""
    from django.db import connection

    from segments import editing, materialize
    from segments.models import Membership

    made = editing.create(name="Regulars", definition=DEFINITION, by=None, now=NOW)
    begun = time.perf_counter()
    assert materialize.refresh_stale(now=NOW) == 1
    seconds = time.perf_counter() - begun
    assert set(Membership.objects.filter(segment=made, until_at=None).values_list("profile_id", flat=True)) == members
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (LIKE segments_membership INCLUDING ALL)")
        begun = time.perf_counter()
        cursor.execute(
            f"INSERT INTO bare (segment_id, profile_id, from_at) SELECT 1, id, %s FROM ({BY_HAND}) AS found",
            [NOW, _name_id(), SINCE, NOW],
        )
        by_hand_seconds = time.perf_counter() - begun
        cursor.execute("DROP TABLE bare")
    return made, seconds, by_hand_seconds


def followed(made: Segment) -> float:
    """Time the feed after new purchases, and check the result against a full refresh."""
    import uuid

    from omni import feed
    from profiles import changes
    from profiles.models import Event, Profile
    from segments import following, materialize

    buyers = list(Profile.objects.surviving().order_by("-pk").values_list("pk", flat=True)[:NEW_EVENTS])
    Event.objects.bulk_create(
        Event(time=NOW, id=uuid.uuid4(), profile_id=pk, name_id=_name_id(), value=10, properties={}, received_at=NOW)
        for pk in buyers
    )
    for start in range(0, NEW_EVENTS, 100):
        changes.event_recorded(profile_ids=buyers[start : start + 100], events=["Order Completed"], now=NOW)
    begun = time.perf_counter()
    while feed.consume(name=following.CONSUMER, now=NOW):
        pass
    seconds = time.perf_counter() - begun
    assert materialize.refresh_all(made, now=NOW) == materialize.Outcome(0, 0)
    return seconds


def _name_id() -> int:
    from profiles.models import EventDef

    return int(EventDef.objects.get(name="Order Completed").pk)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
