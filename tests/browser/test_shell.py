"""Does the shell work by mouse, keyboard and thumb, in both themes, without a finding by axe?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from omni.models import User

SignIn = Callable[["User"], None]
Check = Callable[["Page"], None]
PAGES = (
    "/",
    "/settings/",
    "/settings/team/",
    "/settings/team/invite/",
    "/settings/company/",
    "/settings/profile/",
    "/settings/keys/new/",
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_palette_opens_finds_and_goes_by_keyboard(page: Page, sign_in: SignIn, owner: User, assert_accessible: Check) -> None:
    sign_in(owner)
    page.goto("/")

    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    box.press_sequentially("team")
    expect(page.get_by_role("option", name="Team").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    option = page.locator("[role=option][aria-selected=true]")
    expect(option).to_have_count(1)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/settings/"))


def test_letters_go_to_places_but_not_while_typing(page: Page, sign_in: SignIn, owner: User) -> None:
    sign_in(owner)
    page.goto("/")

    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile(r"/settings/$"))

    page.goto("/settings/profile/")
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").press_sequentially("gh?")
    expect(page.get_by_label("Name")).to_have_value("gh?")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_the_question_mark_lists_the_shortcuts(page: Page, sign_in: SignIn, owner: User, assert_accessible: Check) -> None:
    sign_in(owner)
    page.goto("/")

    page.keyboard.press("?")

    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_the_theme_changes_at_once_and_stays(page: Page, sign_in: SignIn, owner: User, assert_accessible: Check) -> None:
    sign_in(owner)
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Olga Owner").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light

    page.goto("/settings/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert_accessible(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, sign_in: SignIn, owner: User, assert_accessible: Check, theme: str) -> None:
    owner.theme = theme
    owner.save()
    sign_in(owner)

    for path in PAGES:
        page.goto(path)
        assert_accessible(page)


def test_a_phone_has_its_places_at_the_bottom(page: Page, sign_in: SignIn, owner: User, assert_accessible: Check) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(owner)
    page.goto("/")

    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.get_by_role("button", name="More").click()
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Settings").click()

    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(page)


def test_shutting_out_can_be_undone_from_the_notice(
    page: Page, sign_in: SignIn, owner: User, marketer: User, assert_accessible: Check
) -> None:
    sign_in(owner)
    page.goto("/settings/team/")

    page.get_by_role("button", name="Actions for Max Marketer").click()
    page.get_by_role("button", name="Shut out").click()
    expect(page.get_by_text("Max Marketer can no longer sign in.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("row", name="Max Marketer")).to_be_visible()
    marketer.refresh_from_db()
    assert marketer.is_active


def test_every_row_has_a_menu_of_its_own(page: Page, sign_in: SignIn, owner: User, marketer: User, analyst: User) -> None:
    sign_in(owner)
    page.goto("/settings/team/")

    page.get_by_role("button", name="Actions for Max Marketer").click()
    page.get_by_role("button", name="Shut out").click()

    expect(page.get_by_text("Max Marketer can no longer sign in.")).to_be_visible()


def test_what_cannot_be_undone_is_asked_first(page: Page, sign_in: SignIn, owner: User, assert_accessible: Check) -> None:
    from omni.models import ApiKey

    key, _secret = ApiKey.issue(name="Shop", scopes=["view"], by=owner)
    sign_in(owner)
    page.goto("/settings/keys/")

    page.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke the key")
    expect(dialog).to_contain_text("The program that holds “Shop” will be refused")
    assert_accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    key.refresh_from_db()
    assert key.revoked_at is None

    page.get_by_role("button", name="Revoke").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No program is connected")).to_be_visible()


def test_leaving_with_changes_asks_first(page: Page, sign_in: SignIn, owner: User) -> None:
    sign_in(owner)
    page.goto("/settings/company/")
    page.get_by_label("Name").fill("Another name")
    asked: list[str] = []

    def stay(dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Home", exact=True).click()
    page.wait_for_timeout(300)

    assert asked == ["beforeunload"]
    expect(page).to_have_url(re.compile(r"/settings/company/$"))


def test_the_first_visitor_sets_up_by_hand(page: Page, assert_accessible: Check) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Set up Omni")).to_be_visible()
    assert_accessible(page)

    page.get_by_label("Company").fill("Northwind Boots")
    page.get_by_label("Your name").fill("Anna Petrova")
    page.get_by_label("Your e-mail").fill("anna@example.com")
    page.get_by_label("Password").fill("a long and quiet river")
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "Something went wrong on our side"), (403, "Your role does not allow this"), (404, "no longer there")],
)
def test_a_part_that_fails_says_what_to_do(page: Page, sign_in: SignIn, owner: User, status: int, words: str) -> None:
    sign_in(owner)
    # Before the page is there: an interception that comes later misses a request now and then.
    page.context.route(re.compile("/search/"), lambda route: route.fulfill(status=status, body="<p>x</p>"))
    page.goto("/")

    page.keyboard.press("Control+k")

    expect(page.get_by_role("status").get_by_text(words)).to_be_visible()
    expect(page.locator("#palette-results")).not_to_contain_text("x")
    page.get_by_role("status").get_by_role("button", name="Close").click()
    expect(page.get_by_text(words)).to_have_count(0)


def test_a_part_without_a_server_says_so_once(page: Page, sign_in: SignIn, owner: User) -> None:
    sign_in(owner)
    page.context.route(re.compile("/search/"), lambda route: route.abort())
    page.goto("/")

    page.keyboard.press("Control+k")
    page.get_by_role("combobox").press_sequentially("abc", delay=200)

    expect(page.get_by_text("The server cannot be reached.")).to_have_count(1)


def test_a_session_that_ended_never_lands_inside_a_page(page: Page, sign_in: SignIn, owner: User) -> None:
    sign_in(owner)
    page.goto("/")
    page.context.clear_cookies()

    page.keyboard.press("Control+k")

    expect(page.get_by_text("You have been signed out.")).to_be_visible()
    expect(page.locator("#palette-results")).not_to_contain_text("Sign in")


def test_a_late_answer_never_replaces_a_newer_one(page: Page, sign_in: SignIn, owner: User) -> None:
    sign_in(owner)
    page.goto("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()

    def answer(route) -> None:
        if "q=slow" in route.request.url and "slower" not in route.request.url:
            page.wait_for_timeout(800)
        route.continue_()

    page.route("**/search/**", answer)
    box = page.get_by_role("combobox")
    box.fill("slow")
    page.wait_for_timeout(250)
    box.fill("team")

    expect(page.get_by_role("option", name="Team").first).to_be_visible()
    page.wait_for_timeout(1200)
    expect(page.get_by_role("option", name="Team").first).to_be_visible()
