"""How does an uploaded file become an import, and when may it start?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.core.files import File as DjangoFile
from django.db import transaction
from django.utils.translation import gettext as _

from profiles import schema
from profiles.imports import guessing, mapping, reading, remembered, sheets
from profiles.imports.mapping import Plan
from profiles.imports.reading import Shape
from profiles.imports.running import shape_of
from profiles.models import Import

if TYPE_CHECKING:
    from django.core.files.base import File

    from omni.models import User

MOST_COLUMNS = 200
KEPT_FOR = timedelta(days=30)


class UnusableFileError(ValueError):
    """The file cannot be imported at all; the message says why to a person."""


def upload(*, file: File[Any], name: str, by: User | None) -> Import:
    """Keep the file and look at it: kind, shape, header and a first guess of the mapping. Raises UnusableFileError.

    Of a spreadsheet the first filled sheet is kept, as CSV.
    """
    if not file.size:
        raise UnusableFileError(_("The file is empty."))
    file.seek(0)
    if not sheets.is_spreadsheet(file.read(8)):
        return _keep(file, Import(name=name[:200], size_bytes=file.size, created_by=by))
    try:
        with sheets.as_csv(file) as sheet:
            new = Import(name=name[:200], size_bytes=file.size, created_by=by, format=Import.Format.XLSX, sheet=sheet.name[:100])
            return _keep(DjangoFile(sheet.file, name), new)
    except sheets.UnusableSheetError as error:
        raise UnusableFileError(str(error)) from None


def _keep(file: File[Any], new: Import) -> Import:
    shape = Shape() if new.format == Import.Format.XLSX else reading.detect(file)
    if shape.names is not None:
        new.format = Import.Format.JSONL
    _check_columns(reading.columns(file, shape))
    file.seek(0)
    ending = {Import.Format.JSONL: ".jsonl"}.get(Import.Format(new.format), ".csv")
    with transaction.atomic():
        new.file.save(f"{new.name[:80].removesuffix(ending) or 'people'}{ending}", file, save=False)
        reshape(new, shape)
        new.save()
    return new


def reshape(an_import: Import, shape: Shape) -> None:
    """Read the file as `shape`, and guess its mapping anew. Does not save. Raises UnusableFileError."""
    with an_import.file.open("rb") as file:
        header = reading.columns(file, shape)
        _check_columns(header)
        sample = [record.cells for record in islice(reading.records(file, shape), guessing.MOST_SAMPLES)]
    columns = guessing.guess(header=header, rows=sample, known_types=known_types())
    an_import.mapped_as = remembered.find(header)
    if an_import.mapped_as is not None:
        columns = remembered.apply(an_import.mapped_as, guessed=columns)
    an_import.encoding, an_import.delimiter, an_import.has_header = shape.encoding, shape.delimiter, shape.has_header
    an_import.header = header
    an_import.mapping = Plan(tuple(columns)).mapping_as_json()


def samples(an_import: Import, most: int = 5) -> list[list[str]]:
    """Return the first rows as they are in the file."""
    with an_import.file.open("rb") as file:
        found = islice(reading.records(file, shape_of(an_import)), most)
        return [record.cells for record in found]


def start(*, an_import: Import, plan: Plan, now: datetime) -> bool:
    """Queue the import with this plan; False when it was started before. Raises mapping.MappingError."""
    mapping.check(plan, known_types=known_types(), today=now.date())
    with transaction.atomic():
        waiting = Import.objects.filter(pk=an_import.pk, state=Import.State.MAPPING)
        said = {"mapping": plan.mapping_as_json(), "consent": plan.consent.as_json()}
        if not waiting.update(state=Import.State.QUEUED, **said):
            return False
        kept = remembered.remember(an_import=an_import, plan=plan, by=an_import.created_by, now=now)
        Import.objects.filter(pk=an_import.pk).update(mapped_as=kept)
    return True


def forget_files(*, now: datetime) -> int:
    """Delete files uploaded KEPT_FOR ago, and the imports that were never started; return how many files went.

    Numbers and rejected rows of finished imports stay. One import at a time, so that a crash leaves no file behind its row.
    """
    old = Import.objects.exclude(state__in=[Import.State.QUEUED, Import.State.RUNNING]).filter(created_at__lt=now - KEPT_FOR)
    gone = 0
    for an_import in old.exclude(file="").only("file", "state"):
        an_import.file.delete(save=False)
        if an_import.state == Import.State.MAPPING:
            an_import.delete()
        else:
            Import.objects.filter(pk=an_import.pk).update(file="")
        gone += 1
    return gone


def known_types() -> Mapping[str, str]:
    return schema.types()


def _check_columns(header: list[str]) -> None:
    if not header:
        raise UnusableFileError(_("There is no row in the file."))
    if len(header) > MOST_COLUMNS:
        raise UnusableFileError(_("The file has more than %(most)d columns.") % {"most": MOST_COLUMNS})
