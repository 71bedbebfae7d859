"""Drafts, versions, forecasts: what does publishing promise and keep?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import engine, forecast, graph, uses, versions
from campaigns.models import Campaign, Step, Version
from campaigns.tests import stage
from omni.models import AuditEntry
from profiles.models import Consent, ConsentState, ContactPoint, Topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def members(now):
    return stage.people(8, now)


@pytest.fixture
def segment(members, now):
    stage.sender()
    return stage.segment(members, now)


@pytest.fixture
def draft(segment):
    return stage.journey(
        {"source": "segment", "segment": segment.pk}, ("message", stage.message(stage.template())), ("wait", stage.wait())
    )


def test_a_version_is_a_copy_of_the_draft_with_its_steps(draft, now, owner):
    campaign = stage.campaign(draft, now)

    version = versions.publish(campaign=campaign, by=owner, now=now)

    assert version.graph == draft
    assert list(version.steps.order_by("position").values_list("key", "kind", "next")) == [
        ("entry", "entry", {"next": "message_1"}),
        ("message_1", "message", {"next": "wait_2"}),
        ("wait_2", "wait", {}),
    ]
    assert (version.published_by, version.published_at) == (owner, now)


def test_the_same_draft_is_not_published_twice(draft, now):
    campaign = stage.launched(draft, now)

    with pytest.raises(versions.NotPossibleError):
        versions.publish(campaign=campaign, by=None, now=now)
    assert Version.objects.count() == 1


def test_nothing_is_written_when_a_draft_is_not_sound(now):
    campaign = stage.campaign(stage.journey({"source": "segment"}, ("wait", {})), now)

    with pytest.raises(versions.NotSoundError) as raised:
        versions.publish(campaign=campaign, by=None, now=now)

    assert [fault.step for fault in raised.value.faults] == ["entry", "wait_1"]
    assert not Version.objects.exists()
    assert not Step.objects.exists()


def test_a_change_of_a_paused_campaign_stays_paused(draft, now):
    campaign = stage.launched(draft, now)
    campaign.pause(by=None, now=now)
    versions.edit(campaign=campaign, change=lambda d: graph.remove(d, key="wait_2"))

    versions.publish(campaign=campaign, by=None, now=now)

    assert Campaign.objects.get().state == "paused"


def test_undo_reaches_back_a_good_while_and_no_further(draft, now):
    campaign = stage.campaign(draft, now)
    for amount in range(versions.UNDO_DEPTH + 10):
        versions.edit(campaign=campaign, change=lambda d, n=amount: graph.replace(d, key="wait_2", params=stage.wait(n + 10)))

    for _ in range(versions.UNDO_DEPTH + 10):
        versions.undo(campaign=campaign)

    assert Campaign.objects.get().draft["steps"]["wait_2"]["params"]["amount"] == 19
    assert len(Campaign.objects.get().redo) == versions.UNDO_DEPTH


def test_an_edit_that_changes_nothing_leaves_no_trace(draft, now):
    campaign = stage.campaign(draft, now)

    versions.edit(campaign=campaign, change=lambda d: graph.replace(d, key="wait_2", params=stage.wait()))

    assert Campaign.objects.get().undo == []


def test_settings_are_audited_with_what_they_were(draft, now, owner):
    campaign = stage.campaign(draft, now)

    versions.configure(campaign=campaign, by=owner, now=now, control_percent=25, name="Autumn")

    entry = AuditEntry.objects.get(action="campaign.configure")
    assert (entry.before, entry.after) == ({"control_percent": "0"}, {"control_percent": "25"})


def test_a_forecast_counts_what_the_gates_will_decide(draft, now, members):
    campaign = stage.campaign(draft, now, control_percent=30, topic=Topic.objects.create(key="news", name="News"))
    for person in members[:5]:
        _consent(person, "granted", now)
    for person in members[5:7]:
        _consent(person, "withdrawn", now)
    ContactPoint.objects.filter(profile=members[0]).delete()

    expected = forecast.forecast(campaign, now=now)

    from campaigns.experiments import assignment

    held = {p.pk for p in members if assignment.is_control(campaign.salt, p.pk, percent=30)}
    reachable = {p.pk for p in members[1:5]} - held
    assert (expected.audience, expected.control, expected.reachable) == (8, len(held), len(reachable))
    assert expected.audience == expected.control + expected.reachable + expected.not_reachable
    assert not expected.must_be_typed


def test_a_forecast_leaves_out_who_came_in_before(draft, now):
    campaign = stage.launched(draft, now)
    engine.fire_due(now=now)

    assert forecast.forecast(campaign, now=now).audience == 0


def test_a_forecast_of_those_who_come_one_by_one_has_no_number(now):
    campaign = stage.campaign(stage.journey({"source": "event", "event": "x"}, ("wait", stage.wait())), now)

    assert forecast.forecast(campaign, now=now).audience is None


def test_a_forecast_says_when_it_starts(now, segment):
    rule = {"kind": "daily", "time": "10:00"}
    draft = stage.journey({"source": "schedule", "segment": segment.pk, "rule": rule}, ("wait", stage.wait()))

    assert forecast.forecast(stage.campaign(draft, now), now=now).starts_at == now + timedelta(hours=22)


def test_a_segment_knows_the_campaigns_that_ask_about_it(draft, now, segment):
    planned = stage.campaign(draft, now, name="Planned")
    live = stage.launched(draft, now, name="Live")
    over = stage.launched(draft, now, name="Over")
    over.stop(by=None, now=now)

    found = uses.of_segments([segment.pk, 10**6])

    assert [(use.segment_id, use.name, use.is_live) for use in found] == [
        (segment.pk, live.name, True),
        (segment.pk, planned.name, False),
    ]


def test_a_topic_knows_the_campaigns_that_write_about_it(draft, now):
    topic = Topic.objects.create(key="shoes", name="Shoes")
    live = stage.launched(draft, now, name="Live")
    over = stage.launched(draft, now, name="Over")
    over.stop(by=None, now=now)
    Campaign.objects.filter(pk__in=[live.pk, over.pk]).update(topic=topic)

    assert [(use.topic_id, use.name) for use in uses.of_topics([topic.pk, 10**6])] == [(topic.pk, "Live")]


def _consent(person, status, now):
    address = person.contact_points.get().address
    for topic in ("", "news"):
        row = Consent.objects.create(
            profile=person, channel="email", address=address, topic=topic, status=status, at=now, recorded_at=now, method="import"
        )
        ConsentState.objects.create(channel="email", address=address, topic=topic, status=status, since_at=now, consent=row)
