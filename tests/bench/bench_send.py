"""How fast do 10,000 tracked letters go out through SMTP, with all gates and the ledger, beside a bare smtplib loop?

    python -m tests.bench.bench_send [letters] [processes]

The yardstick sends letters of the same size that were built beforehand, one after the other over one connection, and
keeps no record of anything. The server is Postfix's smtp-sink where it is installed, else one that is written in Python.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import database, report
from tests.bench.report import Row

LETTERS = 10_000
PROCESSES = 2
GOAL_SECONDS = 30.0
SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")
PYTHON_SINK = """
import asyncio, sys
from aiosmtpd.controller import UnthreadedController
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
loop = asyncio.new_event_loop()
controller = UnthreadedController(Sink(), "127.0.0.1", int(sys.argv[1]), loop=loop)
controller.begin()
loop.run_forever()
"""


def main(letters: int, processes: int) -> None:
    with database.own("send"), sink() as port:
        sample = furnish(letters, port)
        bare = bare_loop(sample, letters, port)
        enqueued, sent = send(letters, processes)
        check(letters)
    name = "bare smtplib loop over letters built beforehand, no ledger"
    size = f"{letters:,} letters of {len(sample) // 1024} KB"
    report.write(
        "send",
        [
            Row(f"{size}: into the outbox", "s", enqueued, None, ""),
            Row(f"{size}: gates, rendering, ledger, SMTP; {processes} processes", "s", sent, bare, name, GOAL_SECONDS),
            Row("letters a second", "1/s", letters / sent, letters / bare, name, letters / GOAL_SECONDS, "higher"),
        ],
    )


@contextmanager
def sink() -> Iterator[int]:
    """Run a mail server that takes and forgets; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    other_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [SINK, *other_user, "-c", f"127.0.0.1:{port}", "1000"] if SINK else [sys.executable, "-c", PYTHON_SINK, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def furnish(letters: int, port: int) -> bytes:
    """Fill the database: people who said yes, a live campaign, its outbox empty; return one letter as it will go out."""
    from django.utils import timezone

    from campaigns import starters
    from campaigns.delivery import claims, render
    from campaigns.models import ProviderAccount, Template
    from campaigns.tests.delivery.office import open_office

    now = timezone.now()
    post = open_office(now)
    ProviderAccount.objects.update(provider="smtp", settings={"host": "127.0.0.1", "port": port, "security": "none"})
    body = starters.find("newsletter").body
    post.repin(Template.objects.create(name="Bench", subject="Hello {{ person.first_name }}", preheader="News", body=body))
    for start in range(0, letters, 5_000):
        post.enter(post.people(min(5_000, letters - start)))
    post.put_into_outbox(most=1)
    claim = claims.claim(lane="email", now=timezone.now())
    [job] = render.prepare(claims=claim, now=now)
    claims.release(jobs=[job], due_at=now)
    return job.message.payload.data


def bare_loop(sample: bytes, letters: int, port: int) -> float:
    """Send built letters one after the other over one connection; return the seconds."""
    started = time.monotonic()
    with smtplib.SMTP("127.0.0.1", port, "localhost") as line:
        for number in range(letters):
            line.sendmail("hello@shop.example", [f"p{number}@example.com"], sample)
    return time.monotonic() - started


def send(letters: int, processes: int) -> tuple[float, float]:
    """Return the seconds of writing the outbox and of draining it with so many processes."""
    from django.db import connection

    from campaigns.tests.delivery.office import find_office

    started = time.monotonic()
    find_office().put_into_outbox(most=letters)
    enqueued = time.monotonic() - started
    name = connection.settings_dict["NAME"]
    started = time.monotonic()
    workers = [subprocess.Popen([sys.executable, "-m", "tests.bench.bench_send", "drain", name]) for _ in range(processes)]
    if any(worker.wait() for worker in workers):
        raise SystemExit("a worker failed")
    return enqueued, time.monotonic() - started


def drain(name: str) -> None:
    """Be one worker of the bench."""
    import django

    django.setup()

    from django.conf import settings
    from django.db import connection

    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name

    from campaigns import delivery
    from campaigns.delivery.clock import database_clock

    delivery.drain(lane="email", clock=database_clock(), seconds=600)


def check(letters: int) -> None:
    """Stop when not every letter was sent: a fast loss is no figure."""
    from django.db.models import Count

    from campaigns.models import Delivery

    states = dict(Delivery.objects.values_list("state").annotate(n=Count("pk")))
    if states != {"sent": letters}:
        raise SystemExit(f"not every letter was sent: {states}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["drain"]:
        drain(sys.argv[2])
    else:
        numbers = [int(value) for value in sys.argv[1:]]
        main(*(numbers + [LETTERS, PROCESSES][len(numbers) :]))
