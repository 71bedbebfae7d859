"""Addresses, runs and blocks for programs: the same functions as the pages, with keys and scopes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, AuditEntry, User
from omni.roles import Right
from profiles import consent
from profiles.models import AddressCheck, Cleaning, Profile, Suppression
from profiles.tests.hygiene.people import finish, person

pytestmark = pytest.mark.django_db

Call = Callable[..., Any]


@pytest.fixture
def call(marketer: User) -> Call:
    def ask(method: str, path: str, data: Any = None, scopes: tuple[str, ...] = (Right.VIEW, Right.EDIT_PEOPLE)) -> Any:
        _row, key = ApiKey.issue(name="shop", scopes=list(scopes), by=marketer)
        client = Client(headers={"Authorization": f"Bearer {key}"})
        options = {"content_type": "application/json"} if method == "post" else {}
        return getattr(client, method)(f"/api/v1/{path}", data, **options)

    return ask


def test_a_form_hears_at_once_what_was_probably_meant(call: Call) -> None:
    answer = call("post", "address-checks", {"email": "Ann@Gmial.com"})

    assert answer.status_code == 200
    told = answer.json()
    assert (told["state"], told["reason"], told["suggestion"]) == ("risky", "misspelt", "ann@gmail.com")
    assert told["sentence"]
    assert "RateLimit-Remaining" in answer.headers


def test_what_is_not_known_yet_says_so_and_is_looked_at_soon(call: Call, nudges: list[str]) -> None:
    told = call("post", "address-checks", {"email": "ann@shop.test"}).json()

    assert (told["state"], told["is_final"]) == ("unverified", False)
    assert AddressCheck.objects.get().retry_at is not None
    assert not Profile.objects.exists()


def test_a_number_is_judged_by_its_plan(call: Call) -> None:
    told = call("post", "address-checks", {"phone": "+359 88 812 3456"}).json()

    assert (told["address"], told["state"], told["reason"]) == ("+359888123456", "deliverable", "mobile")
    assert call("post", "address-checks", {"phone": "nonsense"}).json()["state"] == "undeliverable"


@pytest.mark.parametrize("body", [{}, {"email": "a@b.c", "phone": "1"}, {"mail": "a@b.c"}, {"email": "x" * 400}])
def test_it_says_what_is_wrong_with_the_question(call: Call, body: dict[str, str]) -> None:
    answer = call("post", "address-checks", body)

    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_key_that_only_reads_checks_nothing(call: Call) -> None:
    assert call("post", "address-checks", {"email": "a@b.bg"}, scopes=(Right.VIEW,)).status_code == 403


def test_a_list_is_cleaned_and_followed(call: Call, now: datetime) -> None:
    made = call("post", "cleanings", {"addresses": ["ann@gmial.com", "bob@shop.test"], "name": "Fair"})
    assert (made.status_code, made.json()["state"], made.json()["total"]) == (201, "queued", 2)
    finish(now=now)

    pk = made.json()["id"]
    told = call("get", f"cleanings/{pk}").json()
    assert (told["state"], told["done"]) == ("done", 2)
    assert {part["reason"]: part["count"] for part in told["parts"]} == {"domain_accepts": 1, "misspelt": 1}
    listed = call("get", f"cleanings/{pk}/addresses?state=risky").json()["results"]
    assert [row["address"] for row in listed] == ["ann@gmial.com"]
    assert [row["name"] for row in call("get", "cleanings").json()["results"]] == ["Fair"]


def test_everyone_is_cleaned_and_stopped(call: Call, now: datetime) -> None:
    person("ann@shop.test", now=now)

    pk = call("post", "cleanings", {"source": "everyone"}).json()["id"]
    assert call("post", f"cleanings/{pk}/cancel").json()["state"] == "cancelled"
    for body in ({"source": "import:77"}, {}, {"source": "everyone", "addresses": ["a@b.c"]}):
        assert call("post", "cleanings", body).status_code == 400
    assert Cleaning.objects.count() == 1


def test_addresses_are_blocked_found_and_lifted(call: Call) -> None:
    body = {"channel": "email", "addresses": ["Ann@Shop.Test", "@gone.test", "nonsense"]}
    added = call("post", "suppressions", body)
    assert (added.status_code, added.json()) == (201, {"added": ["@gone.test", "ann@shop.test"], "unusable": ["nonsense"]})
    assert Suppression.objects.get(address="@gone.test").source == "api:shop"

    found = call("get", "suppressions?q=ann@shop.test").json()["results"]
    assert [(row["address"], row["reason"]) for row in found] == [("ann@shop.test", "suppressed_manual")]

    body = {"channel": "email", "addresses": ["ann@shop.test"]}
    assert call("post", "suppressions/lift", body).status_code == 400
    assert call("post", "suppressions/lift", {**body, "reason": "Asked again"}).json() == {"lifted": 1}
    assert consent.standings(channel="email", addresses=["ann@shop.test"])["ann@shop.test"].reason == "never_asked"
    assert AuditEntry.objects.get(action="suppression.lift").after["reason"] == "Asked again"
