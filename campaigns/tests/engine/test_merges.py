"""When two profiles become one person, do journeys stay whole?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import engine
from campaigns.models import Delivery, Enrolment, Visit
from campaigns.tests import stage
from omni import feed
from profiles import changes
from profiles.identity import by_hand, parting
from profiles.models import Profile

pytestmark = pytest.mark.django_db


def merge(origin, root, now):
    Profile.objects.filter(pk=origin.pk).update(merged_into=root)
    changes.profile_changed(profile_ids=[origin.pk, root.pk], attributes=[changes.ANYTHING], now=now)
    while feed.consume(name="campaigns", now=now):
        pass


@pytest.fixture
def campaign(now):
    stage.sender()
    entry = {"source": "event", "event": "Signed up", "again": "always"}
    return stage.launched(
        stage.journey(entry, ("message", stage.message(stage.template())), ("wait", stage.wait(1))), now, goal_event="Bought"
    )


def let_in(campaign, person, at):
    engine.let_in(campaign=campaign, profile_ids=[person.pk], entry_key=f"api {at.isoformat()}", now=at)


def test_the_older_journey_goes_on_and_the_other_ends(campaign, now):
    ann, anna, other = stage.people(3, now)
    let_in(campaign, anna, now)
    let_in(campaign, ann, now + timedelta(minutes=1))
    let_in(campaign, other, now)
    engine.advance(now=now + timedelta(minutes=2))

    merge(ann, anna, now + timedelta(minutes=3))

    assert dict(Enrolment.objects.values_list("profile_id", "reason")) == {anna.pk: "", ann.pk: "merged_duplicate", other.pk: ""}
    assert Delivery.objects.get(enrolment__profile_id=ann.pk).state == "cancelled"
    assert Delivery.objects.filter(state="open").count() == 2
    assert not Visit.objects.filter(profile_id=ann.pk, left_at=None).exists()


def test_whoever_is_inside_as_an_origin_does_not_come_in_again(campaign, now):
    ann, anna = stage.people(2, now)
    let_in(campaign, ann, now)
    merge(ann, anna, now)

    let_in(campaign, anna, now + timedelta(minutes=1))

    assert list(Enrolment.objects.values_list("profile_id", flat=True)) == [ann.pk]


def test_what_the_person_does_later_counts_for_the_journey_of_the_origin(campaign, now):
    ann, anna = stage.people(2, now)
    let_in(campaign, ann, now)
    merge(ann, anna, now)
    stage.event("Bought", anna, now + timedelta(hours=1))

    changes.event_recorded(profile_ids=[anna.pk], events=["Bought"], now=now + timedelta(hours=1))
    feed.consume(name="campaigns", now=now + timedelta(hours=1))

    assert Enrolment.objects.get().converted_at == now + timedelta(hours=1)


@pytest.mark.parametrize("ask", ["did", "conditions"])
def test_a_branch_asks_about_the_person_not_the_origin(now, ask):
    from profiles.models import AttributeDef

    AttributeDef.objects.create(key="city", type="string", first_seen_at=now)
    leaf = {"kind": "attribute", "params": {"attribute": "city", "operator": "is", "value": "Sofia"}}
    params = {"ask": ask, "event": "Bought", "definition": {"version": 1, "root": {"match": "all", "items": [leaf]}}}
    campaign = stage.launched(stage.journey({"source": "event", "event": "x"}, ("branch", params), ("exit", {})), now)
    ann, anna = stage.people(2, now)
    let_in(campaign, ann, now)
    merge(ann, anna, now)
    Profile.objects.filter(pk=anna.pk).update(attributes={"city": "Sofia"})
    stage.event("Bought", anna, now)

    engine.advance(now=now)

    assert Visit.objects.get(step__key="branch_1").port == "yes"


def test_an_event_that_let_the_origin_in_does_not_let_the_person_in_again(campaign, now):
    ann, anna = stage.people(2, now)
    stage.event("Signed up", ann, now)
    hear(now, "Signed up", ann)
    Enrolment.objects.update(state="finished", ended_at=now, due_at=None)

    merge(ann, anna, now + timedelta(minutes=1))
    hear(now + timedelta(minutes=2), "Signed up", anna)

    assert list(Enrolment.objects.values_list("profile_id", flat=True)) == [ann.pk]


def test_a_merge_that_was_undone_lets_nobody_in_again_and_reopens_nothing(campaign, now):
    ann, anna = stage.people(2, now)
    done = by_hand.merge(one=anna.pk, other=ann.pk, by="staff:Sam", now=now)
    gone = Profile.objects.get(pk=done.origin_id)
    stage.event("Signed up", gone, now)
    hear(now, "Signed up", Profile.objects.get(pk=done.root_id))
    let_in(campaign, gone, now)
    Enrolment.objects.update(state="left", reason="merged_duplicate", ended_at=now, due_at=None)

    parting.part(merge_id=done.pk, by="staff:Sam", now=now + timedelta(minutes=1))
    hear(now + timedelta(minutes=2), "Signed up", gone)

    assert list(Enrolment.objects.values_list("profile_id", "reason")) == [(done.root_id, "merged_duplicate")]


def hear(now, name, person):
    changes.event_recorded(profile_ids=[person.pk], events=[name], now=now)
    while feed.consume(name="campaigns", now=now):
        pass
