"""What is the same for all tests? The clock stands still, the network is closed, the broker's bell is only written down."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import override_settings

# A Wednesday at noon, far from any change of clocks.
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", ""}


class NetworkClosedError(RuntimeError):
    """A test tried to reach another machine."""


@pytest.fixture
def now() -> datetime:
    """The moment of the story; give it to everything that asks for `now`."""
    return NOW


@pytest.fixture
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    """Stop the process's clock at `now`, for what goes through pages; `clock.shift(60)` moves it on."""
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the tasks that were nudged; nothing reaches a broker."""
    from omni import celery

    rung: list[str] = []
    monkeypatch.setattr(celery, "_publish", lambda task, queue: rung.append(task))
    return rung


@pytest.fixture(autouse=True)
def _rules_go_with_the_test() -> Iterator[None]:
    """Forget the identity rules that the process remembers from the database of the test before."""
    from profiles.identity import rules

    rules.forget()
    yield
    rules.forget()


@pytest.fixture(autouse=True)
def _events_go_with_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the table of events after tests that commit: Django's own flush leaves tables it does not manage alone."""
    marker = request.node.get_closest_marker("django_db")
    commits = (marker and marker.kwargs.get("transaction")) or {"transactional_db", "live_server"} & set(request.fixturenames)
    if not commits:
        yield
        return
    request.getfixturevalue("transactional_db")
    from django.db import connection

    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE profiles_event")


@pytest.fixture(autouse=True, scope="session")
def _test_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    own = tmp_path_factory.mktemp("var")
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        MEDIA_ROOT=own / "files",
        MAILBOX_DIR=own / "mailbox",
    ):
        yield


@pytest.fixture(autouse=True, scope="session")
def _closed_network() -> Iterator[None]:
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def connect(self: socket.socket, address: Any) -> None:
        _refuse_strangers(self, address)
        return real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_strangers(self, address)
        return real_connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket.socket, "connect_ex", connect_ex)
        yield


def _refuse_strangers(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
        raise NetworkClosedError(f"a test must not connect to {address!r}")
