"""How is a spreadsheet read? Its first filled sheet is turned into CSV by a process of its own, before anything else.

A sheet is held in memory by that process, not by ours: about 150 bytes a cell, so that 300,000 rows of ten columns fit
into its 3 GB with room. Larger tables belong into CSV or JSON Lines, which are read line by line.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.utils.translation import gettext as _

PATIENCE_SECONDS = 300
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # XLSX and ODS are zip archives, XLS is not


class UnusableSheetError(ValueError):
    """The spreadsheet cannot be read; the message says why to a person."""


@dataclass(frozen=True)
class Sheet:
    """The sheet that was read, as a CSV file, and the names of the others."""

    file: IO[bytes]
    name: str
    others: list[str]


def is_spreadsheet(head: bytes) -> bool:
    return head.startswith(_MAGIC)


@contextmanager
def as_csv(file: IO[bytes]) -> Iterator[Sheet]:
    """Give the first filled, visible sheet as CSV in UTF-8; rows keep their numbers. Raises UnusableSheetError."""
    with TemporaryDirectory(prefix="omni-sheet-") as name:
        source, target = Path(name) / "workbook", Path(name) / "sheet.csv"
        file.seek(0)
        with source.open("wb") as out:
            shutil.copyfileobj(file, out)
        answer = _run(source, target)
        if error := answer.get("error"):
            raise UnusableSheetError(_words(str(error)))
        with target.open("rb") as sheet:
            yield Sheet(sheet, str(answer["sheet"]), [str(other) for other in answer["others"]])


def _run(source: Path, target: Path) -> dict[str, Any]:
    program = Path(__file__).with_name("sheet_reader.py")
    command = [sys.executable, "-I", str(program), str(source), str(target)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return {"error": "too_large"}
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        # It had no time to say why: the limits of memory and time end it from outside.
        return {"error": "too_large"}


def _words(error: str) -> str:
    return {
        "empty": _("There is no row in the spreadsheet."),
        "password": _("The spreadsheet is locked with a password. Save it without one."),
        "too_large": _("The spreadsheet is too large to be opened. Save the sheet as CSV and import that."),
    }.get(error, _("The spreadsheet is damaged or of a kind that cannot be read. Save the sheet as CSV and import that."))
