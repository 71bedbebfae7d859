"""Health, the mailbox, the audit record and background work, through their addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from omni import audit, feed, heartbeats, mailbox, schedule
from omni.models import Company, FeedEntry, Heartbeat, User

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]

LETTER = (
    b"From: Shop <shop@example.com>\r\nTo: ann@example.com\r\nSubject: Boots for %s\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello text\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>html</b></p><script>alert(1)</script>\r\n--b--\r\n"
)


@pytest.fixture
def letters(settings, tmp_path) -> Callable[[int], list[str]]:
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    mailbox.prepare()

    def receive(count: int) -> list[str]:
        return [
            mailbox.store(LETTER % str(n).encode(), sender="bounce@example.com", recipients=[f"p{n}@example.com"])
            for n in range(count)
        ]

    return receive


# Health.


def test_it_says_that_it_is_alive_to_anyone(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_it_is_ready_when_database_and_migrations_are_there(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "missing": []})


def test_it_is_not_ready_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError, connection

    def refuse() -> None:
        raise OperationalError("password=secret")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "missing": ["database"]})


# The mailbox.


def test_it_lists_letters_newest_first_and_steps_back(client_of: ClientOf, support: User, letters) -> None:
    letters(mailbox.PAGE_SIZE + 2)
    client = client_of(support)

    first = client.get("/mailbox/").context["page"]
    second = client.get("/mailbox/", {"after": first.next_cursor}).context["page"]

    assert first.items[0].subject == f"Boots for {mailbox.PAGE_SIZE + 1}"
    assert [letter.subject for letter in second.items] == ["Boots for 1", "Boots for 0"]
    assert second.next_cursor is None


def test_it_searches_the_recipient_of_the_envelope(client_of: ClientOf, support: User, letters) -> None:
    letters(3)

    page = client_of(support).get("/mailbox/", {"q": "P2@"}).context["page"]

    assert [letter.recipient for letter in page.items] == ["p2@example.com"]


def test_it_shows_a_letter_as_text_and_its_html_in_a_cage(client_of: ClientOf, support: User, letters) -> None:
    (name,) = letters(1)
    client = client_of(support)

    shown = client.get(f"/mailbox/{name}/")
    inside = client.get(f"/mailbox/{name}/html/")

    assert "Hello text" in shown.text
    assert "Return-Path" in shown.text
    assert "alert(1)" not in shown.text
    assert "<b>html</b>" in inside.text
    policy = inside.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy
    assert inside.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_it_hands_out_the_bytes_as_they_came(client_of: ClientOf, support: User, letters) -> None:
    (name,) = letters(1)

    answer = client_of(support).get(f"/mailbox/{name}/raw/")

    assert answer.content.endswith(LETTER % b"0")
    assert answer.headers["Content-Type"] == "message/rfc822"


@pytest.mark.parametrize("name", ["..%2f..%2fsecret_key", "1", "1700000000000000000.1_1.nohost"])
def test_it_knows_no_other_files(client_of: ClientOf, support: User, letters, name: str) -> None:
    assert client_of(support).get(f"/mailbox/{name}/raw/").status_code == 404


def test_it_has_no_mailbox_page_where_no_catcher_ran(client_of: ClientOf, support: User, settings, tmp_path) -> None:
    settings.MAILBOX_DIR = tmp_path / "nothing"

    assert client_of(support).get("/mailbox/").status_code == 404


# The audit record.


def test_it_lists_the_record_to_the_owner_only(client_of: ClientOf, owner: User, marketer: User, now: datetime) -> None:
    audit.record(actor=owner, action="company.edit", obj=Company.load(), before={"name": "A"}, after={"name": "B"}, now=now)

    assert client_of(marketer).get("/settings/audit/").status_code == 403
    shown = client_of(owner).get("/settings/audit/").text
    assert "company.edit" in shown
    assert "<del>A</del> <ins>B</ins>" in shown


def test_it_filters_the_record(client_of: ClientOf, owner: User, marketer: User, now: datetime) -> None:
    for actor in (owner, marketer):
        audit.record(actor=actor, action="company.edit", obj=Company.load(), now=now)

    page = client_of(owner).get("/settings/audit/", {"actor": "max"}).context["page"]

    assert [entry.actor_label for entry in page.items] == ["Max Marketer"]


def test_it_asks_a_few_queries_whatever_the_length_of_the_record(
    client_of: ClientOf, owner: User, now: datetime, django_assert_max_num_queries
) -> None:
    for _ in range(60):
        audit.record(actor=owner, action="company.edit", obj=Company.load(), now=now)
    client = client_of(owner)

    with django_assert_max_num_queries(6):
        client.get("/settings/audit/")


def test_it_checks_the_record_on_demand(client_of: ClientOf, owner: User, now: datetime) -> None:
    audit.record(actor=owner, action="company.edit", obj=Company.load(), now=now)

    answer = client_of(owner).post("/settings/audit/check/", follow=True)

    assert "The record holds" in answer.text


# Background work.


def test_it_shows_who_is_alive_and_what_is_late(client_of: ClientOf, support: User) -> None:
    from django.utils import timezone

    schedule.sync()
    moment = timezone.now()
    Heartbeat.objects.create(name="worker:engine@main@host", seen_at=moment)
    Heartbeat.objects.create(name="beat", seen_at=moment - timedelta(minutes=5))
    Heartbeat.objects.create(name=heartbeats.tick("campaigns.tasks.advance"), seen_at=moment)

    context = client_of(support).get("/settings/background/").context

    assert {pulse.name: pulse.is_late for pulse in context["pulses"]} == {"beat": True, "worker:engine@main@host": False}
    late = {work.task: work.is_late for work in context["work"]}
    assert late["campaigns.tasks.advance"] is False
    assert late["campaigns.tasks.reap"] is True
    assert all(work.admin_url == "" for work in context["work"])


def test_it_retries_a_stuck_entry(client_of: ClientOf, owner: User, support: User, now: datetime) -> None:
    entry = FeedEntry.objects.create(
        consumer="segments", kind="event_recorded", names=["Order"], profile_ids=[1], published_at=now, due_at=now,
        attempts=feed.MOST_ATTEMPTS, error="ValueError: broken",
    )  # fmt: skip

    assert "ValueError: broken" in client_of(owner).get("/settings/background/").text
    assert client_of(support).post(f"/settings/background/feed/{entry.pk}/retry/").status_code == 403
    client_of(owner).post(f"/settings/background/feed/{entry.pk}/retry/")

    entry.refresh_from_db()
    assert (entry.attempts, entry.error) == (0, "")


def test_it_asks_a_few_queries_for_the_state_of_work(client_of: ClientOf, owner: User, django_assert_max_num_queries) -> None:
    schedule.sync()
    client = client_of(owner)

    with django_assert_max_num_queries(9):
        client.get("/settings/background/")
