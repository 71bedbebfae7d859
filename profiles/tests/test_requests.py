"""Requests about own data: who sees them, who answers them, and that nobody answers twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, AuditEntry, User
from omni.roles import Right
from profiles.consent import asking
from profiles.models import PrivacyRequest

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def ask(now: datetime, address: str = "ann@shop.test", kind: str = "erase") -> PrivacyRequest:
    row, is_new = asking.ask(
        kind=kind, profile_id=None, channel="email", address=address, verified="letter", proof={"ip": "::1"}, now=now
    )
    assert is_new
    return row


def test_an_empty_list_says_where_requests_come_from(client_of: ClientOf, support: User) -> None:
    assert "Nobody asked yet" in client_of(support).get("/data/requests/").content.decode()


def test_a_request_waits_until_it_is_answered_in_words(client_of: ClientOf, support: User, now: datetime) -> None:
    row, client = ask(now), client_of(support)

    assert "Erase the data" in client.get("/data/requests/").content.decode()
    client.post(f"/data/requests/{row.pk}/done/", {"note": ""})
    row.refresh_from_db()
    assert row.state == "new"

    client.post(f"/data/requests/{row.pk}/done/", {"note": "Erased on 4 March"})
    client.post(f"/data/requests/{row.pk}/refuse/", {"note": "Too late"})
    row.refresh_from_db()
    assert (row.state, row.note, row.decided_by) == ("done", "Erased on 4 March", support)
    entry = AuditEntry.objects.get(action="privacy_request.decide")
    assert "ann@" not in entry.object_label
    assert "Erased on 4 March" in client.get("/data/requests/?state=done").content.decode()


def test_after_an_answer_one_may_ask_again(now: datetime) -> None:
    row = ask(now)
    again: dict[str, Any] = {"kind": "erase", "profile_id": None, "channel": "email", "address": "ann@shop.test"}
    again |= {"verified": "letter", "proof": {}}
    assert asking.ask(**again, now=now) == (row, False)

    row.decide(state="refused", by=None, now=now)
    assert asking.ask(**again, now=now)[1]


def test_a_late_one_says_so(client_of: ClientOf, support: User, now: datetime, clock: object) -> None:
    ask(now - timedelta(days=31))

    assert "Late" in client_of(support).get("/data/requests/").content.decode()


def test_the_list_costs_the_same_for_many(
    client_of: ClientOf, support: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        ask(now, f"p{number}@shop.test")
    client = client_of(support)

    with django_assert_max_num_queries(7):
        page = client.get("/data/requests/?state=nonsense").content.decode()
    assert "after=" in page


def test_who_may_only_look_answers_nothing(client_of: ClientOf, analyst: User, now: datetime) -> None:
    row = ask(now)

    assert client_of(analyst).post(f"/data/requests/{row.pk}/done/", {"note": "x"}).status_code == 403


def test_programs_answer_too_and_once(marketer: User, now: datetime) -> None:
    row = ask(now)
    _row, key = ApiKey.issue(name="desk", scopes=[Right.VIEW, Right.EDIT_PEOPLE], by=marketer)
    client = Client(headers={"Authorization": f"Bearer {key}"})

    assert [one["kind"] for one in client.get("/api/v1/privacy-requests?state=new").json()["results"]] == ["erase"]
    answer = {"state": "done", "note": "Erased"}
    path = f"/api/v1/privacy-requests/{row.pk}/answer"
    assert client.post(path, {"state": "new", "note": "x"}, content_type="application/json").status_code == 400
    assert client.post(path, answer, content_type="application/json").json()["state"] == "done"
    assert client.post(path, answer, content_type="application/json").status_code == 409
    assert client.get("/api/v1/privacy-requests?state=new").json()["results"] == []
