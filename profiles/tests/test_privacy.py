"""Copies of the data, freezing and test profiles, through the pages and the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from omni.models import ApiKey, AuditEntry, User
from profiles import attributes, identity
from profiles.models import AccessExport, Erasure, Profile
from profiles.privacy import copies, erasure

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ClientOf = Callable[[User], Client]


@pytest.fixture
def ann(now: datetime) -> Profile:
    (pk,) = identity.resolve(claims=[identity.Claim((("email", "ann@shop.test"),), "test", now)], now=now)
    attributes.apply(changes=[attributes.Change(pk, {"name": "Ann <b>Lee</b>"}, now, "test")], now=now)
    return Profile.objects.get(pk=pk)


def _api(owner: User, *scopes: str) -> Callable[..., tuple[int, dict[str, object]]]:
    _row, secret = ApiKey.issue(name="CRM", scopes=list(scopes), by=owner)

    def call(method: str, path: str, body: object = None) -> tuple[int, dict[str, object]]:
        answer = getattr(Client(), method)(
            f"/api/v1/{path}", body, content_type="application/json", headers={"authorization": f"Bearer {secret}"}
        )
        return answer.status_code, json.loads(answer.getvalue() or b"{}")

    return call


def test_a_copy_is_made_read_and_forgotten(client_of: ClientOf, marketer: User, ann: Profile, now: datetime) -> None:
    client = client_of(marketer)
    page = client.post(f"/people/{ann.pk}/copies/")["Location"]
    assert "Waiting" in client.get(page).content.decode()

    assert copies.run(clock=lambda: now)
    copy = AccessExport.objects.get()
    assert (copy.state, copy.error, copy.rows_done) == ("ready", "", copy.rows_total)

    paper = client.get(f"{page}page/")
    text = b"".join(paper.streaming_content).decode()  # type: ignore[attr-defined]
    told = json.loads(b"".join(client.get(f"{page}data.json").streaming_content))  # type: ignore[attr-defined]
    assert "Ann &lt;b&gt;Lee&lt;/b&gt;" in text
    assert "<script" not in text
    assert "sandbox" in paper["Content-Security-Policy"]
    assert told["data"]["profile"][0]["attributes"] == {"name": "Ann <b>Lee</b>"}
    assert told["data"]["identifier"][0]["value"] == "ann@shop.test"
    assert AuditEntry.objects.filter(action="person.copy.read").count() == 2

    assert copies.forget(now=now + timedelta(days=8)) == 1
    assert client.get(page).status_code == 404
    assert not copy.as_json.storage.exists(copy.as_json.name)


def test_a_copy_that_fails_says_so(ann: Profile, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    copies.ask(person=ann, by=None, by_label="t", now=now)
    monkeypatch.setattr(copies, "_rows", lambda *_: 1 / 0)

    copies.run(clock=lambda: now)

    assert AccessExport.objects.get().state == "failed"
    assert not copies.run(clock=lambda: now)


def test_asking_twice_makes_one_copy(ann: Profile, now: datetime) -> None:
    one, two = (copies.ask(person=ann, by=None, by_label="t", now=now) for _ in range(2))

    assert one == two


@pytest.mark.parametrize("role", ["support"])
def test_only_who_may_export_hands_out_copies(
    role: str, request: pytest.FixtureRequest, client_of: ClientOf, ann: Profile
) -> None:
    assert client_of(request.getfixturevalue(role)).post(f"/people/{ann.pk}/copies/").status_code == 403


def test_copies_go_with_the_person(ann: Profile, now: datetime) -> None:
    copies.ask(person=ann, by=None, by_label="t", now=now)
    copies.run(clock=lambda: now)
    kept = AccessExport.objects.get()

    erasure.begin(person_id=ann.pk, reason="asked", by=None, now=now)
    while erasure.run(clock=lambda: now, until=now + timedelta(seconds=9)):
        pass

    assert not AccessExport.objects.exists()
    assert not kept.as_page.storage.exists(kept.as_page.name)


def test_a_person_is_frozen_with_a_reason_and_released(client_of: ClientOf, support: User, ann: Profile) -> None:
    client = client_of(support)
    client.post(f"/people/{ann.pk}/restrict/", {"reason": ""})
    ann.refresh_from_db()
    assert ann.restricted_at is None

    client.post(f"/people/{ann.pk}/restrict/", {"reason": "Disputes the data"})
    ann.refresh_from_db()
    assert ann.restricted_at is not None
    assert "Frozen: kept, not used" in client.get(f"/people/{ann.pk}/").content.decode()
    assert "Let it be used again" in client.get(f"/people/{ann.pk}/tab/privacy/").content.decode()

    client.post(f"/people/{ann.pk}/release/", {"reason": "Settled"})
    ann.refresh_from_db()
    assert ann.restricted_at is None
    assert [entry.after for entry in AuditEntry.objects.order_by("pk")] == [
        {"reason": "Disputes the data"},
        {"reason": "Settled"},
    ]


def test_a_merge_with_a_frozen_person_is_frozen(ann: Profile, now: datetime) -> None:
    (other,) = identity.resolve(claims=[identity.Claim((("anonymous_id", "v-1"),), "test", now)], now=now)
    Profile.objects.filter(pk=other).update(restricted_at=now)

    identity.resolve(claims=[identity.Claim((("email", "ann@shop.test"), ("anonymous_id", "v-1")), "test", now)], now=now)

    ann.refresh_from_db()
    assert ann.restricted_at == now


def test_a_person_becomes_a_test_profile(client_of: ClientOf, support: User, ann: Profile) -> None:
    client_of(support).post(f"/people/{ann.pk}/test/", {"is_test": "1"})

    ann.refresh_from_db()
    assert ann.is_test


def test_programs_do_the_same(owner: User, ann: Profile, now: datetime) -> None:
    call = _api(owner, "view", "people:write", "export", "administer")

    assert call("put", f"people/{ann.pk}/restriction", {"reason": "disputed"})[1]["restricted_at"] is not None
    assert call("post", f"people/{ann.pk}/restriction", {"reason": "settled"})[1]["restricted_at"] is None
    assert call("put", f"people/{ann.pk}/test", {"is_test": True})[1]["is_test"] is True

    code, copy = call("post", f"people/{ann.pk}/copies")
    copies.run(clock=lambda: now)
    assert (code, call("get", f"copies/{copy['id']}")[1]["state"]) == (202, "ready")
    assert call("get", f"copies/{copy['id']}/data")[1]["person"] == ann.pk

    code, found = call("get", f"people/{ann.pk}/erasure")
    assert {"key": "identifier", "label": "Identifiers", "rows": 1, "fate": "erased"} in found["held"]  # type: ignore[operator]
    assert call("post", f"people/{ann.pk}/erasure", {"confirm": ann.pk + 1, "reason": "asked"})[0] == 400
    code, begun = call("post", f"people/{ann.pk}/erasure", {"confirm": ann.pk, "reason": "asked"})
    assert (code, begun["state"]) == (202, "running")
    assert call("get", f"people/{ann.pk}")[0] == 404
    assert call("get", f"erasures/{Erasure.objects.get().pk}")[1]["number"] == begun["number"]

    lift = {"type": "email", "value": "Ann@shop.test", "reason": "came back"}
    assert call("post", "tombstones/lift", lift)[0] == 204
    assert call("post", "tombstones/lift", lift)[0] == 404


def test_a_key_without_the_right_erases_nobody(owner: User, ann: Profile) -> None:
    call = _api(owner, "view", "people:write")

    assert call("post", f"people/{ann.pk}/erasure", {"confirm": ann.pk, "reason": "x"})[0] == 403
    assert call("post", f"people/{ann.pk}/copies")[0] == 403
