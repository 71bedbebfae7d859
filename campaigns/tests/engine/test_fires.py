"""Does a planned start let everybody in once, whatever happens in between?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns import engine, versions
from campaigns.engine import fires
from campaigns.models import Campaign, Enrolment, Fire, Visit
from campaigns.tests import stage
from omni.models import Company
from segments.models import Membership

pytestmark = pytest.mark.django_db


def at_once(segment):
    return {"source": "segment", "segment": segment.pk}


def daily(segment, time="10:00", again="always"):
    return {"source": "schedule", "segment": segment.pk, "rule": {"kind": "daily", "time": time}, "again": again}


def test_it_lets_a_segment_in_once(now):
    members = stage.people(12, now)
    campaign = stage.launched(stage.journey(at_once(stage.segment(members, now)), ("wait", stage.wait())), now)

    assert engine.fire_due(now=now) == 12
    assert engine.fire_due(now=now) == 0

    assert set(Enrolment.objects.values_list("profile_id", "entry_key", "step__key")) == {
        (person.pk, "now", "wait_1") for person in members
    }
    assert Visit.objects.filter(number=1, left_at=None).count() == 12
    fire = campaign.fires.get()
    assert (fire.state, fire.entered, fire.finished_at) == ("fired", 12, now)


def test_it_leaves_out_test_people_merged_people_and_who_left_the_segment(now):
    members = stage.people(5, now)
    test, merged, gone, inside, late = members
    segment = stage.segment(members, now)
    type(test).objects.filter(pk=test.pk).update(is_test=True)
    type(merged).objects.filter(pk=merged.pk).update(merged_into=inside)
    Membership.objects.filter(profile_id=gone.pk).update(until_at=now - timedelta(minutes=1))
    Membership.objects.filter(profile_id=late.pk).update(from_at=now + timedelta(minutes=1))
    stage.launched(stage.journey(at_once(segment), ("wait", stage.wait())), now)

    engine.fire_due(now=now)

    assert list(Enrolment.objects.values_list("profile_id", flat=True)) == [inside.pk]


def test_it_goes_on_after_a_crash_with_the_people_of_the_first_moment(now, monkeypatch):
    monkeypatch.setattr(fires, "CHUNK", 4)
    members = stage.people(10, now)
    segment = stage.segment(members, now)
    stage.launched(stage.journey(at_once(segment), ("wait", stage.wait())), now)
    real, calls = fires.enrol, []

    def crash(**kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return real(**kwargs)

    monkeypatch.setattr(fires, "enrol", crash)
    with pytest.raises(RuntimeError):
        engine.fire_due(now=now)
    assert Enrolment.objects.count() == 4
    # Meanwhile some leave the segment and others join: the audience is that of the moment it fired.
    Membership.objects.filter(profile_id=members[9].pk).update(until_at=now + timedelta(seconds=1))
    (newcomer,) = stage.people(1, now)
    Membership.objects.create(segment=segment, profile_id=newcomer.pk, from_at=now + timedelta(seconds=1))

    later = now + timedelta(seconds=5)
    engine.fire_due(now=later)

    assert sorted(Enrolment.objects.values_list("profile_id", flat=True)) == [person.pk for person in members]
    assert Fire.objects.get().entered == 10


def test_it_waits_for_a_segment_that_is_not_filled_yet(now):
    segment = stage.segment(stage.people(2, now), now)
    type(segment).objects.filter(pk=segment.pk).update(refreshed_at=None)
    stage.launched(stage.journey(at_once(segment), ("wait", stage.wait())), now)

    assert engine.fire_due(now=now) == 0
    type(segment).objects.filter(pk=segment.pk).update(refreshed_at=now)
    assert engine.fire_due(now=now + timedelta(minutes=1)) == 2


def test_it_holds_back_the_control_group_by_hash(now):
    from campaigns.experiments import assignment

    members = stage.people(300, now)
    campaign = stage.launched(
        stage.journey(at_once(stage.segment(members, now)), ("wait", stage.wait())), now, control_percent=20
    )

    engine.fire_due(now=now)

    held = set(Enrolment.objects.filter(is_control=True).values_list("profile_id", flat=True))
    assert held == {p.pk for p in members if assignment.is_control(campaign.salt, p.pk, percent=20)}
    assert 30 < len(held) < 90


def test_it_plans_one_start_after_the_other(now):
    Company.objects.create(id=1, name="Shop", time_zone="Europe/Sofia")
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(daily(segment), ("wait", stage.wait(1, "minutes"))), now)
    assert list(campaign.fires.values_list("planned_local", flat=True)) == ["2026-03-05T10:00:00"]

    first = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
    assert engine.fire_due(now=first - timedelta(seconds=1)) == 0
    assert engine.fire_due(now=first) == 3
    engine.advance(now=first + timedelta(hours=1))

    assert list(campaign.fires.order_by("due_at").values_list("planned_local", "state")) == [
        ("2026-03-05T10:00:00", "fired"),
        ("2026-03-06T10:00:00", "planned"),
    ]
    assert engine.fire_due(now=first + timedelta(days=1)) == 3


def test_it_misses_a_start_that_is_more_than_an_hour_late(now):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(daily(segment), ("wait", stage.wait())), now)
    due = campaign.fires.get().due_at

    late = due + timedelta(days=3, hours=2)
    assert engine.fire_due(now=late) == 0

    states = list(campaign.fires.order_by("due_at").values_list("state", flat=True))
    assert states == ["missed", "planned"], "no burst: the next start is the next one that lies ahead"
    assert campaign.fires.get(state="planned").due_at > late


def test_it_catches_up_within_the_hour(now):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(daily(segment), ("wait", stage.wait())), now)

    assert engine.fire_due(now=campaign.fires.get().due_at + timedelta(minutes=59)) == 3


def test_it_does_not_let_those_inside_in_again(now):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(daily(segment), ("wait", stage.wait(30))), now)
    due = campaign.fires.get().due_at

    assert engine.fire_due(now=due) == 3
    assert engine.fire_due(now=due + timedelta(days=1)) == 0


@pytest.mark.parametrize(("again", "expected"), [("never", 0), ("after", 0), ("always", 3)])
def test_it_obeys_the_rule_for_coming_again(now, again, expected):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(daily(segment, again=again), ("wait", stage.wait(1, "minutes"))), now)
    due = campaign.fires.get().due_at
    engine.fire_due(now=due)
    engine.advance(now=due + timedelta(hours=1))

    assert engine.fire_due(now=due + timedelta(days=1)) == expected


def test_it_lets_people_in_again_after_their_days(now):
    segment = stage.segment(stage.people(3, now), now)
    entry = {**daily(segment, again="after"), "again_days": 2}
    campaign = stage.launched(stage.journey(entry, ("wait", stage.wait(1, "minutes"))), now)
    due = campaign.fires.get().due_at
    engine.fire_due(now=due)
    engine.advance(now=due + timedelta(minutes=1))

    entered = [engine.fire_due(now=due + timedelta(days=days)) for days in (1, 2, 3)]

    assert entered == [0, 0, 3]


def test_it_moves_planned_starts_with_the_zone_and_keeps_their_keys(now):
    company = Company.objects.create(id=1, name="Shop", time_zone="Europe/Sofia")
    segment = stage.segment(stage.people(1, now), now)
    campaign = stage.launched(stage.journey(daily(segment), ("wait", stage.wait())), now)
    before = campaign.fires.get()

    company.time_zone = "Europe/Warsaw"
    company.save()
    engine.fire_due(now=now)

    after = campaign.fires.get()
    assert after.planned_local == before.planned_local
    assert after.due_at == before.due_at + timedelta(hours=1)


def test_it_does_not_start_a_paused_campaign(now, marketer):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(at_once(segment), ("wait", stage.wait())), now)

    assert campaign.pause(by=marketer, now=now)
    assert engine.fire_due(now=now) == 0
    assert campaign.resume(by=marketer, now=now)
    assert engine.fire_due(now=now) == 3


def test_it_takes_the_starts_of_an_earlier_version_back(now):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(daily(segment), ("wait", stage.wait())), now)

    versions.edit(campaign=campaign, change=lambda _: stage.journey(daily(segment, "11:00"), ("wait", stage.wait())))
    versions.publish(campaign=campaign, by=None, now=now)

    assert dict(campaign.fires.values_list("planned_local", "state")) == {
        "2026-03-05T10:00:00": "cancelled",
        "2026-03-05T11:00:00": "planned",
    }


def test_it_never_sends_a_segment_in_again_when_a_change_is_published(now):
    segment = stage.segment(stage.people(3, now), now)
    campaign = stage.launched(stage.journey(at_once(segment), ("wait", stage.wait())), now)
    engine.fire_due(now=now)

    versions.edit(campaign=campaign, change=lambda _: stage.journey(at_once(segment), ("wait", stage.wait(5))))
    versions.publish(campaign=campaign, by=None, now=now)

    assert engine.fire_due(now=now) == 0
    assert Enrolment.objects.count() == 3
    assert Campaign.objects.get(pk=campaign.pk).current_version.number == 2
