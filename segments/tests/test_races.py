"""Do workers that refresh one segment at the same time leave it as one after the other would?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from profiles.models import Profile
from segments import editing, materialize
from segments.models import Membership, Segment
from segments.tests.world import NOW, Person, World

pytestmark = pytest.mark.django_db(transaction=True)

POLISH = {"kind": "attribute", "params": {"attribute": "country", "operator": "is", "value": "Poland"}}
POLES = {"version": 1, "root": {"match": "all", "items": [POLISH]}}


@pytest.fixture
def town() -> World:
    town = World(people=[Person({"country": "Poland"}) for _each in range(60)], events=[])
    town.build()
    return town


@pytest.fixture
def poles(town: World) -> Segment:
    made = editing.create(name="Poles", definition=POLES, by=None, now=NOW)
    materialize.refresh_stale(now=NOW)
    return made


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Do the works in threads of their own; return what they raised."""
    faults: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            gate.wait()
            work()
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def test_refreshes_of_one_segment_do_not_interleave(town: World, poles: Segment) -> None:
    later = NOW + timedelta(minutes=1)
    Profile.objects.filter(pk__in=town.pks[:30]).update(attributes={"country": "Bulgaria"})

    faults = at_once(
        lambda: materialize.refresh_all(poles, now=later),
        lambda: materialize.refresh_people({poles.pk: town.pks[:20]}, now=later),
        lambda: materialize.refresh_people({poles.pk: town.pks[10:]}, now=later),
        lambda: materialize.refresh_all(poles, now=later),
    )

    assert faults == []
    open_rows = Membership.objects.filter(segment=poles, until_at=None)
    assert sorted(open_rows.values_list("profile_id", flat=True)) == town.pks[30:]
    assert Membership.objects.count() == 60
    poles.refresh_from_db()
    assert poles.size == 30


def test_a_refresh_of_people_waits_for_a_full_one_that_began_before_their_change(town: World, poles: Segment) -> None:
    changed, may_commit = threading.Event(), threading.Event()

    def full() -> None:
        with transaction.atomic():
            materialize.refresh_all(poles, now=NOW)
            changed.set()
            may_commit.wait(5)

    def people() -> None:
        changed.wait(5)
        Profile.objects.filter(pk=town.pks[0]).update(attributes={"country": "Bulgaria"})
        threading.Timer(0.3, may_commit.set).start()
        materialize.refresh_people({poles.pk: [town.pks[0]]}, now=NOW + timedelta(minutes=1))

    assert at_once(full, people) == []
    assert not Membership.objects.filter(profile_id=town.pks[0], until_at=None).exists()
