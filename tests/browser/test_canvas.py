"""Can a marketer draw a journey by mouse, by keyboard and on a phone, without anything jumping?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import graph
from campaigns.models import Campaign
from campaigns.tests import stage
from profiles.models import AttributeDef, EventDef

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from omni.models import User

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def today() -> datetime:
    return timezone.now()


@pytest.fixture
def shop(today: datetime) -> None:
    """A sender, two templates, a segment of eight, an event and an attribute to ask about."""
    stage.sender()
    for name in ("Plain words", "With a picture"):
        stage.template(name)
    stage.segment(stage.people(8, today), today)
    EventDef.objects.create(name="Order completed", first_seen_at=today)
    AttributeDef.objects.create(key="city", type="string", first_seen_at=today)


@pytest.fixture
def canvas(page: Page, sign_in: Callable[[User], None], marketer: User, shop: None) -> Page:
    """A new campaign with nothing but its entry."""
    sign_in(marketer)
    page.goto("/campaigns/new/")
    page.get_by_text("From scratch").click()
    page.get_by_label("Name").fill("Spring")
    page.get_by_role("button", name="Open the canvas").click()
    expect(page.get_by_role("heading", name="Spring")).to_be_visible()
    return page


def kinds() -> list[str]:
    draft = Campaign.objects.get().draft
    return [draft["steps"][key]["kind"] for key in graph.walk(draft)]


def add(page: Page, words: str, edge: int = -1) -> None:
    before = page.locator(".step").count()
    page.locator(".edge-add").nth(edge).click()
    page.get_by_role("button", name=words).click()
    expect(page.locator(".step")).to_have_count(before + 1)


def test_a_journey_is_drawn_and_published(canvas: Page) -> None:
    page = canvas
    page.locator("[data-step=entry] a").first.click()
    page.get_by_label("Segment", exact=True).select_option(label="Loyal")
    expect(page.locator("[data-step=entry]")).to_contain_text("Everyone in “Loyal”, at once")

    add(page, "E-mail")
    page.get_by_label("Template of variant A").select_option(label="Plain words")
    expect(page.locator("[data-canvas]")).to_contain_text("Send “Plain words”")
    page.get_by_role("button", name="Add a variant").click()
    page.get_by_label("Template of variant B").select_option(label="With a picture")
    expect(page.locator("[data-canvas]")).to_contain_text("Send one of 2 letters")
    share = page.get_by_label("Share of variant B")
    share.fill("25")
    expect(page.locator("[data-canvas]")).to_contain_text("20 %")
    expect(share).to_be_focused()

    add(page, "Wait")
    expect(page.locator("[data-canvas]")).to_contain_text("Wait 2 days")
    add(page, "Branch")
    expect(page.locator("[data-canvas]")).to_contain_text("Opened one of 2 letters?")
    expect(page.get_by_text("Nothing stands in the way of publishing")).to_be_visible()

    page.get_by_role("link", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish this campaign")
    expect(dialog).to_contain_text("Come in")
    dialog.get_by_role("button", name="Publish").click()
    expect(page.locator(".page-title")).to_contain_text("Live")
    assert kinds() == ["entry", "message", "wait", "branch"]
    assert Campaign.objects.get().current_version.graph == Campaign.objects.get().draft


def test_conditions_are_kept_as_they_are_made(canvas: Page) -> None:
    page = canvas
    add(page, "Branch")
    page.get_by_label("They match conditions").check()
    page.get_by_role("button", name="Condition", exact=True).click()
    expect(page.locator("[data-canvas]")).to_contain_text("Choose what you want to know about the person.")

    page.reload()

    expect(page.locator(".rule-item")).to_have_count(1)


def test_everything_works_by_keyboard(canvas: Page) -> None:
    page = canvas
    add(page, "Wait")
    add(page, "E-mail")
    page.get_by_role("heading", name="E-mail").wait_for()

    page.locator("body").press("k")
    expect(page.locator(".step-kind").nth(1)).to_have_text("E-mail")
    page.locator("body").press("j")
    expect(page.locator(".step-kind").nth(1)).to_have_text("Wait")
    page.locator("body").press("z")
    expect(page.locator(".step-kind").nth(1)).to_have_text("E-mail")
    page.locator("body").press("y")
    expect(page.locator(".step-kind").nth(1)).to_have_text("Wait")
    page.locator("[data-step=entry] > a").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector").get_by_role("heading", name="Wait")).to_be_visible()
    page.locator("body").press("x")
    expect(page.locator(".step-kind")).to_have_text(["Entry", "E-mail"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Settings", exact=True).last).to_be_visible()


def test_a_card_is_dragged_to_another_place(canvas: Page) -> None:
    page = canvas
    add(page, "Wait")
    add(page, "E-mail")
    expect(page.locator(".step-kind")).to_have_text(["Entry", "Wait", "E-mail"])

    page.locator("[data-step^=wait]").drag_to(page.locator(".edge-add").last)

    expect(page.locator(".step-kind")).to_have_text(["Entry", "E-mail", "Wait"])


def test_choosing_a_card_moves_nothing(canvas: Page) -> None:
    page = canvas
    for words in ("Wait", "Branch"):
        add(page, words)
    entry = page.locator("[data-step=entry]")
    before = entry.bounding_box()

    entry.locator("a").first.click()
    expect(page.locator("#inspector").get_by_role("heading", name="Entry")).to_be_visible()

    assert entry.bounding_box() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [None, PHONE], ids=["desktop", "phone"])
def test_it_is_accessible(canvas: Page, assert_accessible: Callable[[Page], None], scheme: str, size: dict | None) -> None:
    page = canvas
    add(page, "E-mail")
    add(page, "Branch")
    page.emulate_media(color_scheme=scheme)
    if size:
        page.set_viewport_size(size)

    assert_accessible(page)
    page.locator(".edge-add").first.click()
    page.get_by_role("heading", name="Add a step").wait_for()
    assert_accessible(page)


def test_on_a_phone_the_inspector_is_a_sheet_from_below(canvas: Page) -> None:
    page = canvas
    page.set_viewport_size(PHONE)

    add(page, "Wait")

    sheet = page.locator("#inspector")
    expect(sheet.get_by_label("How long")).to_be_visible()
    box = sheet.bounding_box()
    assert box["y"] + box["height"] == pytest.approx(PHONE["height"], abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
