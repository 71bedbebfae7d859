"""Blocks and tabs that other rooms put on a person's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from omni.models import User
from profiles import identity
from profiles.models import Profile
from profiles.person import tabs as person_tabs
from profiles.person.tabs import Block, Tab

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_tabs, "_blocks", dict(person_tabs._blocks))
    monkeypatch.setattr(person_tabs, "_tabs", {})


@pytest.fixture
def ann(now: datetime) -> Profile:
    (pk,) = identity.resolve(claims=[identity.Claim((("email", "ann@shop.test"),), "test", now)], now=now)
    return Profile.objects.get(pk=pk)


def test_a_block_stands_in_its_place_unless_it_has_nothing_to_say(client_of: ClientOf, analyst: User, ann: Profile) -> None:
    before = client_of(analyst).get(f"/people/{ann.pk}/").context["side"]
    sample = "public/sample.html"
    person_tabs.register_block(Block("one", "side", 5, sample, lambda asked: {"content": f"block of {asked.profile_ids}"}))
    person_tabs.register_block(Block("two", "side", 6, sample, lambda asked: None))

    answer = client_of(analyst).get(f"/people/{ann.pk}/")

    assert len(answer.context["side"]) == len(before) + 1
    assert "Views of the person" not in answer.content.decode()


def test_a_tab_has_an_address_of_its_own(client_of: ClientOf, analyst: User, ann: Profile) -> None:
    tell = lambda asked: {"list": [], "is_new": True}  # noqa: E731
    person_tabs.register_tab(Tab("sample", "Sample tab", "public/sample.html", tell, count=lambda asked: 3))
    client = client_of(analyst)

    overview = client.get(f"/people/{ann.pk}/").content.decode()
    tab = client.get(f"/people/{ann.pk}/tab/sample/").content.decode()

    assert f'href="/people/{ann.pk}/tab/sample/"' in overview
    assert "Sample tab" in tab
    assert "timeline-heading" not in tab
    assert client.get(f"/people/{ann.pk}/tab/nothing/").status_code == 404


def test_a_block_in_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        person_tabs.register_block(Block("x", "attic", 1, "public/sample.html", lambda asked: {}))
