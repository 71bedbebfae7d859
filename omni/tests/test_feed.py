from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from omni import feed
from omni.models import FeedEntry

pytestmark = pytest.mark.django_db


class Reader:
    """A consumer that writes down what it hears and chokes on profile 13."""

    def __init__(self) -> None:
        self.heard: list[list[int]] = []

    def __call__(self, entries: Sequence[FeedEntry], now: datetime) -> None:
        if any(13 in entry.profile_ids for entry in entries):
            raise ValueError("13 is bad luck")
        self.heard.append([profile_id for entry in entries for profile_id in entry.profile_ids])


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setattr(feed, "_consumers", {})
    reader = Reader()
    feed.register(name="reader", kinds=["cooked"], handle=reader)
    feed.register(name="other", kinds=["cooked", "eaten"], handle=lambda entries, now: None)
    return reader


def test_it_writes_one_copy_for_every_consumer_of_the_kind(reader: Reader, now: datetime) -> None:
    feed.publish(kind="cooked", names=["soup", "soup", "bread"], profile_ids=[2, 1, 2], now=now)
    feed.publish(kind="eaten", names=["soup"], profile_ids=[3], now=now)

    copies = {(entry.consumer, entry.kind): (entry.names, entry.profile_ids) for entry in FeedEntry.objects.all()}
    assert copies == {
        ("reader", "cooked"): (["bread", "soup"], [1, 2]),
        ("other", "cooked"): (["bread", "soup"], [1, 2]),
        ("other", "eaten"): (["soup"], [3]),
    }


def test_it_writes_nothing_about_nobody(reader: Reader, now: datetime, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        feed.publish(kind="cooked", names=["soup"], profile_ids=[], now=now)


def test_it_cuts_large_audiences_into_entries(reader: Reader, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST_PROFILES_PER_ENTRY", 2)

    feed.publish(kind="cooked", names=[], profile_ids=[1, 2, 3, 4, 5], now=now)

    assert [entry.profile_ids for entry in FeedEntry.objects.filter(consumer="reader").order_by("pk")] == [[1, 2], [3, 4], [5]]


def test_it_hands_over_a_batch_and_takes_it_off(reader: Reader, now: datetime) -> None:
    for profile_id in (1, 2, 3):
        feed.publish(kind="cooked", names=[], profile_ids=[profile_id], now=now)

    taken = feed.consume(name="reader", now=now)

    assert (taken, reader.heard) == (3, [[1, 2, 3]])
    assert feed.consume(name="reader", now=now) == 0
    assert FeedEntry.objects.filter(consumer="other").count() == 3


def test_one_bad_entry_steps_aside_and_its_neighbors_go_on(reader: Reader, now: datetime) -> None:
    for profile_id in (1, 13, 2):
        feed.publish(kind="cooked", names=[], profile_ids=[profile_id], now=now)

    taken = feed.consume(name="reader", now=now)

    assert (taken, reader.heard) == (2, [[1], [2]])
    bad = FeedEntry.objects.get(consumer="reader")
    assert (bad.attempts, bad.error) == (1, "ValueError: 13 is bad luck")
    assert bad.due_at == now + timedelta(seconds=1)


def test_it_backs_off_and_parks_what_never_works(reader: Reader, now: datetime) -> None:
    feed.publish(kind="cooked", names=[], profile_ids=[13], now=now)

    waits = []
    for _ in range(feed.MOST_ATTEMPTS):
        feed.consume(name="reader", now=now)
        due_at = FeedEntry.objects.get(consumer="reader").due_at
        waits.append((due_at - now).total_seconds())
        now = due_at

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128]
    feed.consume(name="reader", now=now + timedelta(days=1))
    assert FeedEntry.objects.get(consumer="reader").attempts == feed.MOST_ATTEMPTS


def test_it_tells_the_backlog_of_every_consumer(reader: Reader, now: datetime) -> None:
    feed.publish(kind="eaten", names=[], profile_ids=[1], now=now - timedelta(seconds=90))

    assert feed.backlog(now=now) == [("reader", 0, 0.0), ("other", 1, 90.0)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_hold_the_same_entry(reader: Reader, now: datetime) -> None:
    import threading

    from django.db import connection, transaction

    feed.publish(kind="cooked", names=[], profile_ids=[1], now=now)
    found: list[int] = []

    def second_worker() -> None:
        found.append(feed.consume(name="reader", now=now))
        connection.close()

    with transaction.atomic():
        assert len(list(feed._claim("reader", now, 50))) == 1
        thread = threading.Thread(target=second_worker)
        thread.start()
        thread.join(10)

    assert found == [0]
