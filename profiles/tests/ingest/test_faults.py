"""What is left of accepted calls when a worker dies, and when several work at once?"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from profiles.ingest import inbox, pipeline
from profiles.models import DeadLetter, Event, Identifier, IngestRaw, Profile, SeenMessage, SourceTally

from .conftest import Sender, track

pytestmark = pytest.mark.django_db(transaction=True)

# Drains the inbox, says so right before the transaction would commit, and waits there to be killed.
VICTIM = """
import django; django.setup()
import sys, time
from datetime import UTC, datetime
from django.db import connection
from profiles.ingest import inbox, tally

def stop(**counted):
    print("at the brink", flush=True)
    time.sleep(60)

connection.settings_dict["NAME"] = sys.argv[1]
tally.add = stop
inbox.drain(now=datetime.now(tz=UTC))
"""


def drained() -> None:
    while inbox.drain(now=datetime.now(tz=UTC)):
        pass


def test_a_worker_killed_before_it_commits_loses_and_doubles_nothing(sender: Sender) -> None:
    assert sender.post({"batch": [track(messageId=str(n), userId=f"u-{n}") for n in range(50)]}).status_code == 200
    name = connection.settings_dict["NAME"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "omni.settings", "LOG_LEVEL": "ERROR"}
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, name], stdout=subprocess.PIPE, text=True, env=environment, cwd=settings.BASE_DIR
    )
    assert victim.stdout is not None
    assert victim.stdout.readline().strip() == "at the brink"
    assert inbox.drain(now=datetime.now(tz=UTC)) == 0  # it holds the request; nobody else takes it

    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    _until(lambda: inbox.drain(now=datetime.now(tz=UTC) + inbox.LEASE) == 1)

    assert Event.objects.count() == Profile.objects.count() == SeenMessage.objects.count() == 50
    assert not IngestRaw.objects.exists()


def test_workers_side_by_side_count_everything_once(sender: Sender) -> None:
    """Four workers drain requests that repeat each other's messages and mean overlapping people."""
    for request in range(24):
        calls: list[dict[str, Any]] = [
            track(
                messageId=f"m-{(request * 7 + n) % 120}", userId=f"u-{(request + n) % 15}", anonymousId=f"a-{(request + n) % 15}"
            )
            for n in range(20)
        ]
        calls.append(
            {"type": "identify", "userId": f"u-{request % 15}", "traits": {"email": f"p{request % 15}@example.com", "n": request}}
        )
        calls.append({"type": "purge"})
        assert sender.post({"batch": calls}).status_code == 200
    sent = {f"m-{(request * 7 + n) % 120}" for request in range(24) for n in range(20)}
    faults: list[BaseException] = []

    def work() -> None:
        try:
            drained()
        except BaseException as error:
            faults.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    IngestRaw.objects.update(due_at=datetime(2020, 1, 1, tzinfo=UTC))
    drained()

    assert not faults
    assert not IngestRaw.objects.exists()
    assert Event.objects.count() == len(sent)
    assert Profile.objects.surviving().count() == 15
    assert not Identifier.objects.filter(profile__merged_into__isnull=False).exists()
    assert DeadLetter.objects.count() == 24
    used, repeated, refused = SourceTally.objects.values_list("used", "repeated", "refused").get()
    assert (used + repeated, refused) == (24 * 21, 24)


def test_a_request_that_kills_its_workers_is_given_up_and_lets_others_pass(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Like SIGKILL: nothing that comes after is done."""

    def kill(batch: pipeline.Batch) -> None:
        if any(call.properties.get("poison") for call in batch.calls):
            raise Killed

    monkeypatch.setattr(pipeline, "STEPS", (*pipeline.STEPS, kill))
    sender.post({"batch": [track(messageId="bad", properties={"poison": True})]})
    sender.post({"batch": [track(messageId="good")]})

    now = datetime.now(tz=UTC)
    for _ in range(inbox.MOST_ATTEMPTS + 5):
        with contextlib.suppress(Killed):
            inbox.drain(now=now)
        with contextlib.suppress(Killed):
            inbox.drain(now=now)
        now += inbox.LEASE

    assert Event.objects.count() == 1
    assert not IngestRaw.objects.exists()
    assert DeadLetter.objects.get().reason == "failed"


def _until(is_done: Callable[[], bool]) -> None:
    # PostgreSQL needs a moment to see that the client is gone.
    for _ in range(100):
        if is_done():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it never happened")


def test_a_connection_that_died_meanwhile_costs_no_call(sender: Sender) -> None:
    assert sender.post(track(messageId="1"), "/v1/track").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone() or (0,)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
    other.close()

    assert sender.post(track(messageId="2"), "/v1/track").status_code == 200

    drained()
    assert Event.objects.count() == 2
