"""Compile the translations that are newer than their compiled form, without GNU gettext."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/*.po; skips what is up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        for root in settings.LOCALE_PATHS:
            for source in sorted(Path(root).glob("*/LC_MESSAGES/*.po")):
                _compile(source, source.with_suffix(".mo"))


def _compile(source: Path, target: Path) -> None:
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return
    with source.open("rb") as text:
        catalog = read_po(text, locale=source.parent.parent.name)
    with target.open("wb") as out:
        # Fuzzy guesses are for translators to look at, not for readers.
        write_mo(out, catalog, use_fuzzy=False)
