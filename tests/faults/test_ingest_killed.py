"""Is every acknowledged call there, once, when web servers and workers are killed with -9 while calls arrive?"""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil
import pytest
from django.db import connection

from omni import processes
from profiles.ingest import inbox
from profiles.models import DeadLetter, Event, IngestRaw, SeenMessage, Source

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS = 3
BATCHES = 25
PER_BATCH = 10
KILLS = 8
PATIENCE_SECONDS = 150


class Senders:
    """Programs that send each batch until it is acknowledged, as the libraries do."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._authorization = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        self.acknowledged: set[str] = set()
        self.tries = 0
        self.threads = [threading.Thread(target=self._send_all, args=(number,), daemon=True) for number in range(SENDERS)]

    def _send_all(self, sender: int) -> None:
        for batch in range(BATCHES):
            names = [f"{sender}-{batch}-{number}" for number in range(PER_BATCH)]
            body = json.dumps({"batch": [self._call(name) for name in names]})
            while not self._post(body):
                time.sleep(0.1)
            self.acknowledged.update(names)

    def _call(self, name: str) -> dict[str, object]:
        return {"type": "track", "event": "Bought", "userId": f"u-{name}", "messageId": name}

    def _post(self, body: str) -> bool:
        self.tries += 1
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            line.request("POST", "/v1/batch", body, {"Authorization": self._authorization})
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()


def test_every_acknowledged_call_is_there_once(web: psutil.Popen, port: int) -> None:
    _source, key = Source.issue(name="Shop")
    senders = Senders(port, key)
    for thread in senders.threads:
        thread.start()
    drainer = _drainer()
    chance = random.Random(7)
    kills = 0
    until = time.monotonic() + PATIENCE_SECONDS
    while any(thread.is_alive() for thread in senders.threads) and time.monotonic() < until:
        time.sleep(chance.uniform(0.1, 0.6))
        if kills >= KILLS:
            continue
        kills += 1
        if children := web.children():
            chance.choice(children).send_signal(signal.SIGKILL)  # the head of the server starts another
        drainer.send_signal(signal.SIGKILL)
        drainer.wait()
        drainer = _drainer()
    drainer.kill()
    drainer.wait()
    _finish()

    assert len(senders.acknowledged) == SENDERS * BATCHES * PER_BATCH
    assert kills > 0
    assert Event.objects.count() == SeenMessage.objects.count() == len(senders.acknowledged)
    assert not DeadLetter.objects.exists()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def web(port: int) -> Iterator[psutil.Popen]:
    """The web server of `make up` on the database of the test."""
    command = next(each for each in processes.all_processes(host="127.0.0.1", port=port) if each.name == "web")
    server = psutil.Popen(command.command, env=_environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    yield server
    for process in [*server.children(), server]:
        process.kill()
    server.wait()


def _environment() -> dict[str, str]:
    name = connection.settings_dict["NAME"]
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "omni.settings", "DATABASE_NAME": name, "INGEST_PER_SECOND": "10000"}


def _drainer() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.faults.drainer"], env=_environment(), stderr=subprocess.DEVNULL)


def _finish() -> None:
    """Process what the killed workers held; PostgreSQL needs a moment to see that they are gone."""
    for _ in range(200):
        IngestRaw.objects.update(due_at=datetime(2020, 1, 1, tzinfo=UTC), attempts=0)
        while inbox.drain(now=datetime.now(tz=UTC)):
            pass
        if not IngestRaw.objects.exists():
            return
        time.sleep(0.1)
