"""Do people move as drawn, once, and does nobody stand in a neighbor's way?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import engine, graph, versions
from campaigns.engine import moving
from campaigns.graph import Spot
from campaigns.models import Campaign, Delivery, Enrolment, Policy, Visit, Work
from campaigns.steps.base import Go
from campaigns.steps.wait import WaitStep
from campaigns.tests import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def start(now):
    """Return `start(steps..., count)`: a live campaign whose people stand behind the entry."""
    stage.sender()

    def make(*steps, count=6, draft=None, **settings):
        segment = stage.segment(stage.people(count, now), now)
        entry = {"source": "segment", "segment": segment.pk}
        campaign = stage.launched(draft(entry) if draft else stage.journey(entry, *steps), now, **settings)
        engine.fire_due(now=now)
        return campaign

    return make


def settle(now, **fields):
    """What delivery does when a message ends: close the ledger's row and wake whoever waits for it."""
    ended = list(Delivery.objects.filter(state="open"))
    Work.objects.filter(delivery__in=ended).delete()
    Delivery.objects.filter(pk__in=[each.pk for each in ended]).update(state="sent", settled_at=now, **fields)
    Enrolment.objects.filter(pk__in=[each.enrolment_id for each in ended], due_at=None, state="active").update(due_at=now)


def trail(enrolment):
    return list(enrolment.visits.order_by("number").values_list("number", "step__key", "port"))


def test_it_leads_people_through_message_wait_and_end(start, now):
    start(("message", stage.message(stage.template())), ("wait", stage.wait(2)), ("exit", {}))

    engine.advance(now=now)
    assert Delivery.objects.filter(state="open", visit=1).count() == 6
    assert Enrolment.objects.filter(due_at=None, state="active").count() == 6

    later = now + timedelta(minutes=3)
    settle(later)
    engine.advance(now=later)
    assert set(Enrolment.objects.values_list("step__key", "due_at")) == {("wait_2", later + timedelta(days=2))}
    engine.advance(now=later + timedelta(days=2) - timedelta(seconds=1))
    assert Enrolment.objects.filter(state="active").count() == 6

    engine.advance(now=later + timedelta(days=2))
    one = Enrolment.objects.first()
    assert (one.state, one.reason, one.due_at) == ("finished", "", None)
    assert trail(one) == [(1, "message_1", "next"), (2, "wait_2", "next"), (3, "exit_3", "")]
    assert not Visit.objects.filter(left_at=None).exists()
    assert Campaign.objects.get().state == "finished"


def test_it_orders_a_message_once_however_often_it_is_run(start, now):
    start(("message", stage.message(stage.template())))

    for minutes in range(4):
        Enrolment.objects.update(due_at=now)
        engine.advance(now=now + timedelta(minutes=minutes))

    assert Delivery.objects.count() == Work.objects.count() == 6
    assert Visit.objects.count() == 6


def test_it_passes_on_who_cannot_be_written_to_at_once(start, now):
    from profiles.models import ContactPoint

    start(("message", stage.message(stage.template())), ("wait", stage.wait(2)))
    ContactPoint.objects.all().delete()

    engine.advance(now=now)

    assert set(Delivery.objects.values_list("state", "reason")) == {("suppressed", "no_address")}
    assert set(Enrolment.objects.values_list("step__key", flat=True)) == {"wait_2"}


def test_it_deals_variants_and_stays_with_them(start, now):
    from campaigns.experiments import assignment

    campaign = start(("message", stage.message(stage.template("One"), stage.template("Two"))), count=60)

    engine.advance(now=now)

    dealt = dict(Delivery.objects.values_list("profile_id", "variant"))
    salt = assignment.variant_salt(campaign.salt, "message_1")
    assert dealt == {pk: assignment.variant(salt, pk, [("A", 50), ("B", 50)]) for pk in dealt}
    assert set(dealt.values()) == {"A", "B"}
    assert set(Delivery.objects.values_list("variant", "content__subject")) == {
        ("A", "One, {{ person.first_name }}"),
        ("B", "Two, {{ person.first_name }}"),
    }


def test_it_parts_people_by_what_they_did_with_the_message(start, now):
    def draft(entry):
        made = stage.journey(
            entry, ("message", stage.message(stage.template())), ("branch", {"ask": "clicked", "step": "message_1"})
        )
        made = graph.insert(made, at=Spot("branch_2", "yes"), key="yes", kind="exit")
        return graph.insert(made, at=Spot("branch_2", "no"), key="no", kind="wait", params=stage.wait(1))

    start(draft=draft)
    engine.advance(now=now)
    settle(now)
    clicked = Delivery.objects.first()
    Delivery.objects.filter(pk=clicked.pk).update(clicked_at=now)

    engine.advance(now=now + timedelta(minutes=1))

    assert Enrolment.objects.get(pk=clicked.enrolment_id).state == "finished"
    assert Enrolment.objects.filter(state="active", step__key="no").count() == 5
    assert set(Visit.objects.filter(step__key="branch_2").values_list("port", flat=True)) == {"yes", "no"}


def test_it_parts_people_by_what_they_did_since_entering(start, now):
    def draft(entry):
        return stage.journey(entry, ("wait", stage.wait(1)), ("branch", {"ask": "did", "event": "Order completed"}), ("exit", {}))

    start(draft=draft)
    before, during, merged, *_rest = (each.profile for each in _people())
    stage.event("Order completed", before, now - timedelta(minutes=1))
    stage.event("Order completed", during, now + timedelta(hours=3))
    (origin,) = stage.people(1, now, merged_into=merged)
    stage.event("Order completed", origin, now + timedelta(hours=4))

    engine.advance(now=now + timedelta(days=1))
    engine.advance(now=now + timedelta(days=1))

    said_yes = set(Visit.objects.filter(step__key="branch_2", port="yes").values_list("profile_id", flat=True))
    assert said_yes == {during.pk, merged.pk}


def _people():
    from profiles.models import ContactPoint

    return ContactPoint.objects.select_related("profile").order_by("profile_id")


def test_it_parts_people_by_conditions(start, now):
    from profiles.models import AttributeDef, Profile

    AttributeDef.objects.create(key="first_name", type="string", first_seen_at=now)
    leaf = {"kind": "attribute", "params": {"attribute": "first_name", "operator": "is", "value": "P3"}}
    definition = {"version": 1, "root": {"match": "all", "items": [leaf]}}
    start(("branch", {"ask": "conditions", "definition": definition}), ("exit", {}))

    engine.advance(now=now)

    said_yes = Visit.objects.filter(step__key="branch_1", port="yes").values_list("profile_id", flat=True)
    assert list(said_yes) == [Profile.objects.get(attributes__first_name="P3").pk]


def test_it_holds_people_of_a_paused_campaign_and_goes_on(start, now):
    campaign = start(("wait", stage.wait(1, "minutes")))
    engine.advance(now=now)
    campaign.pause(by=None, now=now)

    engine.advance(now=now + timedelta(hours=1))
    assert Enrolment.objects.filter(state="active").count() == 6

    campaign.resume(by=None, now=now + timedelta(hours=1))
    engine.advance(now=now + timedelta(hours=1))
    assert Enrolment.objects.filter(state="finished").count() == 6


def test_it_sends_everybody_home_when_a_campaign_is_stopped(start, now):
    campaign = start(("message", stage.message(stage.template())), ("wait", stage.wait(2)))
    engine.advance(now=now)

    assert campaign.stop(by=None, now=now)
    assert not campaign.stop(by=None, now=now)
    engine.advance(now=now)

    assert set(Enrolment.objects.values_list("state", "reason")) == {("left", "journey_stopped")}
    assert set(Delivery.objects.values_list("state", "reason")) == {("cancelled", "journey_stopped")}
    assert not Work.objects.exists()
    assert not Visit.objects.filter(left_at=None).exists()


def test_it_keeps_people_inside_on_their_version(start, now):
    campaign = start(("wait", stage.wait(1)), ("wait", stage.wait(7)))
    engine.advance(now=now)

    versions.edit(campaign=campaign, change=lambda draft: graph.remove(draft, key="wait_2"))
    versions.publish(campaign=campaign, by=None, now=now)
    engine.advance(now=now + timedelta(days=1))

    assert set(Enrolment.objects.values_list("version__number", "step__key", "state")) == {(1, "wait_2", "active")}
    assert Enrolment.objects.count() == 6


def test_it_parks_only_those_a_step_fails_for(start, now, monkeypatch):
    start(("wait", stage.wait(1)))
    poison = Enrolment.objects.order_by("pk")[2]

    def run(self, batch, step, now):
        if any(each.pk == poison.pk for each in batch):
            raise RuntimeError("poison")
        return {each.pk: Go("next") for each in batch}

    monkeypatch.setattr(WaitStep, "run", run)
    engine.advance(now=now)
    assert Enrolment.objects.filter(state="finished").count() == 5
    poison.refresh_from_db()
    assert (poison.state, poison.attempts, poison.due_at) == ("active", 1, now + timedelta(minutes=1))

    moment = now
    for _ in range(moving.MOST_ATTEMPTS):
        moment += timedelta(hours=1)
        engine.advance(now=moment)
    poison.refresh_from_db()
    assert (poison.state, poison.reason) == ("left", "step_failed")


def test_it_ends_who_stands_at_a_step_of_an_unknown_kind(start, now):
    start(("wait", stage.wait(1)))
    Enrolment.objects.first().step.__class__.objects.filter(key="wait_1").update(kind="gone")

    engine.advance(now=now)

    assert set(Enrolment.objects.values_list("state", "reason")) == {("left", "unknown_step")}


def test_it_costs_the_same_number_of_queries_for_any_number_of_people(start, now, django_assert_max_num_queries):
    steps = (("message", stage.message(stage.template())), ("wait", stage.wait(1)))
    start(*steps, count=3)
    start(*steps, count=200)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    Policy.load()
    small, large = Campaign.objects.order_by("pk").values_list("pk", flat=True)
    with CaptureQueriesContext(
        connection,
    ) as few:
        moving._advance_campaign(small, now, 1000)
    with CaptureQueriesContext(connection) as many:
        moving._advance_campaign(large, now, 1000)

    assert len(many) == len(few) <= 20


def test_it_moves_at_most_so_many_in_one_round(start, now):
    start(("wait", stage.wait(1)), count=10)

    assert engine.advance(now=now, most=4) == 4
    assert Enrolment.objects.filter(due_at__gt=now).count() == 4
