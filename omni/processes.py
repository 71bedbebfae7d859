"""Which processes make up an installation on one machine, and how are those of a killed start found again?"""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from django.conf import settings

from omni import embedded, env

WEB_DATABASE_OPTIONS = "-c lock_timeout=5s -c jit=off -c statement_timeout=5s"
WORKER_DATABASE_OPTIONS = "-c lock_timeout=10s -c jit=off -c statement_timeout=600s"
GRACE_SECONDS = 5


@dataclass(frozen=True)
class Process:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """The command for a shell that replaces itself, so that signals reach the program and not the shell."""
        return f"exec {shlex.join(self.command)}"


def all_processes(*, host: str, port: int) -> list[Process]:
    """Return what runs beside PostgreSQL, in the order of starting."""
    web = {"DATABASE_OPTIONS": env.read.str("DATABASE_OPTIONS", default=WEB_DATABASE_OPTIONS)}
    worker = {"DATABASE_OPTIONS": env.read.str("WORKER_DATABASE_OPTIONS", default=WORKER_DATABASE_OPTIONS)}
    processes = [
        Process("web", _gunicorn(host, port), web),
        Process("worker", _celery_worker("main", "ingest,segments,engine,hygiene", env.read.int("WORKERS", default=3)), worker),
        Process("sender", _celery_worker("send", "send.email", env.read.int("SENDERS", default=2)), worker),
        Process("beat", _celery("beat", "--max-interval", "1", "--pidfile", ""), worker),
        Process("dispatcher", _manage("dispatcher"), worker),
    ]
    if embedded.uses_embedded_broker():
        processes.insert(0, Process("broker", embedded.valkey_command()))
    if env.read.bool("MAILBOX", default=True):
        processes.append(Process("mailbox", _manage("mailbox")))
    return processes


def _gunicorn(host: str, port: int) -> list[str]:
    return _python(
        "gunicorn", "omni.wsgi",
        "--bind", f"{host}:{port}",
        "--worker-class", "gthread",
        "--workers", str(env.read.int("WEB_WORKERS", default=2)),
        "--threads", str(env.read.int("WEB_THREADS", default=4)),
        "--timeout", "60",
        "--graceful-timeout", "20",
        "--no-control-socket",
        "--log-level", "info",
    )  # fmt: skip


def _celery_worker(name: str, queues: str, processes: int) -> list[str]:
    return _celery(
        "worker",
        "--hostname", f"{name}@%h",
        "--queues", queues,
        "--concurrency", str(processes),
        "--without-gossip", "--without-mingle",
    )  # fmt: skip


def _celery(program: str, *options: str) -> list[str]:
    return _python("celery", "--quiet", "-A", "omni", program, "--loglevel", "WARNING", *options)


def _manage(command: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), command]


def _python(*module: str) -> list[str]:
    return [sys.executable, "-m", *module]


def remember(pids: dict[str, int]) -> None:
    """Write down which processes were started; `end_leftovers` of a later start reads it."""
    book = {name: [pid, psutil.Process(pid).create_time()] for name, pid in pids.items() if psutil.pid_exists(pid)}
    half = _book().with_suffix(".new")
    half.write_text(json.dumps(book))
    half.rename(_book())


def forget() -> None:
    _book().unlink(missing_ok=True)


def end_leftovers() -> list[str]:
    """End the processes of an earlier start that was killed; return their names.

    A process counts as ours only when its number and its moment of birth are those written down.
    """
    try:
        book = json.loads(_book().read_text())
    except (FileNotFoundError, ValueError):
        return []
    families = {name: family for name, (pid, born) in book.items() if (family := _family(pid, born))}
    members = [process for family in families.values() for process in family]
    for stop in (psutil.Process.terminate, psutil.Process.kill):
        for process in members:
            _quietly(stop, process)
        _gone, members = psutil.wait_procs(members, timeout=GRACE_SECONDS)
    forget()
    return list(families)


def _family(pid: int, born: float) -> list[psutil.Process]:
    try:
        head = psutil.Process(pid)
        if abs(head.create_time() - born) > 1 or head.status() == psutil.STATUS_ZOMBIE:
            return []
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _quietly(stop: object, process: psutil.Process) -> None:
    try:
        stop(process)  # type: ignore[operator]
    except psutil.NoSuchProcess:
        return


def _book() -> Path:
    return env.var_dir() / "processes.json"
