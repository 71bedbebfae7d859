"""How do the processes of one machine run together: shown, kept alive, stopped in order?"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import honcho.manager
from honcho.printer import Message, Printer
from honcho.process import Process

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

# Longer than a hand-over to a provider may take: what is in doubt should be settled before the worker goes.
STOP_SECONDS = 35
PAUSE_SECONDS = 1.0
QUICK_SECONDS = 20.0
MOST_QUICK_ENDS = 3
CLEAN_STOPS = (130, 143)  # what honcho calls Ctrl-C and TERM
READY_WORDS = "Booting worker"


class Announcer(Printer):  # type: ignore[misc]
    """Prints the lines of all processes, and once the web server is up, where it is."""

    def __init__(self, output: IO[str], *, announcement: str) -> None:
        super().__init__(output)
        self._announcement = announcement

    def write(self, message: Message) -> None:
        super().write(message)
        if self._announcement and message.name == "web" and READY_WORDS in str(message.data):
            self.output.write(self._announcement)
            self.output.flush()
            self._announcement = ""


class KeptProcess(Process):  # type: ignore[misc]
    """A process that is started again when it ends by itself, unless it ends at once several times."""

    def __init__(self, *args: Any, stopping: Event, **options: Any) -> None:
        super().__init__(*args, **options)
        self._stopping = stopping

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        self._events = events
        quick_ends = 0
        while True:
            began = time.monotonic()
            code = self._run_once(ignore_signals)
            quick_ends = quick_ends + 1 if time.monotonic() - began < QUICK_SECONDS else 1
            if self._stopping.is_set() or quick_ends == MOST_QUICK_ENDS:
                break
            self._send_message(f"ended with code {code} and is started again\n".encode())
            if self._stopping.wait(PAUSE_SECONDS):
                break
        self._send_message({"returncode": code}, type="stop")

    def _run_once(self, ignore_signals: bool) -> int:
        self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": self._child.pid}, type="start")
        if ignore_signals:
            # Not SIG_IGN: the program started next would inherit that.
            signal.signal(signal.SIGINT, _ignore)
            signal.signal(signal.SIGTERM, _ignore)
        for line in iter(self._child.stdout.readline, b""):
            self._send_message(line)
        self._child.stdout.close()
        return int(self._child.wait())


def _ignore(*_signal: object) -> None:
    return


class Heads:
    """Signals to processes: a request to stop goes to the head alone, an order to the whole group.

    The children of a worker would drop their tasks on TERM; their head lets them finish first.
    """

    def terminate(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


class Manager(honcho.manager.Manager):  # type: ignore[misc]
    """Honcho's manager over kept processes. `started` is told name and number of all whenever one was started."""

    def __init__(self, printer: Printer, *, started: Callable[[dict[str, int]], None]) -> None:
        super().__init__(printer)
        stopping = multiprocessing.Event()
        self._stopping = stopping
        self._process_ctor = lambda *args, **options: KeptProcess(*args, stopping=stopping, **options)
        self._procmgr = Heads()
        self._started = started

    def run(self) -> int:
        """Run until Ctrl-C, TERM, or a process that cannot be kept alive; return 0 after a clean stop."""
        honcho.manager.KILL_WAIT = STOP_SECONDS
        self.loop()
        return 0 if self.returncode in CLEAN_STOPS else self.returncode or 1

    def terminate(self) -> None:
        self._stopping.set()
        super().terminate()

    def _system_print(self, data: str) -> None:
        super()._system_print(data)
        if self._all_started() and not self._any_stopped():
            self._started({name: process["pid"] for name, process in self._processes.items()})
