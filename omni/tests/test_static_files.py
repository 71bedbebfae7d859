"""Is what a browser gets complete, and packed into few requests?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from omni import static_files

CSS = Path(settings.BASE_DIR) / "static" / "css"


def test_every_style_sheet_is_imported_once() -> None:
    imported = static_files.IMPORT.findall((CSS / "omni.css").read_text())

    assert sorted(imported) == sorted({*imported})
    # "broken" stands alone on the page for faults, public pages bring their own.
    alone = {"omni.css", "broken.css", "public.css"}
    assert {path.name for path in CSS.glob("*.css")} - alone == set(imported) - alone


def test_the_styles_are_delivered_as_one_file() -> None:
    joined = static_files.joined_style()

    assert "@import" not in joined
    assert "--accent:" in joined


def test_colors_live_in_the_tokens_only() -> None:
    color = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)\(", re.IGNORECASE)
    allowed = {"tokens.css"}

    found = {path.name: color.findall(path.read_text()) for path in CSS.glob("*.css") if path.name not in allowed}

    assert {name: colors for name, colors in found.items() if colors} == {}


@pytest.mark.skipif(not (CSS.parent / "vendor" / "app.js").exists(), reason="the front end is not built")
def test_collected_files_carry_their_fingerprint(tmp_path: Path) -> None:
    packed = {**settings.STORAGES, "staticfiles": {"BACKEND": "omni.static_files.PackedStaticFilesStorage"}}
    with override_settings(
        STATIC_ROOT=tmp_path, STORAGES=packed, STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"]
    ):
        call_command("collectstatic", interactive=False, verbosity=0)

    (style,) = [path for path in (tmp_path / "css").glob("omni.*.css") if path.suffix == ".css"]
    assert ".page-header" in style.read_text()
    assert "@import" not in style.read_text()
