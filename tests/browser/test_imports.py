"""Is a file of people tried as a whole, imported, and taken back again, in the browser?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from profiles import imports
from profiles.models import Import, Profile

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from omni.models import User

SignIn = Callable[["User"], None]
Check = Callable[["Page"], None]

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = (
    "email;city;orders\nanna@shop.test;Sofia;3\nboris@shop.test;Varna;x\nclara@shop.test;Ruse;1\n" + "d@shop.test;Ruse;2\n" * 20
)


def _work() -> None:
    until = timezone.now() + timedelta(seconds=30)
    for run in (imports.trial.run, imports.undo.run, imports.run):
        while run(clock=timezone.now, until=until):
            pass


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_file_is_tried_imported_and_taken_back(
    page: Page, sign_in: SignIn, owner: User, assert_accessible: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["profiles.imports.preview"], "MOST_ROWS", 10)
    file = tmp_path / "people.csv"
    file.write_text(TEXT)
    sign_in(owner)

    page.goto("/people/imports/")
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_label("No consent, or not known").check()
    expect(page.get_by_text("Tried on the first 10 rows")).to_be_visible()
    _picture(page, "mapping")
    page.get_by_role("button", name="Try all rows first").click()
    expect(page.get_by_role("heading", name="So far")).to_be_visible()
    _work()
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    expect(page.get_by_text("orders: not readable as Number")).to_be_visible()
    assert not Profile.objects.exists()
    assert_accessible(page)
    _picture(page, "trial")

    page.get_by_role("button", name="Start the import").click()
    _work()
    expect(page.get_by_text("22 rows became people.")).to_be_visible()
    expect(page.get_by_text("people.csv is imported.")).to_be_visible()
    page.get_by_role("link", name="Take it back…").click()
    assert_accessible(page)
    _picture(page, "undo")
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme="dark")
    _picture(page, "undo-phone")
    page.get_by_role("button", name="Take it back").click()
    page.get_by_label("Type this number to go on").fill("3")
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("People gone through")).to_be_visible()
    _work()
    expect(page.get_by_text("Taken back", exact=True)).to_be_visible()
    _picture(page, "undone")
    assert not Profile.objects.exists()
    assert Import.objects.get().rows_created == 3

    page.goto("/people/imports/mappings/")
    assert_accessible(page)
    _picture(page, "mappings")
