"""Does the main job run end to end in a browser: from a fresh installation to the report of letters people really got?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import installation, preparing, sending
from tests.browser.telling import Story, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.mark.slow
def test_a_stranger_gets_from_nothing_to_the_report(
    browser: Browser, tmp_path: Path, assert_accessible: Callable[[Page], None]
) -> None:
    with installation.fresh(tmp_path / "var") as house, window(browser, house.address) as page:
        story = Story(page, house, assert_accessible)
        preparing.set_up(story)
        preparing.import_people(story)
        preparing.connect_a_source(story)
        preparing.see_what_arrived(story)
        preparing.build_a_segment(story)
        preparing.say_who_writes(story)
        preparing.write_letters(story)
        preparing.draw_the_campaign(story)
        sending.publish(story)
        answers = sending.read_letters(story)
        sending.pause_and_go_on(story)
        sending.finish(story, answers)
        sending.read_the_report(story, answers)
