"""How does a sheet of a spreadsheet become CSV? Run as a program of its own, so that a bomb kills nobody but itself.

    python sheet_reader.py workbook.xlsx people.csv

Prints {"sheet": ..., "others": [...]} or {"error": a code of profiles.imports.sheets}. Knows nothing of Django.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

MOST_MEMORY_BYTES = 3 * 1024**3
MOST_UNPACKED_BYTES = 1024**3
MOST_PARTS = 5_000  # a workbook of many sheets and pictures has some hundred
MOST_SECONDS = 240


class UnusableSheetError(Exception):
    """The workbook cannot be read; the message is a code."""


def main(source: Path, target: Path) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        _check_parts(source)
        return _convert(source, target)
    except UnusableSheetError as error:
        return {"error": str(error)}
    except PasswordError:
        return {"error": "password"}
    except MemoryError:
        return {"error": "too_large"}
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError):
        return {"error": "broken"}


def _check_parts(source: Path) -> None:
    """Look at what the archive says of itself; one that lies meets the limit of memory."""
    if not zipfile.is_zipfile(source):
        with source.open("rb") as file:
            if file.read(2) == b"PK":
                raise UnusableSheetError("broken")
        return
    with zipfile.ZipFile(source) as archive:
        parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise UnusableSheetError("too_large")


def _convert(source: Path, target: Path) -> dict[str, Any]:
    with CalamineWorkbook.from_path(str(source)) as book:
        names = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        for name in names:
            sheet = book.get_sheet_by_name(name)
            if sheet.start is not None:
                with target.open("w", newline="", encoding="utf-8", errors="replace") as out:
                    csv.writer(out).writerows(_rows(sheet))
                return {"sheet": name, "others": [other for other in names if other != name]}
    raise UnusableSheetError("empty")


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    # Blank rows on top are among them: rows keep the numbers that the spreadsheet shows.
    for row in sheet.iter_rows():
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201
