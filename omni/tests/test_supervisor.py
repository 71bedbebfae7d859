"""The manager of processes, with small programs instead of servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from django.conf import settings

PROGRAM = """
import json, sys
from pathlib import Path
from omni import supervisor
from omni.supervisor import Announcer, Manager
supervisor.PAUSE_SECONDS = 0.05

def started(pids):
    Path(sys.argv[1]).write_text(json.dumps(pids))

manager = Manager(Announcer(sys.stdout, announcement="ANNOUNCED\\n"), started=started)
for number, command in enumerate(sys.argv[2:]):
    manager.add_process(["web", "other"][number], command)
sys.exit(manager.run())
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def _manage(book: Path, *commands: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(book), *commands],
        cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _until(condition, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def test_a_process_that_was_killed_is_started_again(book: Path, tmp_path: Path) -> None:
    births = tmp_path / "births"
    manager = _manage(book, f"echo born >> {births}; exec sleep 60", "exec sleep 60")
    _until(lambda: book.exists() and births.exists())
    import json

    _until(lambda: len(json.loads(book.read_text() or "{}")) == 2)
    os.kill(json.loads(book.read_text())["web"], signal.SIGKILL)
    _until(lambda: births.read_text().count("born") == 2)
    manager.send_signal(signal.SIGTERM)
    told, _ = manager.communicate(timeout=30)

    assert manager.returncode == 0
    assert "ended with code -9 and is started again" in told


def test_a_process_that_ends_again_and_again_stops_all(book: Path) -> None:
    manager = _manage(book, "exit 7", "exec sleep 60")

    told, _ = manager.communicate(timeout=30)

    assert manager.returncode == 7
    assert told.count("ended with code 7 and is started again") == 2


def test_a_request_to_stop_reaches_the_head_only(book: Path, tmp_path: Path) -> None:
    """The child finishes its work although the head's whole group could have been told."""
    done = tmp_path / "done"
    head = f"""trap 'wait; exit 0' TERM; (sleep 2; echo finished > {done}) & echo Booting worker; wait"""
    manager = _manage(book, head)
    _until(book.exists)
    time.sleep(0.5)
    manager.send_signal(signal.SIGINT)
    told, _ = manager.communicate(timeout=30)

    assert manager.returncode == 0
    assert done.read_text() == "finished\n"
    assert told.count("ANNOUNCED") == 1
