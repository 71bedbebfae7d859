"""The second half of the story: the campaign goes out, people answer, and the report tells what they did."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from playwright.sync_api import Locator, expect
from selectolax.lexbor import LexborHTMLParser

from tests.browser.preparing import BUYERS, CAMPAIGN, tell
from tests.browser.telling import PATIENCE_MS, Story, reload_until
from tests.story import door
from tests.story.readers import SECONDS_UNTIL_READ


@dataclass(frozen=True)
class Answers:
    """Whose letters were opened by a person; the first of them also followed a link and bought, the last opted out."""

    opened: tuple[str, ...]

    @property
    def clicked(self) -> str:
        return self.opened[0]

    @property
    def left(self) -> str:
        return self.opened[-1]


def publish(story: Story) -> None:
    page = story.page
    page.get_by_role("link", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish this campaign")
    expect(dialog).to_contain_text("It starts at once, with everybody who is in the segment now:")
    expect(dialog).to_contain_text(re.compile(rf"Come in\s*{BUYERS}"))
    story.looks()
    dialog.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def read_letters(story: Story) -> Answers:
    """Wait until everybody passed the first letter, then read some of the letters as people do."""
    _until(lambda: _settled(story) == BUYERS, f"the first letter to {BUYERS} people", story)
    letters = story.letters()
    assert len(letters) == len({letter["To"] for letter in letters}) == _sent(story)
    assert {str(letter["Subject"]).partition(",")[2] for letter in letters} == {" new boots", ""}, "both wordings went out"
    time.sleep(SECONDS_UNTIL_READ)
    read = letters[:3]
    for letter in read:
        assert door.look(_pixel(letter)) == 200
    assert door.look(_link(read[0])) in (302, 303, 307)
    (way_out,) = re.findall(r"<(http[^>]+)>", str(read[-1]["List-Unsubscribe"]))[:1]
    assert door.leave(way_out) == 200
    answers = Answers(tuple(str(letter["To"]) for letter in read))
    tell(story, {int(re.sub(r"\D", "", answers.clicked)): 0})
    return answers


def pause_and_go_on(story: Story) -> None:
    """While the campaign is paused nobody moves, although the wait is over."""
    page = story.page
    page.reload()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused since")).to_be_visible()
    story.looks()
    sent = len(story.letters())
    _let_the_wait_pass(story)
    time.sleep(4)
    assert len(story.letters()) == sent
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause").or_(page.get_by_text("Finished")).first).to_be_visible()


def finish(story: Story, answers: Answers) -> None:
    """The branch sends those home who opened, and reminds the others; nobody else gets a second letter."""
    first = {str(letter["To"]) for letter in story.letters()}
    story.goes_to("Campaigns")
    reload_until(story.page, story.page.get_by_role("row", name=CAMPAIGN).get_by_text("Finished"))
    story.looks()
    letters = story.letters()
    reminded = [str(letter["To"]) for letter in letters[len(first) :]]
    assert sorted(reminded) == sorted(first - set(answers.opened))
    assert len(letters) == _sent(story)


def read_the_report(story: Story, answers: Answers) -> None:
    page = story.page
    story.goes_to("Reports")
    page.get_by_role("link", name=CAMPAIGN).click()
    everybody = page.get_by_role("region", name="Everybody adds up")
    expect(everybody).to_be_visible()
    story.looks()
    audience, *states = (_number(link) for link in everybody.get_by_role("link").all())
    assert audience == BUYERS == sum(states)
    first = page.get_by_role("article").filter(has=page.get_by_role("heading", name="Send one of 2 letters"))
    letters = story.letters()
    assert _column(first, 2) == len({str(letter["To"]) for letter in letters})
    assert [_column(first, column) for column in (3, 4, 5)] == [len(answers.opened), 1, 1]
    assert _column(first, 6) == 1
    _drill(story, first, 4, answers.clicked)
    _drill(story, first, 5, answers.left)
    page.goto("/")
    expect(page.get_by_role("region", name="What it brought")).to_contain_text(CAMPAIGN)
    story.looks()


def _drill(story: Story, step: Locator, column: int, address: str) -> None:
    """Open the one person behind a number, and come back."""
    page = story.page
    report = page.url
    step.get_by_role("row").get_by_role("cell").and_(page.locator(f"td:nth-child({column + 1})")).get_by_role(
        "link", name="1", exact=True
    ).click()
    people = page.get_by_role("group", name="People").get_by_role("row")
    expect(people).to_have_count(2)
    expect(people.last).to_contain_text(address)
    story.looks()
    page.goto(report)


def _column(step: Locator, column: int) -> int:
    """Add up a column of the funnel over its variants, the control group among them."""
    cells = step.get_by_role("table").locator(f"tbody td:nth-child({column + 1})").get_by_role("link").all()
    return sum(_number(cell) for cell in cells)


def _number(link: Locator) -> int:
    found = re.search(r"\d+", link.inner_text())
    assert found, link.inner_text()
    return int(found.group())


def _settled(story: Story) -> int:
    query = "SELECT count(*) FROM campaigns_delivery WHERE state <> 'open'"
    return int(story.house.ask(query)[0][0])


def _sent(story: Story) -> int:
    return int(story.house.ask("SELECT count(*) FROM campaigns_delivery WHERE state = 'sent'")[0][0])


def _let_the_wait_pass(story: Story) -> None:
    """The story has no three days: whoever waits came to the wait four days ago, and is due."""
    _until(lambda: _waiting(story) == BUYERS, "everybody to come to the wait", story)
    story.house.ask("UPDATE campaigns_visit SET entered_at = entered_at - interval '4 days' WHERE left_at IS NULL")
    story.house.ask("UPDATE campaigns_enrolment SET due_at = due_at - interval '4 days' WHERE state = 'active'")


def _waiting(story: Story) -> int:
    query = "SELECT count(*) FROM campaigns_enrolment WHERE state = 'active' AND due_at > now() + interval '1 day'"
    return int(story.house.ask(query)[0][0])


def _until(is_so: Callable[[], bool], what: str, story: Story) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain for {what}; {story.house.words()}"
        time.sleep(0.3)


def _pixel(letter: EmailMessage) -> str:
    pixel = _html(letter).css_first('img[width="1"]')
    assert pixel is not None
    return str(pixel.attributes["src"])


def _link(letter: EmailMessage) -> str:
    links = [link.attributes for link in _html(letter).css("a") if "/t/c/" in (link.attributes.get("href") or "")]
    return str(next(link["href"] for link in links if link.get("aria-hidden") != "true"))


def _html(letter: EmailMessage) -> LexborHTMLParser:
    part = letter.get_body(("html",))
    assert part is not None
    return LexborHTMLParser(str(part.get_content()))
