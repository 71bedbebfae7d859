"""Start everything on this machine, and stop it together."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

from omni import embedded, env, processes, schedule
from omni.supervisor import Announcer, Manager

LEAST_FREE_MB = 500


class Command(BaseCommand):
    help = "Start the database, the broker, the web server, the workers, beat and the mailbox; Ctrl-C stops them all."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = env.read.str("HOST", default="127.0.0.1"), settings.PORT
        signal.signal(signal.SIGTERM, _leave)
        with closing(self._only_one()):
            self._check_room()
            if left := processes.end_leftovers():
                self.stdout.write(f"Ended what an earlier start left running: {', '.join(left)}.")
            self._check_ports(host, port)
            try:
                self._prepare()
                code = self._run(host, port)
            except KeyboardInterrupt:
                code = 0
            finally:
                self._stop_database()
                processes.forget()
        sys.exit(code)

    def _only_one(self) -> IO[str]:
        lock = (env.var_dir() / "up.lock").open("a+")
        try:
            # A record lock, not flock: the latter would live on in children of a killed parent.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                f"Omni already runs on {env.var_dir()}. Stop it first, or give this one its own VAR and PORT."
            ) from None
        return lock

    def _check_room(self) -> None:
        free_mb = shutil.disk_usage(env.var_dir()).free // 1_000_000
        if free_mb < LEAST_FREE_MB:
            raise CommandError(
                f"The disk that holds {env.var_dir()} is full: {free_mb} MB free, {LEAST_FREE_MB} MB needed. "
                "Free some space, or put the data elsewhere: make up VAR=/another/disk/omni"
            )

    def _check_ports(self, host: str, port: int) -> None:
        wanted = [(host, port, "PORT")]
        if env.read.bool("MAILBOX", default=True):
            wanted.append((settings.MAILBOX_HOST, settings.MAILBOX_PORT, "MAILBOX_PORT"))
        for address, number, variable in wanted:
            if _is_taken(address, number):
                raise CommandError(
                    f"Port {number} is taken by another program. Stop that, or choose another: make up {variable}={number + 100}"
                )

    def _prepare(self) -> None:
        try:
            if embedded.uses_embedded_database():
                embedded.start_postgres()
        except embedded.EmbeddedError as error:
            raise CommandError(str(error)) from error
        self._clear_half_a_company()
        self._collect_static()
        call_command("translations")
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error}") from error
        schedule.sync()
        self._show_a_company()

    def _collect_static(self) -> None:
        stamp = env.var_dir() / "static.stamp"
        state = _fingerprint_of_static()
        if stamp.exists() and stamp.read_text() == state and settings.STATIC_ROOT.is_dir():
            return
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(state)

    def _clear_half_a_company(self) -> None:
        """Empty the database when an earlier start was stopped while it made the demo company: nobody has worked in it.

        A start that gets any further takes the marker away, with DEMO=0 too, so that what was worked in is never emptied.
        """
        marker = _unfinished_demo()
        if not marker.exists():
            return
        if not embedded.uses_embedded_database():
            raise CommandError(
                "An earlier start was stopped while it made the demo company. Empty the database that DATABASE_URL names, "
                f"or keep what is in it by removing {marker}, and start again."
            )
        if env.read.bool("DEMO", default=True):
            self.stdout.write("An earlier start was stopped while it made the demo company; it is made again.")
            embedded.empty_database()
        marker.unlink()

    def _show_a_company(self) -> None:
        from omni.models import User

        if "demo" in get_commands() and env.read.bool("DEMO", default=True) and not User.objects.exists():
            people = env.read.int("DEMO_PEOPLE", default=5000)
            self.stdout.write(f"Making the demo company with {people} people (DEMO=0 starts empty) ...")
            marker = _unfinished_demo()
            marker.touch()
            call_command("demo")
            marker.unlink()

    def _run(self, host: str, port: int) -> int:
        connections.close_all()
        manager = Manager(Announcer(sys.stdout, announcement=self._announcement()), started=processes.remember)
        for process in processes.all_processes(host=host, port=port):
            environment = {**os.environ, "PYTHONUNBUFFERED": "1", **process.environment}
            manager.add_process(process.name, process.line, env=environment, cwd=str(settings.BASE_DIR))
        if code := manager.run():
            self.stderr.write("A process ended again and again, so all were stopped; its last words are above.")
        return code

    def _stop_database(self) -> None:
        connections.close_all()
        if not embedded.uses_embedded_database():
            return
        if others := embedded.wait_for_sessions_to_end():
            self.stdout.write(f"PostgreSQL stays up: {others} other sessions use it.")
            return
        self.stdout.write("Stopping PostgreSQL.")
        embedded.stop_postgres()

    def _announcement(self) -> str:
        from omni.models import User

        signing_in = (
            f"sign in at {settings.BASE_URL}/accounts/login/"
            if User.objects.exists()
            else f"make the owner's account at {settings.BASE_URL}/"
        )
        letters = f"letters sent to the local mailbox: {settings.BASE_URL}/mailbox/"
        return f"\n  Omni runs at {settings.BASE_URL}\n  {signing_in}\n  {letters}\n  Ctrl-C stops it.\n\n"


def _unfinished_demo() -> Path:
    return env.var_dir() / "demo.unfinished"


def _leave(*_signal: object) -> NoReturn:
    raise KeyboardInterrupt


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # What a server just closed lingers for a minute; gunicorn does not mind it either.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _fingerprint_of_static() -> str:
    """Return a digest of what collectstatic would collect: our files by time and size, the libraries by their lock."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.lock.txt").read_bytes())
    for path in sorted((settings.BASE_DIR / "static").rglob("*")):
        facts = path.stat()
        digest.update(f"{path} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    return digest.hexdigest()
