"""On what does the story in the browser run? A fresh installation: `manage.py up` with a database, ports and files of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from omni import embedded
from tests.story.house import BASE, free_port

START_SECONDS, STOP_SECONDS = 180, 60
# One process of each kind is enough for sixty people.
SMALL = {"WORKERS": "1", "SENDERS": "1", "WEB_WORKERS": "1"}


@dataclass(frozen=True)
class Installation:
    address: str
    mailbox_port: int
    mailbox: Path
    database: dict[str, Any]
    log: Path

    def words(self) -> str:
        """Return what its processes said last."""
        return self.log.read_text(errors="replace")[-4000:]

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database behind the installation's back."""
        with psycopg.connect(**self.database, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def fresh(folder: Path) -> Iterator[Installation]:
    """Start an installation where nobody has been, with all its processes; stop it and drop its database at the end."""
    port, mailbox_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    with _own_database(f"omni_browser_{os.getpid()}") as (url, database):
        environment = {**os.environ, **SMALL, "DATABASE_URL": url, "VAR": str(folder), "BASE_URL": address, "DEMO": "0"}
        environment |= {"PORT": str(port), "MAILBOX_PORT": str(mailbox_port), "LOG_LEVEL": "WARNING"}
        environment = {name: value for name, value in environment.items() if name not in ("BROKER_URL", "DATABASE_NAME")}
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "up.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=BASE, env=environment, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            _wait_until_it_answers(address, process, log)
            yield Installation(address, mailbox_port, folder / "mailbox", database, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _own_database(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make the database; give its URL, and what psycopg wants to know."""
    given = os.environ.get("DATABASE_URL", "")
    sockets = embedded.socket_dir("pg")
    url = urlunsplit(urlsplit(given)._replace(path=f"/{name}")) if given else f"postgres://postgres@/{sockets}/{name}"
    parts = urlsplit(given) if given else None
    reached: dict[str, Any] = {"host": str(sockets), "user": "postgres"}
    if parts is not None:
        reached = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": parts.password}
    with psycopg.connect(**reached, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield url, {**reached, "dbname": name}
    finally:
        with psycopg.connect(**reached, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes], words: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise AssertionError(f"The installation did not start:\n{words.read_text(errors='replace')[-4000:]}")
