"""How many calls are accepted and made searchable a second, beside bare inserts and a bare COPY of the same rows?

python -m tests.bench.bench_ingest [single requests] [events in batches]

Accepting goes through the web server as `make up` runs it; the yardstick inserts the same rows by psycopg in one process,
one commit each. The pipeline is measured as the seconds from the first drain to an empty inbox with as many workers as
`make up` starts; its yardstick copies the events it made into the same partitioned, indexed table once more.
"""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.bench import database, load, report
from tests.bench.report import Row

SINGLES = 15_000  # fewer than may wait in the inbox
IN_BATCHES = 100_000
PER_BATCH = 100
CONNECTIONS = 8
PACE = 1_050
DRAINERS = 2
SEED = 20260304
PEOPLE = 20_000
START = datetime(2026, 1, 15, tzinfo=UTC)
NAMES = ("Product Viewed", "Product Added", "Order Completed", "Page Read", "Search Used")


def calls(count: int) -> Iterator[dict[str, object]]:
    """Yield events of known and new people with a fixed seed; one in twenty says who somebody is."""
    chance = random.Random(SEED)
    for number in range(count):
        who = chance.randrange(PEOPLE)
        at = START + timedelta(seconds=number)
        base = {"messageId": f"m-{count}-{number}", "userId": f"u-{who}", "timestamp": at.isoformat()}
        if number % 20 == 0:
            traits = {"email": f"person{who}@example.com", "plan": chance.choice(("free", "gold")), "visits": number}
            yield {**base, "type": "identify", "traits": traits}
        else:
            price = {"total": chance.randrange(10_000) / 100, "currency": "EUR"}
            properties = {"sku": f"sku-{chance.randrange(500)}", "position": number % 7, **price}
            yield {**base, "type": "track", "event": chance.choice(NAMES), "properties": properties}


def main(singles: int, in_batches: int) -> None:
    os.environ["INGEST_PER_SECOND"] = "1000000"
    with database.own("ingest") as name:
        from profiles.models import Source

        _source, key = Source.issue(name="Bench")
        authorization = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        one_by_one = [json.dumps(call).encode() for call in calls(singles)]
        every = list(calls(in_batches))
        batches = [json.dumps({"batch": every[at : at + PER_BATCH]}).encode() for at in range(0, len(every), PER_BATCH)]
        with _server(name) as port:

            def send(path: str, bodies: Sequence[bytes], pace: float = 0) -> load.Outcome:
                requests = [load.request(path, body, authorization=authorization) for body in bodies]
                return load.run(requests, port=port, connections=CONNECTIONS, per_second=pace)

            send("/v1/track", one_by_one[:200])
            _empty_inbox()
            flat_out = send("/v1/track", one_by_one)
            _empty_inbox()
            paced = send("/v1/track", one_by_one[: PACE * 10], PACE)
            _empty_inbox()
            batched = send("/v1/batch", batches)
        bare_singles = _bare_inserts(one_by_one[:5_000])
        bare_batches = _bare_inserts(batches) * PER_BATCH
        took, made = _drain(name)
        bare_copy = _bare_copy()
    refused = (flat_out.refused, paced.refused, batched.refused)
    assert not any(refused), f"refused: {refused} of single, paced and batched calls"
    write(flat_out, paced, batched, bare_singles, bare_batches, made / took, bare_copy)


def write(
    flat_out: load.Outcome,
    paced: load.Outcome,
    batched: load.Outcome,
    bare_singles: float,
    bare_batches: float,
    pipeline: float,
    bare_copy: float,
) -> None:
    insert, copy = "bare inserts, one process", "COPY into the same table"
    report.write(
        "ingest",
        [
            Row("accept, one event a request", "requests/s", flat_out.rate, bare_singles, insert, 1_000, "higher"),
            Row(f"p99 of accepting at {PACE:,}/s", "ms", paced.percentile(0.99), None, "", 100),
            Row(
                f"accept, {PER_BATCH} events a request",
                "events/s",
                batched.rate * PER_BATCH,
                bare_batches,
                insert,
                20_000,
                "higher",
            ),
            Row("accepted until searchable", "events/s", pipeline, bare_copy, copy, 8_000, "higher"),
            Row("the same as a share of COPY", "of 1", pipeline / bare_copy, None, "", 0.2, "higher"),
        ],
    )


@contextmanager
def _server(name: str) -> Iterator[int]:
    """Run the web server of `make up` on this database; yield its port."""
    from omni import processes

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    web = next(process for process in processes.all_processes(host="127.0.0.1", port=port) if process.name == "web")
    environment = {**os.environ, **web.environment, "DATABASE_NAME": name}
    server = subprocess.Popen(web.command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _bare_inserts(bodies: Sequence[bytes]) -> float:
    """Return how many of these rows psycopg commits a second, one at a time, into the same table."""
    from django.db import connection

    statement = (
        "INSERT INTO profiles_ingestraw (source_id, received_at, path, headers, body, attempts, due_at)"
        " SELECT id, now(), 'bare', '{}', %s, 0, 'infinity' FROM profiles_source LIMIT 1"
    )
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for body in bodies:
            cursor.execute(statement, [body])
    seconds = time.perf_counter() - begun
    _forget_bare()
    return len(bodies) / seconds


def _forget_bare() -> None:
    from profiles.models import IngestRaw

    IngestRaw.objects.filter(path="bare").delete()


def _empty_inbox() -> None:
    from profiles.models import IngestRaw

    IngestRaw.objects.all().delete()


def _drain(name: str) -> tuple[float, int]:
    """Return the seconds DRAINERS processes need to empty the inbox, and how many events that made."""
    from profiles.models import DeadLetter, Event, IngestRaw

    before = Event.objects.count()
    environment = {**os.environ, "DATABASE_NAME": name}
    begun = time.perf_counter()
    drainers = [subprocess.Popen([sys.executable, "-m", "tests.bench.drainer"], env=environment) for _ in range(DRAINERS)]
    for drainer in drainers:
        assert drainer.wait() == 0
    seconds = time.perf_counter() - begun
    assert not IngestRaw.objects.exists()
    assert not DeadLetter.objects.exists()
    return seconds, Event.objects.count() - before


def _bare_copy() -> float:
    """Return how many of the events that are there PostgreSQL copies a second into the same table, in one process."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        with cursor.copy("COPY (SELECT * FROM profiles_event) TO STDOUT (FORMAT BINARY)") as out:
            data = [bytes(piece) for piece in out]
        cursor.execute("SELECT count(*) FROM profiles_event")
        (count,) = cursor.fetchone()
        with transaction.atomic():
            cursor.execute("DELETE FROM profiles_event")
            begun = time.perf_counter()
            with cursor.copy("COPY profiles_event FROM STDIN (FORMAT BINARY)") as into:
                for piece in data:
                    into.write(piece)
            seconds = time.perf_counter() - begun
    return float(count / seconds)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [SINGLES, IN_BATCHES][len(given) :]))
