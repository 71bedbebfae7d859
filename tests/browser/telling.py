"""Who tells the story in the browser? One window on a fresh installation, patient, with an eye for what axe finds."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.installation import Installation

PATIENCE_MS = 60_000


@dataclass
class Story:
    page: Page
    house: Installation
    assert_accessible: Callable[[Page], None]
    write_key: str = ""

    def letters(self) -> list[EmailMessage]:
        """Return the letters of the campaign that the mail server took, oldest first."""
        files = sorted((self.house.mailbox / "new").iterdir(), key=lambda file: file.stat().st_mtime_ns)
        letters = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [letter for letter in letters if letter["To"] != "olga@shop.test"]

    def goes_to(self, place: str) -> None:
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=place, exact=True).click()

    def looks(self) -> None:
        """Ask axe about the page once it has settled."""
        self.page.wait_for_load_state("networkidle")
        self.assert_accessible(self.page)


@contextmanager
def window(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport=DESKTOP, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        expect.set_options(timeout=5_000)
        context.close()
    assert complaints == [], "the pages' scripts failed"


def reload_until(page: Page, wanted: Locator) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not wanted.first.is_visible():
        assert time.monotonic() < deadline, f"{page.url} never showed {wanted}: {page.get_by_role('main').inner_text()[:2000]}"
        page.wait_for_timeout(500)
        page.reload()
