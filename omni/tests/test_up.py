"""What a start does about an earlier one that was stopped while it made the demo company."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from omni import embedded
from omni.management.commands import up


@pytest.fixture
def emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what is emptied; the database and the files are nobody's."""
    monkeypatch.setenv("VAR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DEMO", raising=False)
    calls: list[str] = []
    monkeypatch.setattr(embedded, "empty_database", lambda: calls.append("database"))
    return calls


def test_it_makes_the_demo_company_again_that_was_not_finished(emptied: list[str]) -> None:
    up._unfinished_demo().touch()

    up.Command()._clear_half_a_company()

    assert emptied == ["database"]
    assert not up._unfinished_demo().exists()


def test_it_empties_nothing_after_a_start_that_went_through(emptied: list[str]) -> None:
    up.Command()._clear_half_a_company()

    assert emptied == []


def test_it_keeps_half_a_company_when_none_is_wanted_and_never_empties_it_later(
    emptied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    up._unfinished_demo().touch()
    monkeypatch.setenv("DEMO", "0")

    up.Command()._clear_half_a_company()
    monkeypatch.setenv("DEMO", "1")
    up.Command()._clear_half_a_company()

    assert emptied == []


def test_it_leaves_a_database_of_somebody_else_alone(emptied: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    up._unfinished_demo().touch()
    monkeypatch.setenv("DATABASE_URL", "postgres://omni@db.example/shop")

    with pytest.raises(CommandError, match="Empty the database"):
        up.Command()._clear_half_a_company()

    assert emptied == []
