"""Which rows were not imported, as a file to mend and import again?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from profiles.models import Import


def table(an_import: Import) -> tuple[list[str], Callable[[], Iterable[list[object]]]]:
    """Return the header and the rejected rows: the cells as they were, then the row's number, column and reason."""
    header = [*an_import.header, _("Row in the file"), _("Column"), _("Why it was not imported")]
    return header, lambda: _rows(an_import)


def _rows(an_import: Import) -> Iterable[list[object]]:
    width = len(an_import.header)
    for fault in an_import.faults.order_by("row", "pk").iterator(chunk_size=2000):
        cells = [*fault.cells[:width], *[""] * (width - len(fault.cells))]
        yield [*cells, fault.row, fault.column, fault.reason]
