"""Spreadsheets and JSON Lines come in by the same door as CSV, with the same faults."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter

from profiles import imports
from profiles.models import Import
from profiles.tests.imports.files import counts, import_file, person_of, queue

pytestmark = pytest.mark.django_db


def workbook(rows: list[list[Any]], *, first_row: int = 0, sheet: str = "Customers") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.add_worksheet("Empty")
        page = book.add_worksheet(sheet)
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for place, row in enumerate(rows, start=first_row):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    page.write_datetime(place, column, cell, date)
                else:
                    page.write(place, column, cell)
    return out.getvalue()


def test_a_sheet_is_read_with_its_numbers_and_dates(now: datetime) -> None:
    rows = [
        ["E-mail", "Orders", "Birthday", "VIP"],
        ["anna@shop.test", 3, datetime(1990, 5, 17), True],
        ["no address", 4, None, False],
        ["=1+1", 2.5, None, False],
    ]

    done = import_file(workbook(rows, first_row=2), now=now)

    assert (done.format, done.sheet) == (Import.Format.XLSX, "Customers")
    assert counts(done) == (3, 1, 0, 0, 2)
    assert person_of("anna@shop.test").attributes == {"orders": 3, "birthday": "1990-05-17", "vip": True}
    assert list(done.faults.order_by("row").values_list("row", "column")) == [(5, "E-mail"), (6, "E-mail")]


def _truncated() -> bytes:
    return workbook([["email"], ["anna@shop.test"]])[:-200]


def _bomb() -> bytes:
    """A sheet that says it unpacks to 2 GB of nothing, in some hundred kilobytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["email"], ["a@shop.test"]]))) as plain, zipfile.ZipFile(out, "w") as packed:
        for part in plain.namelist():
            if part != "xl/worksheets/sheet2.xml":
                packed.writestr(part, plain.read(part))
        with packed.open(zipfile.ZipInfo("xl/worksheets/sheet2.xml"), "w") as sheet:
            for _ in range(2):
                sheet.write(b" ")
        with packed.open("xl/media/zero.png", "w", force_zip64=True) as picture:
            for _ in range(1_100):
                picture.write(bytes(1 << 20))
    return out.getvalue()


def _far_cell() -> bytes:
    """Two cells, a thousand million cells apart."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "email")
        sheet.write(1_048_575, 16_383, "far")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_truncated, "damaged"),
        (_bomb, "too large"),
        (_far_cell, "too large"),
        (lambda: b"PK\x03\x04 nothing", "damaged"),
        (lambda: workbook([]), "no row"),
    ],
)
def test_a_spreadsheet_that_cannot_be_read_says_why(data: Any, words: str, now: datetime) -> None:
    with pytest.raises(imports.UnusableFileError, match=words):
        queue(data(), now=now)

    assert not Import.objects.exists()


def test_lines_of_json_are_read_and_objects_kept(now: datetime) -> None:
    lines = [
        json.dumps({"email": "anna@shop.test", "age": 30, "address": {"city": "Sofia", "zip": ["1000"]}, "tags": ["a", "b"]}),
        "",
        '{"email": "broken',
        json.dumps([1, 2]),
        json.dumps({"email": "boris@shop.test", "vip": True, "phone": "+359881234567"}),
        '{"email": "half@shop.test", "phone": "\\ud800"}',
    ]

    done = import_file("\n".join(lines), now=now)

    assert done.format == Import.Format.JSONL
    assert done.header == ["email", "age", "address", "tags", "vip", "phone"]
    assert counts(done) == (5, 2, 0, 0, 3)
    anna = {"age": 30, "address": {"city": "Sofia", "zip": ["1000"]}, "tags": ["a", "b"]}
    assert person_of("anna@shop.test").attributes == anna
    assert person_of("+359881234567").attributes == {"vip": True}
    assert list(done.faults.order_by("row").values_list("row", flat=True)) == [3, 4, 6]
