"""People are picked and changed at once, a view is kept, a note is written: by mouse, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from omni.models import User
from profiles import attributes, identity
from profiles.models import PeopleView, Profile
from profiles.people import actions

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(now: datetime) -> list[int]:
    then = now - timedelta(days=9)
    claims = [
        identity.Claim((("email", f"person{number}@shop.test"), ("phone", f"+4851234500{number}")), "Shop", then)
        for number in range(5)
    ]
    ids = identity.resolve(claims=claims, now=then)
    for day, city in enumerate(("Varna", "Sofia", "Kraków")):
        at = then + timedelta(days=day)
        changes = [attributes.Change(pk, {"name": f"Person {n}", "city": city}, at, "Shop") for n, pk in enumerate(ids)]
        attributes.apply(changes=changes, now=at)
    return list(ids)


def test_people_are_picked_and_changed(
    page: Page,
    sign_in: Callable[[User], None],
    marketer: User,
    people: list[int],
    now: datetime,
    assert_accessible: Callable[[Page], None],
) -> None:
    sign_in(marketer)
    page.goto("/people/")
    page.get_by_label("Pick all on this page").check()
    page.get_by_label("Pick Person 0").uncheck()
    expect(page.locator("[data-picked]")).to_have_text("(4)")
    assert_accessible(page)

    page.get_by_role("button", name="Change them").click()
    page.get_by_role("button", name="Add a tag").click()
    expect(page.get_by_text("This will touch 4 people.")).to_be_visible()
    page.get_by_label("Tag").fill("vip")
    assert_accessible(page)
    page.get_by_role("button", name="Change 4 people").click()
    expect(page.get_by_role("heading", name=re.compile("Add the tag"))).to_be_visible()
    while actions.run(now=now):
        pass

    expect(page.get_by_text("4 people were changed.")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    assert_accessible(page)
    assert Profile.objects.filter(attributes__tags=["vip"]).count() == 4


def test_a_view_is_kept_and_a_note_written(
    page: Page, sign_in: Callable[[User], None], marketer: User, people: list[int], assert_accessible: Callable[[Page], None]
) -> None:
    sign_in(marketer)
    page.goto("/people/?is=city:Kraków&col=email&col=a:city")
    page.get_by_role("button", name="View").click()
    page.get_by_label("Keep this list as").fill("Of Kraków")
    page.get_by_role("button", name="Keep the view").click()
    expect(page.get_by_role("link", name="Of Kraków")).to_have_attribute("aria-current", "true")
    assert PeopleView.objects.get().owner == marketer

    page.get_by_role("link", name="Person 0").click()
    page.get_by_text("Write a note").click()
    page.get_by_label("Note", exact=False).last.fill("Calls only after six")
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_text("Max Marketer noted")).to_be_visible()
    expect(page.get_by_text("2 values before").first).to_be_visible()
    assert_accessible(page)
