"""How is a table written as CSV that a spreadsheet opens as text, never as formulas?"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

# Spreadsheets read a cell that begins so as a formula; some of them also after white space or in full width.
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠", "|", "%")
BOM = "\ufeff"  # Excel takes a file without it for the country's old encoding


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of the file, one at a time, so that any number of rows takes no memory."""
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow([safe(name) for name in header])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def safe(cell: object) -> object:
    """Return the cell with an apostrophe before what would be a formula (OWASP ASVS 1.2.10); numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, bool | int | float):
        return cell
    text = str(cell).replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_MARKS) else text


def unsafe(text: str) -> str:
    """Return what `safe` was given for this text."""
    return text[1:] if text[:1] == "'" and text[1:].lstrip(" ").startswith(FORMULA_MARKS) else text
