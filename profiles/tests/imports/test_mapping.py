"""Which plans for a file are refused before anything happens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from profiles.imports import mapping


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"0": {"to": "skip"}}, "", "at least one column"),
        ({"1": {"to": "email"}}, "1", "goes there already"),
        ({"1": {"to": "attribute:"}}, "1", "Name the attribute"),
        ({"1": {"to": "attribute:tier", "type": "number"}}, "1", "is kept as"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_in_words(change: dict[str, Any], place: str, words: str, now: datetime) -> None:
    given = {"0": {"to": "email"}, "1": {"to": "attribute:city", "type": "string"}, **change}
    plan = mapping.build(header=["email", "city"], mapping=given, consent={"status": "unknown"})

    with pytest.raises(mapping.MappingError) as refused:
        mapping.check(plan, known_types={"tier": "string"}, today=now.date())

    assert words in refused.value.errors[place]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"status": "granted", "channels": [], "source": "x"},
        {"status": "granted", "channels": ["phone"], "source": "x"},
        {"status": "granted", "channels": ["email"], "source": " "},
        {"status": "granted", "channels": ["email"], "source": "x", "date": "2030-01-01"},
    ],
)
def test_addresses_need_a_decision_about_consent(given: dict[str, Any], now: datetime) -> None:
    plan = mapping.build(header=["email"], mapping={"0": {"to": "email"}}, consent=given)

    with pytest.raises(mapping.MappingError) as refused:
        mapping.check(plan, known_types={}, today=now.date())

    assert refused.value.errors["consent"]
