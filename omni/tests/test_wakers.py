"""The visible schedule, the heartbeats and the dispatcher."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django_celery_beat.models import PeriodicTask

from omni import dispatch, heartbeats, schedule, tasks
from omni.celery import RECURRING
from omni.models import Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(heartbeats, "_latest_by_name", {})
    monkeypatch.setattr(dispatch, "_missing", set())
    return


# The schedule.


def test_it_writes_the_whole_table_once() -> None:
    assert schedule.sync() == (len(RECURRING), 0)
    assert schedule.sync() == (0, 0)

    rows = {row.task: (row.queue, row.interval.every) for row in PeriodicTask.objects.select_related("interval")}
    assert rows == {work.task: (work.queue, work.every_seconds) for work in RECURRING}


def test_it_leaves_what_an_owner_changed() -> None:
    schedule.sync()
    PeriodicTask.objects.filter(task="campaigns.tasks.reap").update(enabled=False)

    schedule.sync()

    assert PeriodicTask.objects.get(task="campaigns.tasks.reap").enabled is False


def test_it_moves_work_to_its_queue_and_removes_work_that_is_gone() -> None:
    schedule.sync()
    PeriodicTask.objects.filter(task="campaigns.tasks.reap").update(queue="old")
    PeriodicTask.objects.filter(task="omni.tasks.beat").update(task="omni.tasks.gone", name="omni.tasks.gone")
    PeriodicTask.objects.create(
        name="of the owner", task="owners.own", interval=PeriodicTask.objects.first().interval, description="mine"
    )

    assert schedule.sync() == (1, 1)
    assert PeriodicTask.objects.get(task="campaigns.tasks.reap").queue == "engine"
    assert PeriodicTask.objects.filter(task="owners.own").exists()


# Heartbeats.


def test_it_writes_a_heartbeat_at_most_every_few_seconds(now: datetime, django_assert_num_queries) -> None:
    heartbeats.record("worker:x", now=now, detail={"pid": 1})

    with django_assert_num_queries(0):
        heartbeats.record("worker:x", now=now + timedelta(seconds=1))

    assert Heartbeat.objects.get(name="worker:x").seen_at == now


def test_it_updates_the_row_of_another_process(now: datetime) -> None:
    Heartbeat.objects.create(name="beat", seen_at=now - timedelta(hours=1))

    heartbeats.record("beat", now=now)

    assert heartbeats.ages(now=now) == {"beat": timedelta(0)}


def test_the_house_task_forgets_processes_not_seen_for_a_day(clock, now: datetime) -> None:
    Heartbeat.objects.create(name="worker:old", seen_at=now - timedelta(days=2))
    Heartbeat.objects.create(name="worker:new", seen_at=now)

    tasks.beat()

    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["worker:new"]


def test_only_a_tick_through_beat_counts_as_beat(clock) -> None:
    tasks.beat()
    assert not Heartbeat.objects.filter(name="beat").exists()

    tasks.beat.apply(headers={"periodic_task_name": "omni.tasks.beat"})
    assert Heartbeat.objects.filter(name="beat").exists()


def test_a_finished_task_leaves_a_tick_and_its_worker(clock) -> None:
    tasks.beat.apply()

    assert Heartbeat.objects.filter(name="tick:omni.tasks.beat").exists()
    assert Heartbeat.objects.filter(name__startswith="worker:engine@").exists()


# The dispatcher.


def test_it_steps_in_only_for_what_nobody_finished_lately(now: datetime) -> None:
    for work in RECURRING:
        Heartbeat.objects.create(name=heartbeats.tick(work.task), seen_at=now - timedelta(seconds=work.every_seconds))
    Heartbeat.objects.filter(name="tick:campaigns.tasks.advance").update(seen_at=now - timedelta(seconds=5))
    Heartbeat.objects.filter(name="tick:campaigns.tasks.reap").delete()

    late = {work.task for work in dispatch.overdue(queue="engine", now=now)}

    assert late == {"campaigns.tasks.advance", "campaigns.tasks.reap"}
    assert dispatch.overdue(queue="send.email", now=now) == []


def test_it_goes_on_when_work_is_missing_or_fails(now: datetime, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    ran: list[str] = []

    def find(task: str):
        if task == "campaigns.tasks.follow_feed":
            return None

        def run() -> None:
            if task == "campaigns.tasks.fire_due":
                raise ValueError("broken")
            ran.append(task)

        return run

    monkeypatch.setattr(dispatch, "find", find)

    done = dispatch.run_overdue(queue="engine", now=now)

    assert done == ran == ["campaigns.tasks.advance", "campaigns.tasks.reap", "omni.tasks.beat", "omni.tasks.keep_house"]
    assert "campaigns.tasks.fire_due failed" in caplog.text
    assert Heartbeat.objects.filter(name="tick:campaigns.tasks.advance").exists()
    assert not Heartbeat.objects.filter(name="tick:campaigns.tasks.fire_due").exists()


def test_it_names_missing_work_once(caplog) -> None:
    assert dispatch.find("nowhere.tasks.nothing") is None
    assert dispatch.find("nowhere.tasks.nothing") is None

    assert caplog.text.count("nowhere.tasks.nothing is not there") == 1
