from __future__ import annotations

import os
from pathlib import Path

import pytest

from omni import embedded, env


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAR", str(tmp_path))
    for name in ("DATABASE_URL", "DATABASE_NAME", "BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_it_reaches_its_servers_by_sockets_below_var(var: Path) -> None:
    assert embedded.database()["HOST"] == str(embedded.socket_dir("pg"))
    assert embedded.broker_url() == f"redis+socket://{embedded.valkey_socket()}"


def test_it_prefers_servers_that_are_named(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://omni:secret@db.example/shop")
    monkeypatch.setenv("BROKER_URL", "redis://broker.example/0")

    database = embedded.database()

    assert (database["HOST"], database["NAME"], database["USER"]) == ("db.example", "shop", "omni")
    assert embedded.broker_url() == "redis://broker.example/0"
    assert not embedded.uses_embedded_database()
    assert not embedded.uses_embedded_broker()


def test_it_finds_a_short_place_for_the_socket_of_a_deep_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("VAR", str(deep))

    sockets = embedded.socket_dir("pg")

    assert len(str(sockets)) <= embedded.LONGEST_SOCKET_DIR
    assert sockets == embedded.socket_dir("pg")
    assert not sockets.is_relative_to(deep)


def test_two_copies_never_share_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = set()
    for name in ("one", "two"):
        monkeypatch.setenv("VAR", str(tmp_path / name / ("x" * 80)))
        places.add(embedded.socket_dir("pg"))

    assert len(places) == 2


def test_it_makes_a_secret_once_and_readable_to_its_owner_only(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)

    first = env.secret("SECRET_KEY")

    assert env.secret("SECRET_KEY") == first
    assert len(first) > 40
    assert (var / "secret_key").stat().st_mode & 0o077 == 0


def test_it_says_that_the_disk_is_full(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "total used free")(10**9, 10**9, 10**6))

    why = embedded._why_postgres_failed(var, OSError("No space left on device"))

    assert "is full (1 MB free)" in why


def test_it_quotes_the_last_words_of_a_server_that_failed(var: Path) -> None:
    (var / "log").write_text("FATAL: lock file is empty\n")

    assert "FATAL: lock file is empty" in embedded._why_postgres_failed(var, OSError())


def test_it_finds_the_system_programs_that_a_short_path_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")

    embedded._find_system_programs()
    embedded._find_system_programs()

    assert os.environ["PATH"] == "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
