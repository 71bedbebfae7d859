from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from campaigns import delivery
from campaigns.models import Delivery
from campaigns.tests.delivery.office import Office, standing_clock
from campaigns.tracking import record
from profiles.person import timeline


@pytest.fixture
def sent(post: Office) -> Office:
    post.order([*post.people(3), *post.people(1, consented=False)])
    delivery.drain(lane="email", clock=standing_clock(post.now))
    return post


@pytest.fixture
def ana(client_of, analyst) -> Client:
    return client_of(analyst)


def test_messages_say_what_became_of_them_and_why(ana: Client, sent: Office):
    page = ana.get("/campaigns/messages/").content.decode()

    assert page.count("Hi P") == 4
    assert "Never opted in" in page


def test_messages_are_found_by_address_person_state_and_campaign(ana: Client, sent: Office):
    one = Delivery.objects.filter(state="sent").first()

    for query, count in (
        (f"q={one.address.upper()}", 1),
        (f"q={one.profile_id}", 1),
        ("state=sent", 3),
        ("state=sent&state=suppressed", 4),
        (f"campaign={sent.campaign.pk}", 4),
        ("reason=never_asked", 1),
        ("q=nobody@example.com", 0),
    ):
        assert len(ana.get(f"/campaigns/messages/?{query}").context["page"].items) == count, query


def test_a_message_tells_its_story_and_shows_the_letter(ana: Client, sent: Office):
    one = Delivery.objects.filter(state="sent").first()
    record.record(
        seen=[record.Seen(one.pk, "opened", sent.now), record.Seen(one.pk, "opened", sent.now, machine_reason="scanner")],
        now=sent.now,
    )

    page = ana.get(f"/campaigns/messages/{one.pk}/").content.decode()
    letter = ana.get(f"/campaigns/messages/{one.pk}/letter/")

    for words in ("Put into the outbox", "Handed over", "Opened", "by a program"):
        assert words in page
    assert "Hello P0" in letter.content.decode()
    assert "/t/c/" not in letter.content.decode()
    assert "sandbox" in letter["Content-Security-Policy"]


def test_the_timeline_of_a_person_has_the_message_and_what_came_back(sent: Office):
    one = Delivery.objects.filter(state="sent").first()
    record.record(seen=[record.Seen(one.pk, "opened", sent.now + timedelta(minutes=5))], now=sent.now)

    [day] = timeline.read(profile_ids=[one.profile_id], kind="message").days

    assert [str(entry.title) for entry in day.entries] == ["Opened", "Hi P0"]
    assert day.entries[1].sentence == "Autumn · opened"


def test_the_list_costs_the_same_for_many(ana: Client, sent: Office, django_assert_max_num_queries):
    sent.order(sent.people(60))

    with django_assert_max_num_queries(12):
        assert len(ana.get("/campaigns/messages/").context["page"].items) == 50
