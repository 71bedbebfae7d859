"""Can a marketer clean a list: look, start, leave the page, come back, correct all, take it back, leave the dead out?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from profiles import consent
from profiles.models import Cleaning, ContactPoint, Suppression
from profiles.tests.hygiene.names import Names, Outcome
from profiles.tests.hygiene.people import finish, person

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from omni.models import User

SignIn = Callable[["User"], None]
Check = Callable[["Page"], None]

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = Names({"gone.test": Outcome.NO_DOMAIN, "silent.test": Outcome.UNKNOWN})
PEOPLE = (
    *("ann@gmial.com", "bob@gmail.con", "eve@gone.test", "jan@silent.test", "info@shop.test", "x@mailinator.com"),
    *(f"p{number}@shop.test" for number in range(8)),
)


@pytest.fixture
def town(db: None) -> None:
    cache.clear()
    now = timezone.now()
    for email in PEOPLE:
        person(email, now=now)
    consent.record(changes=[consent.Change("email", "ann@gmial.com", "granted", now, "preference_page")], now=now)


def test_a_list_is_cleaned_from_the_first_look_to_the_last(
    page: Page, sign_in: SignIn, marketer: User, town: None, assert_accessible: Check
) -> None:
    sign_in(marketer)
    page.goto("/people/cleaning/")
    assert_accessible(page)
    page.get_by_role("button", name="Look at these addresses").click()
    expect(page.get_by_role("button", name="Check 14 addresses")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("button", name="Check 14 addresses").click()
    expect(page.get_by_text("You may leave this page.")).to_be_visible()
    page.goto("/people/")
    finish(now=timezone.now(), names=NAMES)
    page.goto(Cleaning.objects.get().get_absolute_url())
    expect(page.get_by_text("14 addresses were checked.")).to_be_visible()
    expect(page.get_by_role("link", name="The domain does not exist")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Look at them").click()
    expect(page.get_by_text("ann@gmail.com")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Correct all 2 addresses").click()
    expect(page.get_by_text("2 addresses are corrected.")).to_be_visible()
    assert set(ContactPoint.objects.filter(address__endswith="@gmail.com").values_list("address", flat=True)) == {
        "ann@gmail.com",
        "bob@gmail.com",
    }
    standings = consent.standings(channel="email", addresses=["ann@gmail.com"])
    assert standings["ann@gmail.com"].reason == "never_asked"

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Correct all 2 addresses")).to_be_visible()
    assert ContactPoint.objects.filter(address="ann@gmial.com").exists()

    page.goto(Cleaning.objects.get().get_absolute_url())
    page.get_by_role("button", name="Leave them out").click()
    expect(page.get_by_role("button", name="Lift these blocks")).to_be_visible()
    assert Suppression.objects.get(lifted_at=None).address == "eve@gone.test"
    page.goto("/settings/blocked/")
    expect(page.get_by_text("eve@gone.test")).to_be_visible()
    assert_accessible(page)
