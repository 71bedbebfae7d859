"""Does a person's timeline tell their journeys?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import engine, passages
from campaigns.models import Enrolment
from campaigns.tests import stage

pytestmark = pytest.mark.django_db


def test_it_tells_where_they_came_in_which_way_they_went_and_why_they_left(now):
    (ann,) = stage.people(1, now)
    segment = stage.segment([ann], now)
    entry = {"source": "segment", "segment": segment.pk}
    stage.launched(stage.journey(entry, ("branch", {"ask": "did", "event": "Bought"}), ("wait", stage.wait())), now)
    stopped = stage.launched(stage.journey(entry, ("wait", stage.wait())), now, name="Stopped", control_percent=50, salt="x")
    engine.fire_due(now=now)
    engine.advance(now=now)
    stopped.stop(by=None, now=now)
    engine.advance(now=now + timedelta(minutes=1))
    Enrolment.objects.filter(campaign=stopped).update(converted_at=now, is_control=True)

    told = {source.__name__: source([ann.pk], None, 10) for source in passages.SOURCES}

    assert {(str(one.title), str(one.sentence)) for one in told["entered"]} == {
        ("Came into “Autumn”", ""),
        ("Came into “Stopped”", "In the control group: gets no messages of it."),
    }
    assert {(str(one.title), str(one.sentence)) for one in told["left"]} == {
        ("Came to the end of “Autumn”", ""),
        ("Left “Stopped” early", "The campaign was stopped"),
    }
    assert [str(one.title) for one in told["converted"]] == ["Reached the goal of “Stopped”"]
    assert [(str(one.title), str(one.sentence)) for one in told["decided"]] == [
        ("Did “Bought” since entering?", "No, in “Autumn”")
    ]


def test_it_pages_back_in_time(now):
    (ann,) = stage.people(1, now)
    draft = stage.journey({"source": "event", "event": "x", "again": "always"}, ("wait", stage.wait(1, "minutes")))
    campaign = stage.launched(draft, now)
    for hours in range(4):
        moment = now + timedelta(hours=hours)
        engine.let_in(campaign=campaign, profile_ids=[ann.pk], entry_key=f"api {hours}", now=moment)
        engine.advance(now=moment)
        engine.advance(now=moment + timedelta(minutes=1))

    first = passages.entered([ann.pk], None, 2)
    second = passages.entered([ann.pk], first[-1].at, 2)

    assert [one.at for one in first + second] == [now + timedelta(hours=hours) for hours in (3, 2, 1, 0)]
