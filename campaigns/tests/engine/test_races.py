"""On real transactions, with several workers at once: does everybody move exactly once?"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from campaigns import engine
from campaigns.engine import fires
from campaigns.models import Delivery, Enrolment, Fire, Visit, Work
from campaigns.tests import stage
from omni import feed
from profiles import changes

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


@pytest.fixture(autouse=True)
def _leave_nothing(db):
    yield
    # A flush of all tables is not possible: events are a table of our own making.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE profiles_event")


def together(work):
    """Run `work` in several threads at once, each on a connection of its own, and raise what went wrong."""
    wrong, gate = [], threading.Barrier(WORKERS)

    def run():
        try:
            gate.wait()
            work()
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if wrong:
        raise wrong[0]


def launch(now, *steps, count=300):
    stage.sender()
    segment = stage.segment(stage.people(count, now), now)
    return stage.launched(stage.journey({"source": "segment", "segment": segment.pk}, *steps), now)


def test_several_workers_let_everybody_in_once(now, monkeypatch):
    monkeypatch.setattr(fires, "CHUNK", 20)
    launch(now, ("wait", stage.wait()))

    together(lambda: engine.fire_due(now=now))
    engine.fire_due(now=now)

    assert Enrolment.objects.count() == Visit.objects.count() == Fire.objects.get().entered == 300


def test_several_workers_move_everybody_once(now):
    launch(now, ("message", stage.message(stage.template(), stage.template())), ("wait", stage.wait()))
    engine.fire_due(now=now)

    def work():
        while engine.advance(now=now, most=23):
            pass

    together(work)

    assert Delivery.objects.count() == Work.objects.count() == 300
    assert Visit.objects.count() == 300
    assert Enrolment.objects.filter(due_at=None, state="active").count() == 300


def test_several_workers_lead_everybody_to_the_end_once(now):
    launch(
        now, ("wait", stage.wait(1, "minutes")), ("branch", {"ask": "did", "event": "Order completed"}), ("wait", stage.wait(1))
    )
    engine.fire_due(now=now)
    engine.advance(now=now)
    later = now + timedelta(minutes=1)

    def work():
        while engine.advance(now=later, most=17):
            pass

    together(work)

    assert Enrolment.objects.filter(state="finished").count() == 300, "nobody bought, and “no” ends the journey"
    assert Visit.objects.count() == 600
    assert not Visit.objects.filter(left_at=None).exists()


def test_one_event_told_to_several_workers_lets_a_person_in_once(now):
    stage.launched(stage.journey({"source": "event", "event": "Signed up", "again": "always"}, ("wait", stage.wait())), now)
    members = stage.people(20, now)
    for person in members:
        stage.event("Signed up", person, now)
        stage.event("Signed up", person, now - timedelta(minutes=1), received=now)
    for _ in range(WORKERS * 2):
        changes.event_recorded(profile_ids=[person.pk for person in members], events=["Signed up"], now=now)

    together(lambda: feed.consume(name="campaigns", now=now, most=1))
    while feed.consume(name="campaigns", now=now):
        pass

    assert Enrolment.objects.count() == 20


def test_of_two_who_pause_at_once_one_has_done_it(now):
    campaign = launch(now, ("wait", stage.wait()))
    done = []

    together(lambda: done.append(type(campaign).objects.get(pk=campaign.pk).pause(by=None, now=now)))

    assert sorted(done) == [False, False, False, True]


def test_stopping_while_workers_move_leaves_nobody_inside(now):
    campaign = launch(now, ("message", stage.message(stage.template())), ("wait", stage.wait()))
    engine.fire_due(now=now)
    stopped = threading.Event()

    def work():
        if not stopped.is_set():
            stopped.set()
            type(campaign).objects.get(pk=campaign.pk).stop(by=None, now=now)
        while engine.advance(now=now, most=29):
            pass

    together(work)
    engine.advance(now=now)

    assert not Enrolment.objects.filter(state="active").exists()
    assert not Delivery.objects.filter(state="open").exists()
    assert not Work.objects.exists()
