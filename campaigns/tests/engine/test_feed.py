"""Who enters by what they did, and who reached the goal?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns import engine, versions
from campaigns.models import Enrolment
from campaigns.tests import stage
from omni import feed
from omni.models import FeedEntry
from profiles import changes
from segments import changes as segment_changes
from segments.models import Membership

pytestmark = pytest.mark.django_db
ORDER = "Order completed"


def by_event(now, again="never", where=(), **settings):
    entry = {"source": "event", "event": "Signed up", "again": again, "where": list(where)}
    return stage.launched(stage.journey(entry, ("wait", stage.wait(1, "minutes"))), now, **settings)


def tell(now, name, *people):
    changes.event_recorded(profile_ids=[person.pk for person in people], events=[name], now=now)
    while feed.consume(name="campaigns", now=now):
        pass


def test_it_lets_in_who_did_it(now):
    campaign = by_event(now)
    ann, bob, cid = stage.people(3, now)
    happened = stage.event("Signed up", ann, now)
    stage.event("Something else", bob, now)

    tell(now, "Signed up", ann, bob, cid)
    tell(now, "Signed up", ann)

    (enrolment,) = Enrolment.objects.all()
    assert (enrolment.campaign_id, enrolment.profile_id, enrolment.entry_key) == (campaign.pk, ann.pk, str(happened.id))


def test_it_ignores_what_is_old_or_was_known_before_the_launch(now):
    by_event(now)
    old, known = stage.people(2, now)
    stage.event("Signed up", old, now - timedelta(minutes=61), received=now)
    stage.event("Signed up", known, now - timedelta(minutes=5), received=now - timedelta(minutes=5))

    tell(now, "Signed up", old, known)

    assert not Enrolment.objects.exists()


@pytest.mark.parametrize(
    ("filters", "enters"),
    [
        ([("plan", "is", "pro")], True),
        ([("plan", "is", "free")], False),
        ([("plan", "is_not", "free")], True),
        ([("missing", "is_not", "free")], True),
        ([("plan", "contains", "PR")], True),
        ([("seats", "at_least", "5")], True),
        ([("seats", "at_least", "6")], False),
        ([("seats", "at_most", "5,0")], True),
        ([("seats", "at_least", "many")], False),
        ([("plan", "at_least", "1")], False),
        ([("plan", "is", "pro"), ("seats", "at_least", "9")], False),
    ],
)
def test_it_asks_the_properties_of_the_event(now, filters, enters):
    by_event(now, where=[{"property": p, "operator": o, "value": v} for p, o, v in filters])
    (ann,) = stage.people(1, now)
    stage.event("Signed up", ann, now, plan="pro", seats=5)

    tell(now, "Signed up", ann)

    assert Enrolment.objects.exists() is enters


def test_it_does_not_count_later_what_they_did_while_inside(now):
    by_event(now, again="always")
    (ann,) = stage.people(1, now)
    stage.event("Signed up", ann, now)
    tell(now, "Signed up", ann)
    stage.event("Signed up", ann, now + timedelta(seconds=20))
    tell(now + timedelta(seconds=20), "Signed up", ann)
    engine.advance(now=now)
    engine.advance(now=now + timedelta(minutes=1))
    assert list(Enrolment.objects.values_list("state", flat=True)) == ["finished"]

    tell(now + timedelta(minutes=2), "Signed up", ann)
    assert Enrolment.objects.count() == 1

    stage.event("Signed up", ann, now + timedelta(minutes=3))
    tell(now + timedelta(minutes=3), "Signed up", ann)
    assert Enrolment.objects.count() == 2


def test_it_lets_the_surviving_person_in_for_an_event_of_an_origin(now):
    by_event(now)
    (root,) = stage.people(1, now)
    (origin,) = stage.people(1, now, merged_into=root)
    stage.event("Signed up", origin, now)

    tell(now, "Signed up", root)

    assert Enrolment.objects.get().profile_id == root.pk


def test_it_lets_nobody_in_while_paused(now):
    campaign = by_event(now)
    campaign.pause(by=None, now=now)
    (ann,) = stage.people(1, now)
    stage.event("Signed up", ann, now)

    tell(now, "Signed up", ann)

    assert not Enrolment.objects.exists()


def test_it_lets_in_who_joins_a_segment_once_per_joining(now):
    segment = stage.segment(stage.people(2, now), now)
    entry = {"source": "joins", "segment": segment.pk, "again": "always"}
    stage.launched(stage.journey(entry, ("wait", stage.wait())), now)
    (ann,) = stage.people(1, now)
    joined = now + timedelta(minutes=1)
    Membership.objects.create(segment=segment, profile_id=ann.pk, from_at=joined)

    for _ in range(2):
        segment_changes.entered(segment_id=segment.pk, profile_ids=[ann.pk], now=joined)
        feed.consume(name="campaigns", now=joined)

    assert list(Enrolment.objects.values_list("profile_id", flat=True)) == [ann.pk]


def test_it_notes_the_first_goal_within_its_days(now):
    campaign = by_event(now, goal_event=ORDER, goal_days=5)
    ann, bob, late = stage.people(3, now)
    for person in (ann, bob, late):
        stage.event("Signed up", person, now)
    tell(now, "Signed up", ann, bob, late)
    day = timedelta(days=1)
    stage.event(ORDER, ann, now + 2 * day, value=Decimal("40"))
    stage.event(ORDER, ann, now + 3 * day, value=Decimal("99"))
    stage.event(ORDER, bob, now - day)
    stage.event(ORDER, late, now + 5 * day)

    tell(now + 6 * day, ORDER, ann, bob, late)
    tell(now + 6 * day, ORDER, ann, bob, late)

    converted = Enrolment.objects.filter(converted_at__isnull=False)
    assert list(converted.values_list("profile_id", "converted_at", "conversion_value")) == [
        (ann.pk, now + 2 * day, Decimal("40"))
    ]
    # An earlier one that arrives late takes its place.
    stage.event(ORDER, ann, now + day, received=now + 6 * day, value=Decimal("7"))
    tell(now + 6 * day, ORDER, ann)
    assert Enrolment.objects.get(profile_id=ann.pk).conversion_value == Decimal("7")

    versions.configure(campaign=campaign, by=None, now=now + 6 * day, goal_days=6)
    assert Enrolment.objects.get(profile_id=late.pk).converted_at == now + 5 * day


def test_it_takes_what_it_handled_off_the_feed(now):
    (ann,) = stage.people(1, now)
    tell(now, "Signed up", ann)

    assert not FeedEntry.objects.filter(consumer="campaigns").exists()
