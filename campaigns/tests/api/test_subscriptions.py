"""Programs sign people up: with proof, and never past the owner of the address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import RequestedLetter
from omni.models import ApiKey, User
from omni.roles import Right
from profiles import consent, tombstones
from profiles.models import Consent, Erasure, Topic

pytestmark = pytest.mark.django_db

BODY = {"email": "Ann@Shop.Test", "source": "Checkout", "proof": {"ip": "203.0.113.9", "text_version": "7"}}


def sign_up(marketer: User, body: dict[str, Any] = BODY, *, scope: Right = Right.EDIT_PEOPLE, key: str = "news") -> Any:
    _row, secret = ApiKey.issue(name="shop", scopes=[scope], by=marketer)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    return client.post(f"/api/v1/topics/{key}/subscriptions", body, content_type="application/json")


def standing() -> consent.Standing:
    return consent.standings(channel="email", addresses=["ann@shop.test"], topic="news")["ann@shop.test"]


def test_with_double_opt_in_the_address_is_asked(marketer: User) -> None:
    Topic.objects.create(key="news", name="News")

    answer = sign_up(marketer)

    assert (answer.status_code, answer.json()) == (202, {"state": "waiting"})
    assert standing().reason == "double_opt_in_pending"
    assert RequestedLetter.objects.get().address == "ann@shop.test"
    assert Consent.objects.get(topic="news").proof["actor"] == "api:shop"


def test_without_it_who_never_left_is_signed_up(marketer: User) -> None:
    Topic.objects.create(key="news", name="News", needs_confirmation=False)

    assert sign_up(marketer).json() == {"state": "subscribed"}
    assert standing().is_allowed


def test_an_opt_out_stays_until_the_person_confirms(marketer: User, now) -> None:
    Topic.objects.create(key="news", name="News", needs_confirmation=False)
    consent.withdraw(channel="email", address="ann@shop.test", method="one_click", proof={}, now=now)

    assert sign_up(marketer).json() == {"state": "waiting"}
    assert standing().reason == "channel_not_permitted"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"email": "nobody"}, "/email"),
        ({"proof": {}}, "/proof"),
        ({"proof": {"who": "me"}}, "/proof"),
        ({"topic": "x"}, "/topic"),
    ],
)
def test_what_is_wrong_is_said(marketer: User, change: dict[str, Any], path: str) -> None:
    Topic.objects.create(key="news", name="News")

    answer = sign_up(marketer, BODY | change)

    assert answer.status_code == 400
    assert path in {error["path"] for error in answer.json()["errors"]}
    assert not Consent.objects.exists()


def test_a_key_that_only_reads_signs_nobody_up(marketer: User) -> None:
    Topic.objects.create(key="news", name="News")

    assert sign_up(marketer, scope=Right.VIEW).status_code == 403
    assert sign_up(marketer, key="nonsense").status_code == 404


def test_an_erased_person_stays_forgotten(marketer: User, now) -> None:
    Topic.objects.create(key="news", name="News")
    erasure = Erasure.objects.create(profile_ids=[1], by_label="Olga", begun_at=now, backups_expire_date=now.date())
    key = ("email", "ann@shop.test")
    tombstones.bury(keys=[key], addresses=[key], suppressed={}, erasure=erasure, now=now)

    answer = sign_up(marketer)

    assert (answer.status_code, answer.json()["code"]) == (409, "erased")
    assert not RequestedLetter.objects.exists()
