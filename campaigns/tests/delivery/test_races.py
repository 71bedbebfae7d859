"""What must hold when several processes do it at once: on real transactions, with threads that meet."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction

from campaigns import delivery, engine
from campaigns.delivery import claims, outbox, permits, render
from campaigns.models import Campaign, Delivery, Enrolment, Work
from campaigns.providers import sandbox
from campaigns.tests.delivery.office import Office, address_of, open_office, standing_clock
from profiles import consent
from profiles.consent import snoozing
from profiles.models import Topic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(transactional_db: None, now: datetime) -> Office:
    return open_office(now)


def together(*jobs: Callable[[], None]) -> None:
    """Run the jobs at once, each on its own connection; the first error fails the test."""
    start, errors = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], None]) -> None:
        try:
            start.wait()
            job()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def drain(post: Office) -> None:
    delivery.drain(lane="email", clock=standing_clock(post.now), most=7)


def test_eight_workers_send_everything_once(busy: Office):
    busy.account.settings |= {"keyed": False}
    busy.account.save()
    busy.order(busy.people(120))

    together(*[lambda: drain(busy)] * 8)

    taken = [key for key, _, _ in sandbox.taken(busy.account.settings)]
    assert len(taken) == len(set(taken)) == 120
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_the_cap_holds_under_eight_workers(busy: Office):
    busy.order(busy.people(12))
    orders = [busy.order_of(enrolment) for enrolment in Enrolment.objects.all()]
    for visit in range(2, 9):
        outbox.enqueue(orders=[replace(order, visit=visit) for order in orders], now=busy.now)

    together(*[lambda: drain(busy)] * 8)

    counts: dict[int, int] = {}
    for profile_id in Delivery.objects.filter(state="sent").values_list("profile_id", flat=True):
        counts[profile_id] = counts.get(profile_id, 0) + 1
    assert len(counts) == 12
    assert set(counts.values()) == {2}
    assert Delivery.objects.filter(state="open", waiting="postponed_cap").count() == 12 * 6


def test_nothing_is_permitted_after_a_withdrawal_was_answered(busy: Office):
    people = busy.people(60)
    busy.order(people)
    answered: dict[str, float] = {}
    order, step = [], threading.Lock()

    def leave() -> None:
        for person in people[::2]:
            consent.withdraw(channel="email", address=address_of(person), method="one_click", proof={}, now=busy.now)
            with step:
                order.append(("left", person.pk))
                answered[address_of(person)] = 1

    def permit() -> None:
        while claimed := claims.claim(lane="email", now=busy.now, most=3):
            jobs = render.prepare(claims=claimed, now=busy.now)
            with step:
                gone = set(answered)
            passed = permits.permit(jobs=jobs, now=busy.now).jobs
            assert not [job for job in passed if job.delivery.address in gone]

    together(leave, permit, permit)

    assert len(answered) == 30
    left_first = Delivery.objects.filter(reason="channel_not_permitted").count()
    assert left_first + Delivery.objects.filter(gate_at__isnull=False).count() == 60


def test_the_gate_waits_for_a_withdrawal_under_way_and_then_refuses(busy: Office):
    [person] = busy.people(1)
    busy.order([person])
    halfway, gated = threading.Event(), threading.Event()

    def leave() -> None:
        with transaction.atomic():
            consent.withdraw(channel="email", address=address_of(person), method="one_click", proof={}, now=busy.now)
            halfway.set()
            assert not gated.wait(0.5)

    def send() -> None:
        halfway.wait()
        drain(busy)
        gated.set()

    together(leave, send)

    assert Delivery.objects.get().reason == "channel_not_permitted"
    assert sandbox.taken(busy.account.settings) == []


def test_nothing_is_permitted_after_a_break_or_a_topic_was_answered(busy: Office):
    topic = Topic.objects.create(key="news", name="News", is_default=True)
    Campaign.objects.update(topic=topic)
    people = busy.people(60)
    busy.order(people)
    answered: set[str] = set()

    def turn() -> None:
        for number, person in enumerate(people[::2]):
            address = address_of(person)
            if number % 2:
                until = busy.now + timedelta(days=7)
                snoozing.snooze(channel="email", addresses=[address], until=until, method="x", proof={}, now=busy.now)
            else:
                consent.withdraw(channel="email", address=address, topic="news", method="x", proof={}, now=busy.now)
            answered.add(address)

    def permit() -> None:
        while claimed := claims.claim(lane="email", now=busy.now, most=3):
            jobs = render.prepare(claims=claimed, now=busy.now)
            gone = set(answered)
            passed = permits.permit(jobs=jobs, now=busy.now).jobs
            assert not [job for job in passed if job.delivery.address in gone]

    together(turn, permit, permit)

    refused = Delivery.objects.filter(reason__in=["snoozed", "topic_unsubscribed"]).count()
    assert refused + Delivery.objects.filter(gate_at__isnull=False).count() == 60


def test_the_gate_waits_for_a_break_under_way_and_then_refuses(busy: Office):
    [person] = busy.people(1)
    busy.order([person])
    halfway, gated = threading.Event(), threading.Event()

    def rest() -> None:
        with transaction.atomic():
            until = busy.now + timedelta(days=7)
            snoozing.snooze(channel="email", addresses=[address_of(person)], until=until, method="x", proof={}, now=busy.now)
            halfway.set()
            assert not gated.wait(0.5)

    def send() -> None:
        halfway.wait()
        drain(busy)
        gated.set()

    together(rest, send)

    assert Delivery.objects.get().reason == "snoozed"
    assert sandbox.taken(busy.account.settings) == []


def test_no_permission_is_given_after_a_pause_was_committed(busy: Office):
    busy.order(busy.people(40))
    paused = threading.Event()

    def pause() -> None:
        Campaign.objects.update(state="paused")
        paused.set()

    def permit() -> None:
        while claimed := claims.claim(lane="email", now=busy.now, most=2):
            jobs = render.prepare(claims=claimed, now=busy.now)
            was_paused = paused.is_set()
            passed = permits.permit(jobs=jobs, now=busy.now).jobs
            assert not (was_paused and passed)

    together(permit, permit, pause)

    assert Delivery.objects.filter(waiting="campaign_paused").count() + Work.objects.filter(state="permitted").count() == 40


def test_stopping_while_sending_leaves_every_row_with_one_end(busy: Office):
    busy.order(busy.people(100))

    together(
        lambda: drain(busy),
        lambda: drain(busy),
        lambda: outbox.cancel(campaign_id=busy.campaign.pk, reason="journey_stopped", now=busy.now),
    )
    drain(busy)

    assert Delivery.objects.filter(state__in=["sent", "cancelled"]).count() == 100
    taken = {key for key, _, _ in sandbox.taken(busy.account.settings)}
    assert taken == {str(key) for key in Delivery.objects.filter(state="sent").values_list("key", flat=True)}


def test_two_reapers_and_a_worker_agree(busy: Office):
    busy.order(busy.people(30))
    claims.claim(lane="email", now=busy.now)
    later = busy.now + timedelta(minutes=2)

    together(
        lambda: delivery.reap(now=later) and None,
        lambda: delivery.reap(now=later) and None,
        lambda: delivery.drain(lane="email", clock=standing_clock(later)) and None,
    )
    delivery.drain(lane="email", clock=standing_clock(later))

    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert len(sandbox.taken(busy.account.settings)) == 30


def test_a_stop_amid_sending_leaves_every_message_in_exactly_one_end(busy: Office):
    busy.account.settings |= {"keyed": False, "delay_ms": 2}
    busy.account.save()
    enrolled = busy.order(busy.people(150))

    def stop() -> None:
        while Delivery.objects.filter(state=Delivery.State.SENT).count() < 10:
            time.sleep(0.005)
        busy.campaign.stop(by=None, now=busy.now)
        engine.advance(now=busy.now)

    together(stop, *[lambda: drain(busy)] * 4)
    engine.advance(now=busy.now)
    states = Counter(Delivery.objects.values_list("state", flat=True))

    assert set(states) == {"sent", "cancelled"}
    assert states.total() == len(enrolled)
    assert len(sandbox.taken(busy.account.settings)) == states["sent"]
    assert not Enrolment.objects.filter(state="active").exists()
    assert set(Work.objects.values_list("state", flat=True)) <= {"settled"}
