"""How does a table leave the house: as CSV in any number of rows, or as a spreadsheet of some?

    return tables.answer(request, name="people", header=header, rows=lambda: rows)

`?format=xlsx` of the address asks for the spreadsheet. CSV is streamed while it is read; a spreadsheet is written to a file
first, row by row, so that neither takes memory. In both a text never becomes a formula (profiles.csv_export).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from omni import toasts
from profiles import csv_export

if TYPE_CHECKING:
    from django.http import HttpRequest

MOST_SHEET_ROWS = 100_000  # about ten seconds of work, and nothing can be sent before it is done
LONGEST_SHEET_CELL = 32_767  # of Excel
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Rows = Iterable[Sequence[object]]


def answer(request: HttpRequest, *, name: str, header: Sequence[str], rows: Callable[[], Rows]) -> HttpResponseBase:
    """Return the table as a file to save, in the format that the address asks for.

    One of more than MOST_SHEET_ROWS comes as CSV whatever was asked for, and the next page says why.
    """
    if request.GET.get("format") == "xlsx":
        left = iter(rows())
        file = workbook(header, left)
        if next(left, None) is None:
            return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
        file.close()
        toasts.push(request, _("A spreadsheet takes at most 100,000 rows here: the file is CSV, with all of them."), tone="info")
    response = StreamingHttpResponse(csv_export.lines(header, rows()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def workbook(header: Sequence[str], rows: Iterator[Sequence[object]]) -> IO[bytes]:
    """Return a spreadsheet of the first MOST_SHEET_ROWS rows as a file that is gone when it is closed."""
    file = TemporaryFile()  # noqa: SIM115
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        _write(sheet, 0, header)
        for place in range(1, MOST_SHEET_ROWS + 1):
            if (row := next(rows, None)) is None:
                break
            _write(sheet, place, row)
    file.seek(0)
    return file


def _write(sheet: xlsxwriter.worksheet.Worksheet, place: int, cells: Sequence[object]) -> None:
    for column, cell in enumerate(cells):
        harmless = csv_export.safe(cell)
        if isinstance(harmless, bool):
            sheet.write_boolean(place, column, harmless)
        elif isinstance(harmless, int | float) and abs(harmless) < 1e15:
            sheet.write_number(place, column, harmless)
        else:
            sheet.write_string(place, column, str(harmless)[:LONGEST_SHEET_CELL])
