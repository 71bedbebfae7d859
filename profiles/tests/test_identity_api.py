"""Programs say who is who: the same functions as the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, User
from profiles.models import Identifier, Merge, Profile
from profiles.tests.test_identity_pages import person

pytestmark = pytest.mark.django_db

Call = Callable[..., Any]


@pytest.fixture
def call(marketer: User) -> Call:
    _key, secret = ApiKey.issue(name="Shop", scopes=["view", "people:write"], by=marketer)
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    def ask(method: str, path: str, data: Any = None) -> Any:
        return getattr(client, method)(f"/api/v1/{path}", data, content_type="application/json")

    return ask


def test_it_merges_and_undoes(call: Call, now: datetime) -> None:
    ann, bob = person(now, ("user_id", "1"), city="Varna"), person(now, ("email", "b@shop.test"), city="Sofia")

    merged = call("post", f"people/{ann.pk}/merges", {"person": bob.pk, "keep": {"city": ann.pk}}).json()
    listed = call("get", f"people/{bob.pk}/merges").json()["results"]
    undone = call("post", f"people/{ann.pk}/merges/{listed[0]['id']}/undo", {}).json()

    assert merged["attributes"] == {"city": "Varna"}
    assert [(each["root"], each["origin"], each["merged_by"]) for each in listed] == [(ann.pk, bob.pk, "api:Shop")]
    assert listed[0]["why"] == "The API key Shop joined them by hand."
    assert undone["reversed_by"] == "api:Shop"
    assert Profile.objects.get(pk=bob.pk).attributes == {"city": "Sofia"}
    again = call("post", f"people/{ann.pk}/merges/{listed[0]['id']}/undo", {})
    assert (again.status_code, again["Content-Type"]) == (409, "application/problem+json")


def test_two_user_ids_are_a_conflict_until_confirmed(call: Call, now: datetime) -> None:
    one, two = person(now, ("user_id", "1")), person(now, ("user_id", "2"))

    assert call("post", f"people/{one.pk}/merges", {"person": two.pk}).status_code == 409
    assert call("post", f"people/{one.pk}/merges", {"person": two.pk, "keep": {"city": 9_999}}).status_code == 400
    assert call("post", f"people/{one.pk}/merges", {"person": two.pk, "confirm_user_ids": True}).status_code == 200
    assert call("post", f"people/{two.pk}/merges", {"person": one.pk}).status_code == 200  # one already
    assert Merge.objects.count() == 1


def test_the_merge_of_strangers_is_not_found_here(call: Call, now: datetime) -> None:
    ann, bob, cid = (person(now, ("user_id", str(n))) for n in range(1, 4))
    call("post", f"people/{ann.pk}/merges", {"person": bob.pk, "confirm_user_ids": True})

    assert call("post", f"people/{cid.pk}/merges/{Merge.objects.get().pk}/undo", {}).status_code == 404


def test_it_adds_verifies_moves_and_removes_identifiers(call: Call, now: datetime) -> None:
    ann, bob = person(now, ("user_id", "1")), person(now, ("user_id", "2"))
    path = f"people/{ann.pk}/identifiers"

    made = call("post", path, {"type": "linkedin", "value": "https://de.linkedin.com/in/Ann-Lee/"}).json()
    assert made["value"] == "linkedin.com/in/ann-lee"
    assert call("post", path, {"type": "user_id", "value": "2"}).status_code == 409
    assert call("post", path, {"type": "email", "value": "nonsense"}).status_code == 400
    assert call("patch", f"{path}/{made['id']}", {"is_verified": True}).json()["verified_at"]
    assert call("patch", f"{path}/{made['id']}", {"person": bob.pk}).status_code == 200
    assert Identifier.objects.get(pk=made["id"]).profile_id == bob.pk

    assert call("delete", f"people/{bob.pk}/identifiers/{made['id']}").status_code == 204
    last = ann.identifiers.get()
    assert call("delete", f"{path}/{last.pk}").status_code == 409
    assert [each["value"] for each in call("get", path).json()] == ["1"]
