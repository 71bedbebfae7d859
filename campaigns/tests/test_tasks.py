"""Do the recurring tasks of journeys do all that is due, and ring for who comes next?"""

from __future__ import annotations

import pytest

from campaigns import tasks
from campaigns.models import Delivery, Enrolment
from campaigns.tests import stage
from profiles import changes

pytestmark = pytest.mark.django_db


def test_they_lead_people_from_an_event_to_an_ordered_message(now, clock, nudges, django_capture_on_commit_callbacks):
    stage.sender()
    stage.launched(stage.journey({"source": "event", "event": "Signed up"}, ("message", stage.message(stage.template()))), now)
    (ann,) = stage.people(1, now)
    stage.event("Signed up", ann, now)
    changes.event_recorded(profile_ids=[ann.pk], events=["Signed up"], now=now)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.follow_feed()
        tasks.advance()

    assert Delivery.objects.get().profile_id == ann.pk
    assert nudges == ["campaigns.tasks.advance", "campaigns.tasks.send_email"]


def test_they_start_what_is_planned_and_are_quiet_when_nothing_is_due(now, clock, nudges, django_capture_on_commit_callbacks):
    segment = stage.segment(stage.people(3, now), now)
    stage.launched(stage.journey({"source": "segment", "segment": segment.pk}, ("wait", stage.wait())), now)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.fire_due()
        tasks.fire_due()

    assert Enrolment.objects.count() == 3
    assert nudges == ["campaigns.tasks.advance"]
