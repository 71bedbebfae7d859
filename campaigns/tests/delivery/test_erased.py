"""After an erasure the ledger names nobody and still adds up; frozen people get nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import delivery
from campaigns.models import Attempt, Delivery, Enrolment, Outcome
from campaigns.tests.delivery.office import Office, standing_clock
from campaigns.tracking import record
from profiles.models import Event, Profile
from profiles.privacy import erasure, freezing

pytestmark = pytest.mark.django_db


def drain(post: Office) -> None:
    delivery.drain(lane="email", clock=standing_clock(post.now))


def erase(post: Office, person: Profile) -> None:
    erasure.begin(person_id=person.pk, reason="asked", by=None, now=post.now)
    while erasure.run(clock=lambda: post.now, until=post.now + timedelta(seconds=9)):
        pass


def states() -> list[str]:
    return sorted(Delivery.objects.values_list("state", flat=True))


def test_the_ledger_adds_up_and_names_nobody(post: Office):
    ann, bob = post.people(2)
    sent, _kept = post.order([ann, bob])
    drain(post)
    record.record(seen=[record.Seen(sent.pk, Outcome.Kind.OPENED, post.now, user_agent="Ann's telephone")], now=post.now)
    Attempt.objects.filter(delivery=sent).update(detail="250 to ann")
    before = states()

    erase(post, ann)

    sent.refresh_from_db()
    assert states() == before
    assert (sent.address, sent.context, sent.opened_at) == ("", None, post.now)
    assert Outcome.objects.get(delivery=sent).user_agent == ""
    assert set(Attempt.objects.filter(delivery=sent).values_list("detail", flat=True)) == {""}
    assert Enrolment.objects.get(profile_id=ann.pk).reason == "person_erased"
    assert Delivery.objects.exclude(address="").get().profile_id == bob.pk


def test_what_comes_back_later_is_no_event_of_anybody(post: Office):
    (ann,) = post.people(1)
    (sent,) = post.order([ann])
    drain(post)
    erase(post, ann)

    record.record(seen=[record.Seen(sent.pk, Outcome.Kind.CLICKED, post.now)], now=post.now)

    assert not Event.objects.filter(profile_id=ann.pk).exists()


def test_what_is_on_its_way_is_not_sent(post: Office):
    (ann,) = post.people(1)
    (waiting,) = post.order([ann])

    erase(post, ann)
    drain(post)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "person_erased")


def test_a_frozen_person_gets_nothing(post: Office):
    (ann,) = post.people(1)
    (waiting,) = post.order([ann])
    freezing.restrict(person=ann, reason="disputed", by=None, now=post.now)

    drain(post)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("suppressed", "restricted_processing")
