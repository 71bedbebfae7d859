"""Topics: the page in Settings, the order, the numbers, the texts and the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, AuditEntry, User
from omni.roles import Right
from profiles import consent, identity
from profiles.consent import topics
from profiles.consent.topics import Count
from profiles.models import ConsentText, Topic

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def person(now: datetime, address: str, *said: tuple[str, str]) -> None:
    identity.resolve(claims=[identity.Claim((("email", address),), "test", now)], now=now)
    words = [consent.Change("email", address, status, now, "staff", topic=topic) for status, topic in said]
    consent.record(changes=words, now=now)


def test_an_empty_list_teaches_what_topics_are_for(client_of: ClientOf, marketer: User) -> None:
    page = client_of(marketer).get("/settings/topics/").content.decode()

    assert "Make the first topic" in page


def test_a_marketer_makes_a_topic_with_its_sign_up_page(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    form = {"name": "Новости и News", "description": "Twice a month.", "has_form": "on", "needs_confirmation": "on"}

    refused = client.post("/settings/topics/new/", form)
    assert refused.status_code == 422
    assert "A sign-up page needs the words" in refused.content.decode()

    assert client.post("/settings/topics/new/", {**form, "text": "I want news."}).status_code == 302
    topic = Topic.objects.get()
    assert (topic.key, topic.needs_confirmation, topic.is_default) == ("news", True, False)
    assert AuditEntry.objects.get(action="topic.create").after is not None
    assert "/s/news" in client.get("/settings/topics/").content.decode()
    assert "I want news." in client.get(f"/settings/topics/{topic.pk}/").content.decode()
    assert Client().get("/s/news").status_code == 200


def test_the_key_never_changes_and_a_text_only_gets_a_new_version(client_of: ClientOf, marketer: User, now: datetime) -> None:
    topic = topics.save(topic=Topic(name="News"), text="One", by=None, now=now)
    client = client_of(marketer)

    for text in ("One", "Two", "Two"):
        client.post(f"/settings/topics/{topic.pk}/", {"name": "Letters", "text": text})

    topic.refresh_from_db()
    assert (topic.key, topic.name) == ("news", "Letters")
    assert list(ConsentText.objects.order_by("version").values_list("version", "text")) == [(1, "One"), (2, "Two")]


def test_two_topics_of_one_name_have_two_keys(now: datetime) -> None:
    keys = [topics.save(topic=Topic(name=name), text="", by=None, now=now).key for name in ("News", "News", "Акции")]

    assert keys == ["news", "news-2", "topic"]


def test_the_order_is_the_companys(client_of: ClientOf, marketer: User, now: datetime) -> None:
    for name in ("A", "B", "C"):
        topics.save(topic=Topic(name=name), text="", by=None, now=now)
    client = client_of(marketer)

    client.post(f"/settings/topics/{Topic.objects.get(name='C').pk}/move/up/")
    client.post(f"/settings/topics/{Topic.objects.get(name='A').pk}/move/up/")
    client.post(f"/settings/topics/{Topic.objects.get(name='A').pk}/move/down/")

    assert [topic.name for topic in topics.offered()] == ["C", "A", "B"]


def test_an_archived_topic_is_offered_no_more_but_what_was_said_holds(client_of: ClientOf, marketer: User, now: datetime) -> None:
    topic = topics.save(topic=Topic(name="News", has_form=True), text="Yes.", by=None, now=now)
    person(now, "a@shop.test", ("granted", ""), ("withdrawn", "news"))
    client = client_of(marketer)

    client.post(f"/settings/topics/{topic.pk}/archive/")
    assert not topics.offered().exists()
    assert Client().get("/s/news").status_code == 404
    standing = consent.standings(channel="email", addresses=["a@shop.test"], topic="news")["a@shop.test"]
    assert standing.reason == "topic_unsubscribed"

    client.post(f"/settings/topics/{topic.pk}/restore/")
    assert topics.offered().get() == topic


def test_it_counts_people(now: datetime) -> None:
    news = topics.save(topic=Topic(name="News", is_default=True), text="", by=None, now=now)
    offers = topics.save(topic=Topic(name="Offers"), text="", by=None, now=now)
    person(now, "a@shop.test", ("granted", ""))
    person(now, "b@shop.test", ("granted", ""), ("granted", "offers"), ("withdrawn", "news"))
    person(now, "c@shop.test", ("pending", ""), ("pending", "offers"))
    person(now, "d@shop.test", ("granted", ""), ("granted", "offers"))
    person(now, "e@shop.test", ("withdrawn", ""), ("granted", "offers"))
    unknown = [consent.Change("email", "x@shop.test", "pending", now, "form", topic=topic) for topic in ("", "offers")]
    consent.record(changes=unknown, now=now)
    consent.suppress(channel="email", address="d@shop.test", reason="complained", now=now)

    assert topics.counts([news, offers]) == {"news": Count(1, 1, 0), "offers": Count(1, 0, 2)}


def test_the_list_costs_the_same_for_many_topics(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        topic = topics.save(topic=Topic(name=f"Topic {number}"), text="", by=None, now=now)
    monkeypatch.setattr(topics, "_finders", [lambda ids: [topics.Use(topic.pk, "Spring letter", "/campaigns/1/")]])
    client = client_of(marketer)

    with django_assert_max_num_queries(10):
        page = client.get("/settings/topics/").content.decode()
    assert "Spring letter" in page


@pytest.mark.parametrize("path", ["new/", "1/", "1/archive/", "1/restore/", "1/move/up/"])
def test_who_may_only_look_changes_nothing(path: str, client_of: ClientOf, analyst: User) -> None:
    client = client_of(analyst)

    assert client.post(f"/settings/topics/{path}", {"name": "X"}).status_code == 403
    assert client.get("/settings/topics/").status_code == 200


def test_programs_keep_topics_too(marketer: User) -> None:
    _row, key = ApiKey.issue(name="shop", scopes=[Right.VIEW, Right.EDIT_CAMPAIGNS], by=marketer)
    client = Client(headers={"Authorization": f"Bearer {key}"})

    made = client.post("/api/v1/topics", {"name": "News", "text": "Yes.", "has_form": True}, content_type="application/json")
    assert (made.status_code, made.json()["key"], made.json()["text_version"]) == (201, "news", "news/1")
    twice = client.post("/api/v1/topics", {"name": "News", "key": "news"}, content_type="application/json")
    assert twice.status_code == 400
    textless = client.put("/api/v1/topics/news", {"name": "Letters", "has_form": True}, content_type="application/json")
    assert textless.status_code == 400
    renamed = client.put("/api/v1/topics/news", {"name": "Letters"}, content_type="application/json")
    assert (renamed.json()["name"], renamed.json()["subscribed"], renamed.json()["has_form"]) == ("Letters", 0, False)
    assert client.post("/api/v1/topics/news/archive").json()["archived_at"]
    assert client.post("/api/v1/topics/news/restore").json()["archived_at"] is None
    assert [topic["key"] for topic in client.get("/api/v1/topics").json()["results"]] == ["news"]
