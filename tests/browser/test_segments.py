"""Can a segment be drawn by mouse, by keyboard alone and on a phone, and does the count follow?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from profiles.models import AttributeDef, EventDef
from segments.models import Segment
from segments.tests.world import DAY, NOW, Did, Person, World

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from omni.models import User

SignIn = Callable[["User"], None]
Check = Callable[["Page"], None]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(db: None) -> World:
    """Ewa and Jan are Polish, Ewa bought boots yesterday; Ivan is Bulgarian."""
    town = World(
        people=[
            Person({"name": "Ewa Nowak", "country": "Poland"}, email="ewa@x.test"),
            Person({"name": "Jan Kowal", "country": "Poland"}),
            Person({"name": "Ivan Petrov", "country": "Bulgaria"}),
        ],
        events=[Did(0, "Order Completed", NOW - DAY, properties={"category": "Boots"})],
        permission={"ewa@x.test": "granted"},
    )
    town.build()
    AttributeDef.objects.create(key="country", type="string", first_seen_at=NOW)
    EventDef.objects.update(properties={"category": "string"})
    return town


def count(page: Page) -> Locator:
    return page.locator(".preview-count")


def test_the_count_follows_what_is_drawn(page: Page, sign_in: SignIn, owner: User, town: World, assert_accessible: Check) -> None:
    sign_in(owner)
    page.goto("/segments/new/")
    expect(page.get_by_text("3 people are known.")).to_be_visible()

    page.get_by_role("button", name="Condition", exact=True).click()
    expect(page.get_by_label("Attribute", exact=True)).to_be_focused()
    page.get_by_label("Attribute", exact=True).select_option("country")
    page.get_by_label("Comparison").select_option("in")
    value = page.get_by_label("Value")
    value.fill("Poland")
    value.press("Enter")
    expect(count(page)).to_have_text(re.compile("^2"))
    expect(value).to_be_focused()
    expect(value).to_have_value("")
    value.press_sequentially("Bulgaria")
    value.press("Enter")
    expect(count(page)).to_have_text(re.compile("^3"))

    page.get_by_role("button", name="Something they did").click()
    page.get_by_label("Event", exact=True).select_option("Order Completed")
    expect(count(page)).to_have_text(re.compile("^1"))
    expect(page.locator(".preview-people")).to_contain_text("Ewa Nowak")
    expect(page.locator(".preview-people")).to_contain_text("country: Poland")
    expect(page.locator(".builder-sentence")).to_have_text(
        "People whose country is Poland or Bulgaria and who did “Order Completed”."
    )
    assert_accessible(page)

    page.get_by_label("Name").fill("Buyers")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="Buyers")).to_be_visible()
    assert Segment.objects.get().reads == ["event_recorded:Order Completed", "profile_changed:country"]


def test_rows_are_moved_grouped_and_removed_by_keyboard(
    page: Page, sign_in: SignIn, owner: User, town: World, assert_accessible: Check
) -> None:
    sign_in(owner)
    page.goto("/segments/new/")
    page.get_by_role("button", name="Condition", exact=True).press("Enter")
    expect(page.get_by_label("Attribute", exact=True)).to_be_focused()
    page.get_by_role("button", name="Something they did").press("Enter")
    expect(page.get_by_label("Event", exact=True)).to_be_focused()

    menu = page.get_by_role("button", name="Move, copy or remove").nth(1)
    menu.press("Enter")
    page.get_by_role("button", name="Move up").press("Enter")
    expect(page.locator("#definition-0 [name='definition:0:event']")).to_be_focused()

    page.get_by_role("button", name="Move, copy or remove").nth(0).press("Enter")
    page.get_by_role("button", name="Put into a group of its own").press("Enter")
    expect(page.locator("#definition-0-0")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Put into a group")).to_be_attached()
    assert_accessible(page)
    page.locator("#definition-0-0").get_by_role("button", name="Remove", exact=True).press("Enter")
    expect(page.locator("#definition-0-0")).to_have_count(0)


def test_it_asks_before_a_drawn_segment_is_lost(page: Page, sign_in: SignIn, owner: User, town: World) -> None:
    sign_in(owner)
    page.goto("/segments/new/")
    page.get_by_role("button", name="Condition", exact=True).click()
    page.get_by_label("Attribute", exact=True).select_option("country")
    page.get_by_label("Value").fill("Poland")
    page.get_by_label("Value").press("Enter")
    expect(count(page)).to_have_text(re.compile("^2"))
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.get_by_role("link", name="People", exact=True).first.click()

    expect(page).to_have_url(re.compile("/segments/new/$"))
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible_on_a_phone(
    page: Page, sign_in: SignIn, owner: User, town: World, assert_accessible: Check, scheme: str
) -> None:
    from segments import editing, materialize

    leaf = {"kind": "attribute", "params": {"attribute": "country", "operator": "is", "value": "Poland"}}
    inner = {"match": "any", "items": [leaf, {"kind": "event", "params": {"event": "Order Completed", "measure": "did"}}]}
    made = editing.create(
        name="Poles", definition={"version": 1, "root": {"match": "all", "items": [leaf, inner]}}, by=owner, now=NOW
    )
    materialize.refresh_stale(now=NOW)
    sign_in(owner)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)

    for path in ("/segments/", made.get_absolute_url(), f"{made.get_absolute_url()}edit/"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
