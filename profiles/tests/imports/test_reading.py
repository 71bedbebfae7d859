"""Strange files: whatever they hold, every row is either read or refused with its number."""

from __future__ import annotations

import io

import pytest

from profiles.imports import reading
from profiles.imports.reading import Shape


def _read(data: bytes, shape: Shape | None = None) -> list[list[str]]:
    file = io.BytesIO(data)
    return [record.cells for record in reading.records(file, shape or reading.detect(file))]


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("имя,город\nИван,Москва и область\nОльга,Казань\n" * 9, "cp1251", "cp1251"),
        ("имя,город\nИван,Москва\n", "utf-8", "utf-8"),
        ("имя,город\nИван,Москва\n", "utf-8-sig", "utf-8-sig"),
        ("name,city\nAnn,Paris\n", "utf-16", "utf-16"),
        ("name,city\nAnn,Paris\n", "ascii", "utf-8"),
    ],
)
def test_it_detects_the_encoding(text: str, encoding: str, expected: str) -> None:
    shape = reading.detect(io.BytesIO(text.encode(encoding)))

    assert shape.encoding == expected
    assert _read(text.encode(encoding))[0] == text.splitlines()[1].split(",")


def test_it_sees_strange_bytes_far_behind_the_sample() -> None:
    plain = "email,city\n" + "a@shop.test,Sofia\n" * 20_000
    data = plain.encode() + "b@shop.test,Пловдив и Варна\n".encode("cp1251") * 40

    assert reading.detect(io.BytesIO(data)).encoding == "cp1251"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_it_detects_the_delimiter(delimiter: str) -> None:
    rows = [["email", "sum"], ["a@shop.test", "1.5"], ["b@shop.test", "2.5"]]
    data = "\n".join(delimiter.join(row) for row in rows).encode()

    assert reading.detect(io.BytesIO(data)).delimiter == delimiter


def test_it_is_not_fooled_by_commas_inside_semicolon_files() -> None:
    data = b'email;note\na@shop.test;"one, two, three"\nb@shop.test;"four"\nc@shop.test;"five, six"\n'

    assert reading.detect(io.BytesIO(data)).delimiter == ";"


@pytest.mark.parametrize(
    ("data", "has_header"),
    [(b"email,city\na@shop.test,Sofia\n", True), (b"a@shop.test,Sofia\nb@shop.test,Varna\n", False), (b"1,2\n3,4\n", False)],
)
def test_it_tells_a_header_from_a_person(data: bytes, has_header: bool) -> None:
    assert reading.detect(io.BytesIO(data)).has_header is has_header


def test_it_keeps_newlines_inside_quotes() -> None:
    assert _read(b'email,note\na@shop.test,"two\nlines"\n') == [["a@shop.test", "two\nlines"]]


def test_it_leaves_blank_lines_out_but_keeps_the_numbers() -> None:
    file = io.BytesIO(b"email\n\na@shop.test\n , \n\nb@shop.test\n")

    assert [record.number for record in reading.records(file, Shape())] == [3, 6]


def test_it_reads_a_header_alone_as_no_rows() -> None:
    assert _read(b"email,city\n") == []


def test_it_refuses_a_huge_cell_and_goes_on_behind_it() -> None:
    file = io.BytesIO(b"email\n" + b"x" * 200_000 + b"\na@shop.test\n")

    broken, fine = reading.records(file, Shape())

    assert "128 KB" in broken.fault
    assert fine.cells == ["a@shop.test"]


def test_it_refuses_an_endless_line_without_holding_it() -> None:
    file = io.BytesIO(b"email\n" + b"x," * 3_000_000 + b"\na@shop.test\n")

    broken, fine = reading.records(file, Shape())

    assert "1 MB" in broken.fault
    assert fine.cells == ["a@shop.test"]


def test_it_survives_a_quote_that_is_never_closed() -> None:
    rows = b"".join(b"p%d@shop.test,Sofia\n" % number for number in range(20_000))
    file = io.BytesIO(b'email,city\n"a@shop.test,Sofia\n' + rows)

    records = list(reading.records(file, Shape()))

    assert "never closed" in records[0].fault
    assert records[-1].cells == ["p19999@shop.test", "Sofia"]


def test_it_names_columns_without_a_name_and_twins() -> None:
    file = io.BytesIO(b"email,,city,city\na@shop.test,1,2,3\n")

    assert reading.columns(file, Shape()) == ["email", "Column 2", "city", "city (4)"]


def test_it_leaves_the_file_open_for_its_owner() -> None:
    file = io.BytesIO(b"email\na@shop.test\n")

    list(reading.records(file, Shape()))

    assert not file.closed
