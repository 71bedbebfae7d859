"""Can two people be made one and two again in the browser, seeing each time what becomes of everything?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from profiles import attributes, consent, identity
from profiles.models import Profile

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from omni.models import User

SignIn = Callable[["User"], None]
Check = Callable[["Page"], None]

pytestmark = pytest.mark.django_db(transaction=True)


def person(*keys: identity.Key, **values: object) -> Profile:
    now = timezone.now()
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "Shop", now)], now=now)
    attributes.apply(changes=[attributes.Change(pk, values, now, "Shop")], now=now)
    return Profile.objects.get(pk=pk)


def test_two_people_become_one_and_two_again(page: Page, sign_in: SignIn, support: User, assert_accessible: Check) -> None:
    anna = person(("user_id", "1"), ("email", "anna@shop.test"), name="Anna Lee", city="Varna")
    other = person(("email", "a.lee@shop.test"), name="A. Lee", city="Sofia")
    consent.withdraw(channel="email", address="a.lee@shop.test", method="one_click", proof={}, now=timezone.now())
    sign_in(support)

    page.goto(f"/people/{anna.pk}/tab/identity/")
    assert_accessible(page)
    page.get_by_role("link", name="Merge with…").click()
    page.get_by_role("searchbox", name="The other profile").fill("a.lee")
    page.get_by_role("button", name="Look").click()
    page.get_by_role("link", name="See both").click()
    expect(page.get_by_text("a.lee@shop.test stays opted out")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("row", name="city").get_by_role("radio").first.check()
    page.get_by_role("button", name="Make them one person").click()

    expect(page.get_by_text("They are one person now")).to_be_visible()
    page.get_by_role("link", name="Identity").click()
    expect(page.get_by_text("Sam Support joined them by hand.")).to_be_visible()
    page.get_by_role("link", name="Undo this merge").click()
    expect(page.get_by_role("heading", name="Undo this merge")).to_be_visible()
    expect(page.get_by_role("row", name="city")).to_contain_text("Sofia")
    assert_accessible(page)
    page.get_by_role("button", name="Make them two people again").click()

    expect(page.get_by_text("Undone by Sam Support")).to_be_visible()
    anna.refresh_from_db()
    other.refresh_from_db()
    assert (anna.attributes["city"], other.attributes["city"]) == ("Varna", "Sofia")
    assert other.merged_into_id is None
    expect(page.get_by_text("Sam Support said that they are two people.")).to_be_visible()
