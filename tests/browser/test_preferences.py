"""A reader opens the preferences from the letter that came, turns switches, takes a break; a stranger signs up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from campaigns import delivery, requested
from campaigns.delivery.clock import database_clock
from campaigns.models import Sender
from campaigns.providers import sandbox
from campaigns.tests.delivery import office
from campaigns.tests.delivery.office import Office, open_office, standing_clock
from profiles import consent
from profiles.consent import topics
from profiles.models import ContactPoint, PrivacyRequest, Topic

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from omni.models import User


@pytest.fixture
def post(transactional_db: None, now: datetime, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    settings.VAR = tmp_path
    footer = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
    monkeypatch.setattr(office, "BODY", office.BODY.replace(footer, f'{footer} <a href="{{{{ preferences_url }}}}">Choose</a>'))
    news = topics.save(
        topic=Topic(name="News", description="What is new in the shop, twice a month.", is_default=True, has_form=True),
        text="I want news of the shop by e-mail. I can say no at any time.",
        by=None,
        now=now,
    )
    topics.save(topic=Topic(name="Care and repair", description="How to look after what you have."), text="", by=None, now=now)
    return open_office(now, topic=news)


def letters(post: Office) -> list[EmailMessage]:
    file = sandbox._open(post.account.settings)
    found = [row[0] for row in file.execute("SELECT letter FROM taken ORDER BY id")]
    file.close()
    return [message_from_bytes(data, policy=policy.default) for data in found]  # type: ignore[misc]


def link_in(letter: EmailMessage, place: str) -> str:
    """Return the path of the link to one of our pages that stands in the letter."""
    html = letter.get_body(preferencelist=("html",)).get_content()  # type: ignore[union-attr]
    found = re.search(rf'href="https?://[^/"]+(/{place}/[^"]+)"', html)
    assert found, html
    return found[1]


def standing(address: str, topic: str) -> consent.Standing:
    return consent.standings(channel="email", addresses=[address], topic=topic)[address]


def test_a_reader_chooses_from_the_letter_that_came(page: Page, post: Office, assert_accessible: Callable[[Page], None]) -> None:
    from playwright.sync_api import expect

    [person] = post.people(1)
    address = office.address_of(person)
    ContactPoint.objects.create(profile=person, kind="phone", address="+48512345678", created_at=post.now)
    post.order([person])
    delivery.drain(lane="email", clock=standing_clock(post.now))

    page.goto(link_in(letters(post)[0], "p"))
    assert_accessible(page)
    expect(page.get_by_role("switch", name="News")).to_be_checked()
    expect(page.get_by_text(address)).to_have_count(0)

    page.get_by_role("switch", name="News").click()
    page.get_by_role("switch", name="Care and repair").focus()
    page.keyboard.press("Space")
    page.get_by_label("How often").select_option("At most one a week")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.get_by_role("switch", name="News")).not_to_be_checked()
    assert standing(address, "news").reason == "topic_unsubscribed"
    assert standing(address, "care-and-repair").is_allowed

    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_text("You hear nothing from us until")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="End the break").click()
    expect(page.get_by_role("status")).to_contain_text("The pause is over")

    page.get_by_role("button", name="Get a copy of my data").click()
    expect(page.get_by_text("You asked for a copy on")).to_be_visible()
    assert PrivacyRequest.objects.get().kind == "access"

    page.get_by_label("Your new e-mail").fill("nonsense")
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_role("alert")).to_contain_text("not an e-mail address")
    assert_accessible(page)
    page.get_by_label("Your new e-mail").fill("new@example.com")
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_role("status")).to_contain_text("new address")
    assert page.context.cookies() == []


def test_a_stranger_signs_up_and_confirms(page: Page, post: Office, assert_accessible: Callable[[Page], None]) -> None:
    from playwright.sync_api import expect

    Sender.objects.update(is_default=True)
    page.goto("/s/news")
    assert_accessible(page)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("alert")).to_have_count(2)

    page.get_by_label("Your e-mail").fill("ann@example.com")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()

    requested.post_due(clock=database_clock())
    page.goto(link_in(letters(post)[-1], "confirm"))
    assert_accessible(page)
    assert standing("ann@example.com", "news").reason == "double_opt_in_pending"
    page.get_by_role("button", name="Yes, sign me up").click()

    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert standing("ann@example.com", "news").is_allowed
    assert page.context.cookies() == []


def test_staff_keeps_topics(
    page: Page, post: Office, marketer: User, sign_in: Callable[[User], None], assert_accessible: Callable[[Page], None]
) -> None:
    from playwright.sync_api import expect

    sign_in(marketer)
    page.goto("/settings/topics/")
    assert_accessible(page)
    page.get_by_role("link", name="New topic").click()
    page.get_by_label("Name").fill("Workshops")
    page.get_by_role("button", name="Save").click()

    row = page.get_by_role("row").filter(has_text="Workshops")
    expect(row).to_be_visible()
    row.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("“Workshops” is offered no more.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row").filter(has_text="Workshops")).to_be_visible()
