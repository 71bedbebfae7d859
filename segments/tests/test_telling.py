"""Do the palette, a person's timeline, Home and the workers hear of segments?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from omni import home, search
from omni.celery import RECURRING
from profiles import changes
from profiles.models import Profile
from profiles.person import timeline
from segments import editing, tasks
from segments.models import Membership, Segment
from segments.tests.world import Person, World

pytestmark = pytest.mark.django_db

POLISH = {"kind": "attribute", "params": {"attribute": "country", "operator": "is", "value": "Poland"}}
POLES = {"version": 1, "root": {"match": "all", "items": [POLISH]}}


@pytest.fixture
def ewa() -> Profile:
    town = World(people=[Person({"country": "Poland"})], events=[])
    town.build()
    return Profile.objects.get(pk=town.pks[0])


@pytest.fixture
def poles(ewa: Profile) -> Segment:
    made = editing.create(name="Poles of the north", definition=POLES, by=None, now=timezone.now())
    tasks.refresh_stale()
    return made


def test_the_palette_finds_segments_by_words(poles: Segment, owner: Any) -> None:
    def found(query: str) -> list[str]:
        return [str(hit.title) for group in search.find(query, user=owner) if group.name == "segments" for hit in group.hits]

    assert found("north pol") == ["Poles of the north"]
    assert found("south") == []
    editing.archive(poles, by=None, now=timezone.now())
    assert found("north") == []


def test_the_timeline_tells_of_entering_and_leaving(poles: Segment, ewa: Profile) -> None:
    Membership.objects.update(until_at=timezone.now() + timedelta(seconds=1))

    days = timeline.read(profile_ids=[ewa.pk], kind="segment").days

    assert [(str(entry.title), entry.sentence) for day in days for entry in day.entries] == [
        ("Left a segment", "Poles of the north"),
        ("Entered a segment", "Poles of the north"),
    ]


def test_home_ticks_the_first_segment_and_warns_of_a_broken_one(poles: Segment, owner: Any) -> None:
    now = timezone.now()
    steps = {step.key: done for step, done in home.checklist(owner, now)}
    assert steps["segment"] is True

    Segment.objects.update(refresh_error="TooSlowError")

    assert "The segment “Poles of the north” is not fresh" in [str(alert.title) for alert in home.alerts(owner, now)]


def test_the_workers_follow_the_feed(poles: Segment, ewa: Profile) -> None:
    Profile.objects.filter(pk=ewa.pk).update(attributes={"country": "Bulgaria"})
    changes.profile_changed(profile_ids=[ewa.pk], attributes=["country"], now=timezone.now())

    tasks.follow_feed()
    tasks.flip_due()

    assert not Membership.objects.filter(until_at=None).exists()


def test_every_task_of_the_table_is_there() -> None:
    mine = {work.task for work in RECURRING if work.task.startswith("segments.")}

    assert mine == {task.name for task in (tasks.follow_feed, tasks.refresh_stale, tasks.flip_due)}
