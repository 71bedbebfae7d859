"""Timeline, notes, changes of many people and kept views, for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, User
from omni.roles import Right
from profiles import attributes, identity, search
from profiles.models import Note, PeopleView, Profile
from profiles.people import actions

pytestmark = pytest.mark.django_db

Call = Callable[..., Any]


@pytest.fixture
def call(marketer: User) -> Call:
    """Ask the API as a program of Max: `call("post", "people-actions", {...})`."""

    def ask(method: str, path: str, body: Any = None, scopes: tuple[Right, ...] = (Right.VIEW, Right.EDIT_PEOPLE)) -> Any:
        _row, secret = ApiKey.issue(name="Till", scopes=list(scopes), by=marketer)
        headers = {"Authorization": f"Bearer {secret}"}
        if method == "get":
            return Client().get(f"/api/v1/{path}", body, headers=headers)
        return getattr(Client(), method)(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)

    return ask


@pytest.fixture
def ann(now: datetime) -> Profile:
    keys = (("email", "ann@shop.test"), ("phone", "+48512345678"))
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "test", now)], now=now)
    for day in range(40):
        at = now - timedelta(days=40 - day)
        attributes.apply(changes=[attributes.Change(pk, {"step": day, "country": "Poland"}, at, "Shop")], now=at)
    return Profile.objects.get(pk=pk)


def test_the_timeline_is_read_page_by_page(call: Call, ann: Profile) -> None:
    first = call("get", f"people/{ann.pk}/timeline", {"kind": "profile"}).json()
    second = call("get", f"people/{ann.pk}/timeline", {"kind": "profile", "before": first["next_before"]}).json()

    changed = [entry["sentence"] for page in (first, second) for entry in page["results"] if entry["title"] == "step"]
    assert changed == [f"{day} → {day + 1}" for day in reversed(range(39))]
    assert second["next_before"] is None
    assert call("get", f"people/{ann.pk}/timeline", {"before": "soon"}).status_code == 400


def test_notes_are_written_changed_and_thrown_away(call: Call, ann: Profile, support: User, now: datetime) -> None:
    made = call("post", f"people/{ann.pk}/notes", {"text": "Calls after six"})
    path = f"people/{ann.pk}/notes/{made.json()['id']}"

    assert (made.status_code, made.json()["author"]) == (201, "Max Marketer")
    assert call("patch", path, {"text": "After seven"}).json()["text"] == "After seven"
    assert call("get", f"people/{ann.pk}/notes").json()["results"][0]["text"] == "After seven"
    assert call("delete", path).status_code == 204
    assert call("get", f"people/{ann.pk}/notes").json()["results"] == []
    other = Note.objects.create(profile=ann, text="x", author=support, created_at=now)
    assert call("patch", f"people/{ann.pk}/notes/{other.pk}", {"text": "y"}).status_code == 403


def test_many_people_are_changed_and_it_is_taken_back(call: Call, ann: Profile, now: datetime) -> None:
    made = call("post", "people-actions", {"kind": "tag_add", "tag": "vip", "filter": "is=country:Poland"})
    path = f"people-actions/{made.json()['id']}"
    assert (made.status_code, made.json()["people_total"]) == (202, 1)
    assert call("post", f"{path}/undo").status_code == 409

    while actions.run(now=now):
        pass
    assert call("get", path).json()["state"] == "done"
    ann.refresh_from_db()
    assert ann.attributes["tags"] == ["vip"]
    assert call("post", f"{path}/undo").json()["state"] == "undoing"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"kind": "tag_add", "tag": "x"}, "/non_field_errors"),
        ({"kind": "tag_add", "tag": "x", "filter": "", "ids": [1]}, "/non_field_errors"),
        ({"kind": "tag_add", "filter": ""}, "/tag"),
        ({"kind": "explode", "filter": ""}, "/kind"),
        ({"kind": "attribute", "key": "x", "value": {"a": 1}, "ids": [1]}, "/value"),
        ({"kind": "attribute", "key": "step", "value": "many", "ids": [1]}, "/value"),
        ({"kind": "tag_add", "tag": "x", "filter": "consent=nonsense"}, "/filter"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused(body: dict[str, Any], path: str, call: Call, ann: Profile) -> None:
    answer = call("post", "people-actions", body)

    assert answer.status_code == 400
    assert path in {error["path"] for error in answer.json()["errors"]}


def test_views_are_kept(call: Call) -> None:
    made = call("post", "people-views", {"name": "Poles", "query": "is=country:Poland&after=x"})

    assert made.json()["query"] == "is=country%3APoland"
    assert [row["name"] for row in call("get", "people-views").json()["results"]] == ["Poles"]
    assert call("delete", f"people-views/{made.json()['id']}").status_code == 204
    assert PeopleView.objects.get().deleted_at is not None


@pytest.mark.parametrize("path", ["people-actions", "people-actions/1/undo", "people/1/notes"])
def test_a_key_that_may_only_read_changes_nothing(path: str, call: Call) -> None:
    assert call("post", path, {}, scopes=(Right.VIEW,)).status_code == 403


@pytest.mark.parametrize(
    ("query", "is_found"),
    [("512 345", True), ("48512345678", True), ("5678", True), ("+48 (512) 345-678", True), ("512 999", False), ("678", False)],
)
def test_people_are_found_by_a_part_of_their_phone(query: str, is_found: bool, ann: Profile) -> None:
    assert Profile.objects.filter(search.matching(query)).exists() == is_found
