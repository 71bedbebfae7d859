"""The gate with real rows: what is loaded, what is written, who is woken."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from campaigns import delivery
from campaigns.delivery import outbox
from campaigns.models import Campaign, Delivery, Enrolment, ProviderAccount, Work
from campaigns.providers import sandbox
from campaigns.tests.delivery.office import Office, address_of, open_office, standing_clock
from profiles import consent
from profiles.models import ContactPoint, Profile, Topic


def drain(post: Office, now=None) -> None:
    delivery.drain(lane="email", clock=standing_clock(now or post.now))


def ends(post: Office) -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "reason"))


def test_it_writes_a_row_with_an_end_for_everyone(post: Office):
    without = post.people(1)
    ContactPoint.objects.all().delete()
    unasked, test_person, fine = post.people(1, consented=False), post.people(1, is_test=True), post.people(1)

    post.order([*without, *unasked, *test_person, *fine])
    drain(post)

    assert ends(post) == [
        ("suppressed", "no_address"),
        ("suppressed", "never_asked"),
        ("suppressed", "test_profile_excluded"),
        ("sent", ""),
    ]
    assert not Work.objects.exists()


def test_it_wakes_the_journey_of_those_who_get_nothing(post: Office):
    post.order(post.people(1, consented=False))

    drain(post)

    assert Enrolment.objects.get().due_at == post.now


def test_the_control_group_gets_nothing(post: Office):
    post.order(post.people(2), is_control=True)

    drain(post)

    assert ends(post) == [("suppressed", "control_campaign")] * 2
    assert sandbox.taken(post.account.settings) == []


def test_a_topic_that_was_left_is_not_written_about_and_another_one_is(db, now):
    news, tips = (Topic.objects.create(key=key, name=key, is_default=True) for key in ("news", "tips"))
    post = open_office(now, topic=news)
    person, other = post.people(2)
    consent.withdraw(channel="email", address=address_of(person), topic="news", method="preference_page", proof={}, now=now)
    consent.withdraw(channel="email", address=address_of(other), topic="tips", method="preference_page", proof={}, now=now)

    post.order([person, other])
    drain(post)

    assert ends(post) == [("suppressed", "topic_unsubscribed"), ("sent", "")]
    assert tips.pk


def test_a_paused_campaign_waits_and_goes_on_when_woken(post: Office):
    post.order(post.people(1))
    Campaign.objects.update(state="paused")

    drain(post)

    one = Delivery.objects.get()
    assert (one.state, one.waiting, one.gate_at) == ("open", "campaign_paused", None)
    Campaign.objects.update(state="live")
    assert outbox.wake(waiting="campaign_paused", campaign_id=post.campaign.pk, now=post.now) == 1
    drain(post)
    assert ends(post) == [("sent", "")]


def test_the_kill_switch_holds_everything(post: Office):
    post.order(post.people(2))
    post.policy(stopped_at=post.now)

    drain(post)

    assert set(Delivery.objects.values_list("waiting", flat=True)) == {"kill_switch"}
    assert sandbox.taken(post.account.settings) == []


def test_a_stopped_campaign_cancels_what_is_not_begun(post: Office):
    post.order(post.people(3))

    assert outbox.cancel(campaign_id=post.campaign.pk, reason="journey_stopped", now=post.now) == 3

    drain(post)
    assert ends(post) == [("cancelled", "journey_stopped")] * 3
    assert outbox.cancel(campaign_id=post.campaign.pk, reason="journey_stopped", now=post.now) == 0


def test_the_cap_counts_within_the_batch_and_over_campaigns(post: Office):
    post.order(post.people(1))
    order = post.order_of(Enrolment.objects.get())
    outbox.enqueue(orders=[replace(order, visit=visit) for visit in (2, 3)], now=post.now)

    drain(post)

    assert sorted(Delivery.objects.values_list("state", "waiting")) == [("open", "postponed_cap"), ("sent", ""), ("sent", "")]
    assert Work.objects.get().due_at == post.now + timedelta(hours=24)
    drain(post, post.now + timedelta(hours=24))
    assert set(ends(post)) == {("sent", "")}


def test_quiet_hours_are_those_of_the_person(post: Office):
    [tokyo] = post.people(1, attributes={"time_zone": "Asia/Tokyo"})  # 21:00 there at noon UTC
    [london] = post.people(1)
    post.policy(quiet_from=time(20), quiet_until=time(8))
    post.order([tokyo, london])

    drain(post)

    rows = dict(Delivery.objects.values_list("profile_id", "waiting"))
    assert rows == {tokyo.pk: "postponed_quiet_hours", london.pk: ""}


def test_it_follows_a_person_to_the_new_address_as_long_as_no_letter_was_made(post: Office):
    [person] = post.people(1)
    post.order([person])
    ContactPoint.objects.update(address="new@example.com")
    consent.record(changes=[consent.Change("email", "new@example.com", consent.GRANTED, post.now, "form")], now=post.now)

    drain(post)

    assert [address for _, address, _ in sandbox.taken(post.account.settings)] == ["new@example.com"]
    assert Delivery.objects.get().address == "new@example.com"


def test_two_profiles_that_became_one_get_one_letter(post: Office):
    older, newer = post.people(2)
    post.order([older, newer])
    Profile.objects.filter(pk=newer.pk).update(merged_into=older)
    ContactPoint.objects.filter(profile=newer).update(profile=older)

    drain(post)

    assert ends(post) == [("sent", ""), ("suppressed", "person_merged")]


def test_an_account_that_is_gone_or_paused_sends_nothing(post: Office):
    post.order(post.people(1))
    ProviderAccount.objects.update(paused_at=post.now)
    drain(post)
    assert Delivery.objects.get().waiting == "channel_paused"

    ProviderAccount.objects.update(paused_at=None, provider="gone")
    drain(post, post.now + timedelta(hours=1))

    assert ends(post) == [("suppressed", "channel_not_configured")]


def test_a_gate_that_errors_permits_nothing_and_keeps_the_row(post: Office, monkeypatch: pytest.MonkeyPatch):
    post.order(post.people(3))
    bad = Delivery.objects.order_by("pk")[1].pk
    from campaigns.delivery import facts

    real = facts.Facts.candidate

    def explode(self, job):
        if job.claim.delivery_id == bad:
            raise RuntimeError("no facts")
        return real(self, job)

    monkeypatch.setattr(facts.Facts, "candidate", explode)

    drain(post)

    assert [state for state, _ in ends(post)] == ["sent", "open", "sent"]
    work = Work.objects.get()
    assert (work.delivery_id, work.state) == (bad, "ready")
    assert work.due_at > post.now
