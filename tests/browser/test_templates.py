"""A marketer writes a letter, looks at it as somebody, and sends it to herself; a reader leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from campaigns import delivery
from campaigns.models import Delivery, Policy, Template, TrialSend
from campaigns.tests.delivery.office import Office, open_office, standing_clock
from campaigns.tracking import links
from campaigns.tracking.links import Place
from profiles import consent, search

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from omni.models import User


@pytest.fixture
def post(transactional_db: None, now: datetime, settings, tmp_path: Path) -> Office:
    settings.VAR = tmp_path
    return open_office(now)


def test_a_letter_is_written_looked_at_and_tried(
    page: Page, sign_in: Callable[[User], None], marketer: User, post: Office, assert_accessible
):
    from playwright.sync_api import expect

    mia = post.people(1, attributes={"first_name": "Mia", "name": "Mia Schmidt"})[0]
    search.refresh([mia.pk])
    sign_in(marketer)

    page.goto("/templates/new/")
    assert_accessible(page)
    page.get_by_text("Newsletter").click()
    page.get_by_label("Name").fill("November")
    page.get_by_role("button", name="Open in the editor").click()
    page.get_by_label("Subject").fill("Hi {{ person.first_name | default: 'you' }}")
    expect(page.locator(".inbox-line")).to_contain_text("Hi you")
    assert page.evaluate("document.activeElement.id") == "id_subject"

    page.get_by_role("button", name="As nobody in particular").click()
    page.get_by_label("Find a person").fill("mia")
    page.locator("#picker-people").get_by_role("button", name="Mia Schmidt").click()
    expect(page.locator(".inbox-line")).to_contain_text("Hi Mia")
    page.locator("label", has_text="Phone").click()
    expect(page.locator(".letter-phone")).to_be_visible()
    expect(page.frame_locator("iframe.letter-frame").get_by_text("Hello Mia")).to_be_visible()
    assert page.locator("#preview").count() == 1
    assert_accessible(page)

    page.get_by_role("textbox", name="To", exact=True).fill("max@omni.test")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Sent to max@omni.test.")).to_be_visible()
    assert TrialSend.objects.get().subject == "Hi Mia"
    assert Template.objects.latest("pk").name == "November"


def test_a_fault_leads_to_its_line(page: Page, sign_in: Callable[[User], None], marketer: User, post: Office):
    from playwright.sync_api import expect

    body = post.content.template.body.replace("Hello", "{% if %}Hello")
    template = Template.objects.create(name="Broken", subject="x", body=body)
    sign_in(marketer)

    page.goto(f"/templates/{template.pk}/")
    page.locator("[data-go-line]").click()

    expect(page.locator("#id_body")).to_be_focused()
    selected = page.evaluate(
        "(() => { const t = document.activeElement; return t.value.slice(t.selectionStart, t.selectionEnd) })()"
    )
    assert "{% if %}" in selected


def test_the_emergency_stop_asks_first(page: Page, sign_in: Callable[[User], None], owner: User, post: Office, assert_accessible):
    from playwright.sync_api import expect

    sign_in(owner)
    page.goto("/settings/sending/")
    assert_accessible(page)

    page.get_by_role("button", name="Stop all sending").click()
    page.locator("#confirm-yes").click()

    expect(page.get_by_role("heading", name="All sending is stopped")).to_be_visible()
    assert Policy.load().stopped_at is not None


def test_a_reader_leaves_and_comes_back(page: Page, post: Office, assert_accessible):
    from playwright.sync_api import expect

    [one] = post.order(post.people(1))
    delivery.drain(lane="email", clock=standing_clock(post.now))
    one = Delivery.objects.get(pk=one.pk)

    page.goto("/u/" + links.unsubscribe_url(Place(one.pk)).rsplit("/", 1)[1])
    assert_accessible(page)
    page.get_by_role("button", name="Unsubscribe").click()

    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert not consent.standings(channel="email", addresses=[one.address])[one.address].is_allowed
    page.get_by_role("button", name="That was a mistake").click()
    expect(page.get_by_role("heading", name="Unsubscribe", exact=True)).to_be_visible()
    assert consent.standings(channel="email", addresses=[one.address])[one.address].is_allowed
