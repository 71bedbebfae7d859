"""Does the live debugger show what arrives and what becomes of it?"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from omni.models import User
from profiles.ingest import recent
from profiles.models import RecentCall, Source

from .conftest import Sender, track

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

URL = "/data/live/"


def test_calls_appear_with_what_became_of_them(marketer: User, client_of: Any, sender: Sender, drain: Any) -> None:
    sender.post({"batch": [track(messageId="1", properties={"note": "<b>"}), track(messageId="1"), {"type": "purge"}]})
    client = client_of(marketer)
    assert "1 request is waiting" in client.get(URL).content.decode()
    drain()

    states = set(RecentCall.objects.values_list("state", "reason", "name"))
    assert states == {("used", "", "Order Completed"), ("repeated", "", "Order Completed"), ("refused", "unknown_type", "")}
    shown = client.get(URL, {"state": "refused"}).content.decode()
    assert "The type of the call is unknown" in shown
    assert "Order Completed" not in shown
    used = RecentCall.objects.get(state="used")
    detail = client.get(reverse("profiles:recent-call-detail", args=[used.pk])).content.decode()
    assert f'href="/people/{used.profile_id}/"' in detail
    assert "&lt;b&gt;" in detail
    assert "<b>&quot;" not in detail


def test_it_asks_for_itself_until_it_is_paused(marketer: User, client_of: Any) -> None:
    client = client_of(marketer)

    assert 'hx-trigger="every 2s' in client.get(URL).content.decode()
    assert 'hx-trigger="every 2s' not in client.get(URL, {"paused": "1"}).content.decode()
    part = client.get(URL, headers={"hx-request": "true"}).content.decode()
    assert part.strip().startswith('<div id="live"')


def test_only_the_latest_of_each_source_are_kept(sender: Sender, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "KEPT_PER_SOURCE", 5)
    monkeypatch.setattr(recent, "MOST_PER_BATCH", 4)
    other = Sender(*Source.issue(name="Kiosk"))
    other.post(track("Earliest"), "/v1/track")
    for round_ in range(3):
        sender.post({"batch": [track(f"Event {round_}-{number}", messageId=f"{round_}-{number}") for number in range(10)]})
        drain()

    kept = RecentCall.objects.filter(source=sender.source).order_by("id").values_list("name", flat=True)
    assert list(kept) == ["Event 1-9", "Event 2-6", "Event 2-7", "Event 2-8", "Event 2-9"]
    assert RecentCall.objects.filter(source=other.source).count() == 1


def test_what_cannot_be_stored_does_not_stop_the_batch(sender: Sender, drain: Any) -> None:
    sender.post(
        b'{"type": "track", "event": "a\\u0000\\ud800", "userId": "u", "properties": {"x": "\\udfff\\u0000"}}', "/v1/track"
    )
    sender.post(b'{"type": "\\ud800", "event": "\\udfff"}', "/v1/batch")
    drain()

    assert RecentCall.objects.filter(state="used").count() == 1
    assert RecentCall.objects.filter(state="refused").count() == 1


def test_a_doubted_visitor_is_marked(sender: Sender, marketer: User, client_of: Any, drain: Any) -> None:
    sender.post(track(userId="anna"), "/v1/track")
    drain()
    site = Sender(*Source.issue(name="Site", kind="browser"))
    site.post(track(userId="anna", anonymousId="visitor"), "/v1/t")
    drain()

    shown = client_of(marketer).get(URL, {"source": site.source.pk}).content.decode()
    assert "A visitor claimed to be somebody else" in shown


def test_a_long_list_costs_no_more_than_a_short_one(
    owner: User, client_of: Any, sender: Sender, drain: Any, django_assert_max_num_queries: Any
) -> None:
    sender.post({"batch": [track(userId=f"u-{number}", messageId=str(number)) for number in range(60)]})
    drain()
    client = client_of(owner)
    client.get(URL)

    with django_assert_max_num_queries(8):
        assert len(client.get(URL).context["rows"]) == 50


def test_it_is_for_those_who_may_see_people(analyst: User, client_of: Any) -> None:
    assert client_of(analyst).get(URL).status_code == 403
