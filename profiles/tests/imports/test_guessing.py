"""What columns most probably mean."""

from __future__ import annotations

import pytest

from profiles.imports import guessing, values
from profiles.imports.mapping import Column


def _guess(header: list[str], *rows: list[str], known: dict[str, str] | None = None) -> list[tuple[str, str]]:
    columns: list[Column] = guessing.guess(header=header, rows=rows, known_types=known or {})
    return [(column.to, str(column.type)) for column in columns]


def test_it_guesses_identifiers_by_name_and_by_cells() -> None:
    found = _guess(["ID", "Почта", "Handy"], ["k-1", "a@shop.test", "+48 512 345 678"])

    assert [to for to, _ in found] == ["user_id", "email", "phone"]


def test_it_takes_an_identifier_once() -> None:
    found = _guess(["email", "second email"], ["a@shop.test", "b@shop.test"])

    assert [to for to, _ in found] == ["email", "attribute:second_email"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12", "1 234,50", "€ 7"], "number"),
        (["00123", "04567"], "string"),
        (["2026-01-31", "2025-12-01"], "date"),
        (["31.12.2026", "01.02.2026"], "date"),
        (["12/31/2026", "01/13/2026"], "date_month_first"),
        (["yes", "no", "yes"], "boolean"),
        (["0", "1"], "number"),
        (["red|blue", "green|red"], "list"),
        (["Sofia", "12"], "string"),
    ],
)
def test_it_guesses_types(cells: list[str], expected: str) -> None:
    assert guessing.type_of(cells) == expected


def test_it_skips_an_empty_column() -> None:
    assert _guess(["email", "fax"], ["a@shop.test", ""])[1][0] == "skip"


def test_it_prefers_attributes_that_are_known_already() -> None:
    found = _guess(["email", "Loyalty Tier"], ["a@shop.test", "7"], known={"loyaltyTier": "number", "loyalty tier": "string"})

    assert found[1] == ("attribute:loyalty tier", "string")


def test_it_calls_usual_columns_by_usual_keys() -> None:
    found = _guess(["E-mail", "Имя", "Город", "Date of birth"], ["a@shop.test", "Иван", "Казань", "1990-02-01"])

    assert [to for to, _ in found[1:]] == ["attribute:first_name", "attribute:city", "attribute:birthday"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1,234.50", "number", 1234.5),
        ("1.234,50", "number", 1234.5),
        ("12,5", "number", 12.5),
        ("1,234", "number", 1234),
        ("-7", "number", -7),
        ("12 %", "number", 12),
        ("Да", "boolean", True),
        ("nie", "boolean", False),
        ("31.01.2026", "date", "2026-01-31"),
        ("1/2/26", "date", "2026-02-01"),
        ("1/2/26", "date_month_first", "2026-01-02"),
        ("2026-01-31T10:00:00+02:00", "date", "2026-01-31T08:00:00+00:00"),
        ("31.01.2026 10:30", "date", "2026-01-31T10:30:00+00:00"),
        ('["a", "b"]', "list", ["a", "b"]),
        ("a; b", "list", ["a", "b"]),
    ],
)
def test_it_reads_cells(text: str, kind: str, value: object) -> None:
    assert values.read(text, kind=kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("n/a", "number"),
        ("1e999", "number"),
        ("maybe", "boolean"),
        ("32.01.2026", "date"),
        ("soon", "date"),
        ("x" * 9000, "string"),
    ],
)
def test_it_refuses_cells_of_another_type(text: str, kind: str) -> None:
    with pytest.raises(values.UnusableValueError):
        values.read(text, kind=kind)
