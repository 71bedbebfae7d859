"""How is a strange file read: of which kind, in which encoding, with which delimiter, and what when a line is broken?

Reading needs constant memory whatever the file holds: lines and cells have a longest size, and a record that cannot be
read becomes a `Record` with a fault instead of an end of the file.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple

from charset_normalizer import from_bytes
from django.utils.translation import gettext as _

from profiles.imports import jsonl

SAMPLE_BYTES = 256 * 1024
LONGEST_LINE = 1024 * 1024
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1252", "cp1250", "koi8-r", "iso8859-2", "cp866")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NO_NAME = re.compile(r"^[\d\s.,:+()/-]+$|^[^@\s]+@[^@\s]+\.\w+$")


@dataclass(frozen=True)
class Shape:
    """What must be known to read the file; the wizard shows it and lets it be corrected."""

    encoding: str = "utf-8"
    delimiter: str = ","
    has_header: bool = True
    names: tuple[str, ...] | None = None  # the keys of JSON Lines; None for CSV


class Record(NamedTuple):
    """One row: its number in the file (the first row is 1), and its cells or the reason why there are none."""

    number: int
    cells: list[str]
    fault: str = ""


def detect(file: IO[bytes]) -> Shape:
    """Look at the file and say how it wants to be read. Reads the whole of it once, in pieces."""
    file.seek(0)
    sample = file.read(SAMPLE_BYTES)
    encoding = _encoding(file, sample)
    text = sample.decode(encoding, errors="replace")
    if len(sample) == SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    if jsonl.is_jsonl(text):
        return Shape(encoding, "", names=tuple(jsonl.keys(_lines(file, encoding))))
    delimiter = _delimiter(text)
    first = next((row for row in _rows(io.StringIO(text, newline=""), delimiter) if any(row.cells)), None)
    return Shape(encoding, delimiter, has_header=first is None or _is_header(first.cells))


def columns(file: IO[bytes], shape: Shape) -> list[str]:
    """Return the names of the columns: the header's, made unique, or "Column 1", "Column 2"."""
    if shape.names is not None:
        return [name.replace("\x00", "\ufffd") for name in shape.names]
    first = next((row.cells for row in _all_rows(file, shape) if any(row.cells)), [])
    names: list[str] = []
    for number, cell in enumerate(first, start=1):
        name = (cell.strip().replace("\x00", "") if shape.has_header else "") or _("Column %(number)d") % {"number": number}
        names.append(f"{name} ({number})" if name in names else name)
    return names


def records(file: IO[bytes], shape: Shape) -> Iterator[Record]:
    """Yield the rows below the header; blank lines are left out but keep their number."""
    if shape.names is not None:
        for number, cells, fault in jsonl.rows(_lines(file, shape.encoding), list(shape.names)):
            yield Record(number, cells, fault)
        return
    wants_header = shape.has_header
    for record in _all_rows(file, shape):
        if not record.fault and not "".join(record.cells).strip():
            continue
        if wants_header:
            wants_header = False
            continue
        yield record


def count(file: IO[bytes], shape: Shape) -> int:
    """Return how many rows there are below the header. Reads the whole file."""
    return sum(1 for _record in records(file, shape))


def _lines(file: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of the file from its beginning, each of a bounded length."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace")
    try:
        yield from _Lines(text)
    finally:
        if not file.closed:
            text.detach()


def _all_rows(file: IO[bytes], shape: Shape) -> Iterator[Record]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=shape.encoding, errors="replace", newline="")
    try:
        yield from _rows(text, shape.delimiter)
    finally:
        if not file.closed:
            text.detach()  # the file belongs to the caller; a wrapper would close it


def _rows(text: io.TextIOBase, delimiter: str) -> Iterator[Record]:
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    number = 0
    while True:
        number += 1
        lines.is_cut = False
        first_line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fault = _("Lines %(from)d to %(to)d cannot be read: a cell is longer than 128 KB, or a quote is never closed.")
            yield Record(number, [], fault % {"from": first_line, "to": reader.line_num})
            continue
        if lines.is_cut:
            yield Record(number, [], _("The line is longer than 1 MB."))
            continue
        yield Record(number, cells)


class _Lines:
    """Lines of a text, each at most LONGEST_LINE long: the rest of a longer one is dropped, and `is_cut` says so."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.text = text
        self.is_cut = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        piece = line
        while len(piece) == LONGEST_LINE and piece[-1] not in "\r\n":
            self.is_cut = True
            piece = self.text.readline(LONGEST_LINE)
        return line[:1024] if self.is_cut else line


def _encoding(file: IO[bytes], sample: bytes) -> str:
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return name
    strange = _first_strange_bytes(file)
    if strange is None:
        return "utf-8"
    if sample[:4096].count(0) > len(sample[:4096]) // 4:
        return "utf-16-le" if sample[1:2] == b"\x00" else "utf-16-be"
    # Lines of plain ASCII look alike in every encoding and would outvote the others.
    telling = b"\n".join(line for line in strange.splitlines() if not line.isascii())
    guess = from_bytes(telling, cp_isolation=["cp1251", "cp1252", "cp1250", "koi8_r", "iso8859_2", "cp866"]).best()
    return codecs.lookup(guess.encoding).name if guess else "cp1252"


def _first_strange_bytes(file: IO[bytes]) -> bytes | None:
    """Return a piece of the file that is not UTF-8; None when all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    while piece := file.read(SAMPLE_BYTES):
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            return piece
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        file.seek(0)
        return file.read(SAMPLE_BYTES)
    return None


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the first rows into the most equal columns."""
    best, best_score = ",", 0.0
    for candidate in DELIMITERS:
        widths = [len(row.cells) for row, _n in zip(_rows(io.StringIO(text, newline=""), candidate), range(50)) if any(row.cells)]
        if not widths:
            continue
        (width, times), *_rest = Counter(widths).most_common(1)
        # A full share of equal rows counts more than many columns: commas inside texts cut rows unevenly.
        score = (times / len(widths)) ** 2 * (width - 1)
        if width > 1 and score > best_score:
            best, best_score = candidate, score
    return best


def _is_header(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return not any(_NO_NAME.match(cell) for cell in filled)
