from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from omni.registry import DuplicateKeyError, Registry, UnknownKeyError


@dataclass
class Kind:
    key: str
    label: str = "A kind"


def test_it_keeps_the_order_of_the_list() -> None:
    registry = Registry("kinds", [Kind("b"), Kind("a")])

    assert [kind.key for kind in registry] == ["b", "a"]
    assert len(registry) == 2
    assert "a" in registry


def test_it_refuses_two_plugins_with_one_key() -> None:
    with pytest.raises(DuplicateKeyError, match="'a' is taken twice"):
        Registry("kinds", [Kind("a"), Kind("a")])


def test_it_raises_for_an_unknown_key() -> None:
    with pytest.raises(UnknownKeyError):
        Registry("kinds", [Kind("a")])["gone"]


def test_it_logs_a_stored_key_whose_plugin_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="omni.registry"):
        found = Registry("kinds", [Kind("a")]).find("gone")

    assert found is None
    assert "gone" in caplog.text
