from __future__ import annotations

from datetime import time

import pytest
from django.test import Client

from campaigns import delivery
from campaigns.models import Delivery, Policy, ProviderAccount, Sender
from campaigns.tests.delivery.office import Office, standing_clock
from omni.models import AuditEntry

SMTP = {"name": "Post", "account-host": "mail.example", "account-port": 587, "account-security": "starttls"}


@pytest.fixture
def olga(client_of, owner) -> Client:
    return client_of(owner)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_the_first_account_and_sender_become_the_defaults(olga: Client):
    assert olga.get("/settings/senders/new/").status_code == 302

    olga.post("/settings/providers/new/smtp/", {**SMTP, "account-username": "u", "account-password": "s3cret"})
    account = ProviderAccount.objects.get()
    olga.post("/settings/senders/new/", {"name": "Shop", "email": "shop@example.com", "account": account.pk})

    assert account.is_default
    assert account.settings["password"] == "s3cret"
    assert Sender.objects.get().is_default
    assert actions() == ["provider.create", "sender.create"]


def test_a_password_is_kept_when_left_empty_and_never_shown(olga: Client):
    account = ProviderAccount.objects.create(
        name="Post", provider="smtp", channel="email", settings={"host": "a", "port": 25, "security": "tls", "password": "s3cret"}
    )

    page = olga.get(f"/settings/providers/{account.pk}/").content.decode()
    assert "s3cret" not in page
    olga.post(f"/settings/providers/{account.pk}/", {**SMTP, "account-password": ""})

    account.refresh_from_db()
    assert (account.settings["host"], account.settings["password"]) == ("mail.example", "s3cret")
    assert "s3cret" not in str(list(AuditEntry.objects.values()))


def test_a_password_must_not_travel_openly(olga: Client):
    data = {**SMTP, "account-security": "none", "account-username": "u", "account-password": "p"}

    assert olga.post("/settings/providers/new/smtp/", data).status_code == 422
    assert not ProviderAccount.objects.exists()


def test_testing_the_connection_says_what_the_server_says_and_saves_nothing(olga: Client):
    data = {**SMTP, "account-host": "127.0.0.1", "account-port": 9, "account-security": "none"}

    page = olga.post("/settings/providers/check/smtp/", data).content.decode()

    assert "It does not work yet" in page
    assert "127.0.0.1:9" in page
    assert not ProviderAccount.objects.exists()
    sandbox = {"name": "x", "account-mailbox": "m", "account-seed": "1"}
    zeros = dict.fromkeys(["account-bounce_percent", "account-busy_percent", "account-lost_percent", "account-delay_ms"], 0)
    assert "It works" in olga.post("/settings/providers/check/sandbox/", sandbox | zeros).content.decode()


def test_an_account_pauses_and_goes_on(olga: Client, post: Office, nudges, django_capture_on_commit_callbacks):
    post.order(post.people(1))
    olga.post(f"/settings/providers/{post.account.pk}/pause/")
    delivery.drain(lane="email", clock=standing_clock(post.now))
    assert Delivery.objects.get().waiting == "channel_paused"

    with django_capture_on_commit_callbacks(execute=True):
        olga.post(f"/settings/providers/{post.account.pk}/resume/")

    assert "campaigns.tasks.send_email" in nudges
    assert actions() == ["provider.pause", "provider.resume"]


def test_what_letters_were_sent_with_is_not_removed(olga: Client, post: Office):
    post.order(post.people(1))

    olga.post(f"/settings/senders/{post.content.sender_id}/delete/")
    olga.post(f"/settings/providers/{post.account.pk}/delete/")

    assert Sender.objects.exists()
    assert ProviderAccount.objects.exists()
    assert actions() == []


def test_the_emergency_stop_holds_and_lets_go(olga: Client, post: Office, clock):
    post.order(post.people(2))

    olga.post("/settings/sending/stop/")
    delivery.drain(lane="email", clock=standing_clock(post.now))
    assert set(Delivery.objects.values_list("waiting", flat=True)) == {"kill_switch"}
    assert "All sending is stopped" in olga.get("/settings/sending/").content.decode()

    olga.post("/settings/sending/go-on/")
    delivery.drain(lane="email", clock=standing_clock(post.now))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert actions() == ["policy.stop", "policy.go_on"]


def test_a_marketer_may_stop_but_not_let_go(client_of, marketer, post: Office):
    max_ = client_of(marketer)

    assert max_.post("/settings/sending/stop/").status_code == 302
    assert Policy.load().stopped_at is not None
    for path in ("/settings/sending/go-on/", "/settings/sending/", "/settings/senders/", "/settings/providers/"):
        assert max_.post(path).status_code == 403


def test_limits_are_saved_with_what_they_were(olga: Client):
    given = {"cap_per_day": 1, "cap_per_week": 3, "cap_wait_hours": 24, "message_ttl_hours": 48}

    assert olga.post("/settings/sending/", {**given, "quiet_from": "22:00"}).status_code == 422
    assert olga.post("/settings/sending/", {**given, "quiet_from": "22:00", "quiet_until": "08:00"}).status_code == 302

    policy = Policy.load()
    assert (policy.cap_per_day, policy.quiet_from, policy.quiet_until) == (1, time(22), time(8))
    assert AuditEntry.objects.get().before["cap_per_day"] == 2


def test_a_sender_that_could_break_a_header_is_refused(olga: Client, post: Office):
    for name, email in (("A\u2028B", "a@example.com"), ("Shop", "a,b@example.com"), ("Shop", '"a b"@example.com')):
        data = {"name": name, "email": email, "account": post.account.pk}
        assert olga.post("/settings/senders/new/", data).status_code == 422
