"""Are stored memberships what asking everybody would find, whichever way they came about?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni import feed
from omni.models import FeedEntry
from profiles import changes as news
from profiles.identity import by_hand, parting
from profiles.models import Profile
from segments import following, materialize, tree
from segments.changes import SEGMENT_ENTERED, SEGMENT_LEFT
from segments.models import Flip, Membership, Segment, SizeHistory
from segments.tests import strategies
from segments.tests.world import DAY, NOW, Did, Person, World

pytestmark = pytest.mark.django_db


class _UndoError(Exception):
    pass


@pytest.fixture(autouse=True)
def _downstream() -> Any:
    """Somebody hears of entering and leaving, as campaigns do."""
    before = dict(feed._consumers)
    feed._consumers.clear()
    feed.register(name=following.CONSUMER, kinds=following.KINDS, handle=following.handle)
    feed.register(name="downstream", kinds=[SEGMENT_ENTERED, SEGMENT_LEFT], handle=lambda entries, now: None)
    yield
    feed._consumers.clear()
    feed._consumers.update(before)


def make(definition: dict[str, Any], now: Any = NOW, name: str = "Some") -> Segment:
    sound = tree.clean(definition)
    segment = Segment.objects.create(name=name, definition=sound, reads=tree.reads(sound), stale_since=now)
    materialize.refresh_stale(now=now)
    return segment


def inside(segment: Segment) -> set[int]:
    return set(Membership.objects.filter(segment=segment, until_at=None).values_list("profile_id", flat=True))


def drain(now: Any) -> None:
    while feed.consume(name=following.CONSUMER, now=now):
        pass


def heard(kind: str) -> set[int]:
    return {pk for entry in FeedEntry.objects.filter(consumer="downstream", kind=kind) for pk in entry.profile_ids}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("did"), strategies.happenings(3)),
        st.tuples(st.just("attribute"), st.tuples(st.integers(0, 2), strategies.KEYS, strategies.VALUES)),
        st.tuples(st.just("merge"), st.tuples(st.integers(2, 6), st.integers(0, 1))),
        st.tuples(st.just("time"), st.sampled_from([1, 12, 24, 72, 24 * 30])),
        st.tuples(st.just("again"), st.none()),
    ),
    min_size=1,
    max_size=6,
)


def take(world: World, step: str, what: Any, now: Any) -> None:
    """Change the world and say so, as profiles does."""
    if step == "did":
        world.events.append(what)
        world.write_events([what])
        news.event_recorded(profile_ids=[world.pks[world.root(what.person)]], events=[what.name], now=now)
    elif step == "attribute":
        position, key, value = what
        position = world.root(position)
        world.people[position].attributes[key] = value
        Profile.objects.filter(pk=world.pks[position]).update(attributes=world.people[position].attributes)
        news.profile_changed(profile_ids=[world.pks[position]], attributes=[key], now=now)
    elif step == "merge" and what[0] < len(world.people) and world.people[what[0]].into is None:
        origin, root = what
        for person in world.people:
            if person.into == origin:
                person.into = root
        world.people[origin].into = root
        Profile.objects.filter(merged_into_id=world.pks[origin]).update(merged_into_id=world.pks[root])
        Profile.objects.filter(pk=world.pks[origin]).update(merged_into_id=world.pks[root])
        from profiles.models import ContactPoint

        ContactPoint.objects.filter(profile_id=world.pks[origin]).update(profile_id=world.pks[root])
        news.profile_changed(profile_ids=[world.pks[origin], world.pks[root]], attributes=[news.ANYTHING], now=now)
    drain(now)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=strategies.worlds(), definition=strategies.definitions, story=steps)
def test_it_keeps_what_a_full_recompute_would_find(world: World, definition: dict[str, Any], story: list[Any]) -> None:
    try:
        with transaction.atomic():
            world.build()
            segment, now = make(definition), NOW
            asking = make(
                {
                    "version": 1,
                    "root": {
                        "match": "none",
                        "items": [{"kind": "membership", "params": {"relation": "in", "segment": segment.pk}}],
                    },
                }
            )
            for step, what in story:
                before = inside(segment)
                FeedEntry.objects.filter(consumer="downstream").delete()
                now += timedelta(hours=what) if step == "time" else timedelta(seconds=1)
                take(world, step, what, now)
                while following.flip_due(now=now):
                    drain(now)
                drain(now)
                expected = world.matching(tree.clean(definition), now)

                assert inside(segment) == expected, (step, what)
                assert inside(asking) == {world.pks[each] for each in world.surviving()} - expected
                segment.refresh_from_db()
                assert segment.size == len(expected)
                if step != "merge":
                    mine = FeedEntry.objects.filter(consumer="downstream", names=[str(segment.pk)])
                    entered = [pk for entry in mine.filter(kind=SEGMENT_ENTERED) for pk in entry.profile_ids]
                    left = [pk for entry in mine.filter(kind=SEGMENT_LEFT) for pk in entry.profile_ids]
                    assert sorted(entered) == sorted(expected - before)
                    assert sorted(left) == sorted(before - expected)
                assert materialize.refresh_all(segment, now=now) == materialize.Outcome()
            raise _UndoError
    except _UndoError:
        pass


def leaf(kind: str, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "params": params}


def group(match: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "root": {"match": match, "items": list(items)}}


POLISH = leaf("attribute", attribute="country", operator="is", value="Poland")
BOUGHT_LATELY = leaf("event", event="Order Completed", measure="did", window={"kind": "last", "amount": 3, "unit": "days"})


@pytest.fixture
def town() -> World:
    """Ewa (0) is Polish and bought a day ago; Ivan (1) is not and did not."""
    town = World(
        people=[Person({"country": "Poland"}), Person({"country": "Bulgaria"})],
        events=[Did(0, "Order Completed", NOW - DAY, Decimal(10))],
    )
    town.build()
    return town


def test_it_fills_a_new_segment_quietly(town: World) -> None:
    segment = make(group("all", POLISH))

    segment.refresh_from_db()
    assert (inside(segment), segment.size, segment.refreshed_at, segment.stale_since) == ({town.pks[0]}, 1, NOW, None)
    assert not FeedEntry.objects.exists()


def test_it_tells_once_who_entered_and_left(town: World) -> None:
    segment = make(group("all", POLISH))

    take(town, "attribute", (1, "country", "Poland"), NOW + DAY)
    take(town, "attribute", (0, "country", "Bulgaria"), NOW + DAY)
    materialize.refresh_all(segment, now=NOW + DAY)

    assert (heard(SEGMENT_ENTERED), heard(SEGMENT_LEFT)) == ({town.pks[1]}, {town.pks[0]})
    assert FeedEntry.objects.filter(consumer="downstream").count() == 2
    left = Membership.objects.get(segment=segment, profile_id=town.pks[0])
    assert (left.from_at, left.until_at) == (NOW, NOW + DAY)


def test_it_lets_somebody_out_to_the_second(town: World) -> None:
    segment = make(group("all", BOUGHT_LATELY))
    leaves_at = NOW - DAY + 3 * DAY

    following.flip_due(now=leaves_at - timedelta(seconds=1))
    assert inside(segment) == {town.pks[0]}
    following.flip_due(now=leaves_at)
    assert inside(segment) == set()
    assert not Flip.objects.filter(segment=segment).exists()


def test_it_watches_only_people_whom_nothing_else_keeps_out(town: World) -> None:
    town.write_events([Did(1, "Order Completed", NOW - DAY)])

    segment = make(group("all", BOUGHT_LATELY, POLISH))

    assert list(Flip.objects.filter(segment=segment).values_list("profile_id", flat=True)) == [town.pks[0]]


def test_it_takes_a_merge_for_no_transition(town: World) -> None:
    segment = make(group("all", BOUGHT_LATELY))
    Profile.objects.filter(pk=town.pks[0]).update(merged_into_id=town.pks[1])

    news.profile_changed(profile_ids=town.pks, attributes=[news.ANYTHING], now=NOW)
    drain(NOW)

    assert inside(segment) == {town.pks[1]}
    assert not FeedEntry.objects.filter(consumer="downstream").exists()


def test_it_takes_the_undoing_of_a_merge_for_no_entering(town: World) -> None:
    segment = make(group("all", BOUGHT_LATELY))
    one, other = town.pks[0], town.pks[1]
    merge = by_hand.merge(one=one, other=other, confirms_user_ids=True, by="staff:Sam", now=NOW)
    assert merge is not None
    drain(NOW)
    assert inside(segment) == {merge.root_id}

    parting.part(merge_id=merge.pk, by="staff:Sam", now=NOW + timedelta(seconds=1))
    drain(NOW + timedelta(seconds=2))

    assert inside(segment) == {town.pks[0]}
    assert heard(SEGMENT_ENTERED) == set()


def test_it_looks_at_a_segment_once_for_a_batch(town: World, django_assert_max_num_queries: Any) -> None:
    segment = make(group("all", POLISH, BOUGHT_LATELY))
    other = make(group("all", leaf("attribute", attribute="age", operator="exists", value=None)))
    for pk in town.pks * 10:
        news.event_recorded(profile_ids=[pk], events=["Order Completed"], now=NOW)

    with django_assert_max_num_queries(40):
        assert feed.consume(name=following.CONSUMER, now=NOW) == 20
    assert inside(segment) == {town.pks[0]}
    assert inside(other) == set()


def test_it_keeps_members_when_a_definition_cannot_be_used(town: World) -> None:
    segment = make(group("all", POLISH))
    Segment.objects.filter(pk=segment.pk).update(definition=group("all", leaf("astrology", sign="Leo")), stale_since=NOW)

    materialize.refresh_stale(now=NOW)

    segment.refresh_from_db()
    assert inside(segment) == {town.pks[0]}
    assert "astrology" in segment.refresh_error
    assert segment.stale_since == NOW + materialize.RETRY


def test_it_leaves_an_archived_segment_alone(town: World) -> None:
    segment = make(group("all", POLISH))
    Segment.objects.filter(pk=segment.pk).update(archived_at=NOW)

    take(town, "attribute", (0, "country", "Bulgaria"), NOW)
    materialize.refresh_all(segment, now=NOW)

    assert inside(segment) == {town.pks[0]}


def test_it_keeps_one_size_an_hour(town: World) -> None:
    segment = make(group("all", POLISH))
    take(town, "attribute", (1, "country", "Poland"), NOW + timedelta(minutes=10))
    take(town, "attribute", (0, "country", "Bulgaria"), NOW + timedelta(minutes=20))
    take(town, "attribute", (0, "country", "Poland"), NOW + timedelta(minutes=70))

    rows = SizeHistory.objects.filter(segment=segment).order_by("at").values_list("size", "entered", "left")
    assert list(rows) == [(1, 1, 1), (2, 1, 0)]
