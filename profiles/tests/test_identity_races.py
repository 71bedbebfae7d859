"""Claims, merges, partings, attributes and consents at once, on real transactions: what must hold holds afterwards."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections, transaction

from profiles import attributes, consent, identity, partitions
from profiles.identity import Claim, Key, by_hand, parting
from profiles.models import Consent, ContactPoint, Event, EventDef, Identifier, KeptApart, Merge, Profile
from tests.house import NOW

THREADS, STEPS = 4, 40
KEYS: list[Key] = [
    *(("user_id", str(n)) for n in range(1, 5)),
    *(("email", f"p{n}@shop.test") for n in range(5)),
    *(("phone", f"+35988123450{n}") for n in range(3)),
    *(("anonymous_id", f"v{n}") for n in range(6)),
]
EXPECTED = (
    identity.ContentionError,
    parting.CannotPartError,
    by_hand.CannotMergeError,
    by_hand.TakenError,
    by_hand.LastIdentifierError,
    Identifier.DoesNotExist,
    Profile.DoesNotExist,
)


class Worker(threading.Thread):
    def __init__(self, seed: int, start: threading.Barrier) -> None:
        super().__init__()
        self.chance, self.barrier = random.Random(seed), start
        self.words, self.faults, self.done = 0, [], Counter()  # type: ignore[var-annotated]

    def run(self) -> None:
        try:
            self.barrier.wait()
            for step in range(STEPS):
                self.once(step)
        except BaseException as error:
            self.faults.append(error)
        finally:
            connections.close_all()

    def once(self, step: int) -> None:
        act = self.chance.choice([self.identify] * 4 + [self.merge] * 3 + [self.part] * 3 + [self.know] * 2 + [self.allow])
        for _ in range(10):
            try:
                with transaction.atomic():
                    act(step)
                self.done[act.__name__] += 1
                return
            except EXPECTED:
                return
            except OperationalError as error:
                if "deadlock" not in str(error):
                    raise
        raise AssertionError("never got through")

    def identify(self, step: int) -> None:
        keys = tuple(self.chance.sample(KEYS, self.chance.randint(1, 3)))
        identity.resolve(claims=[Claim(keys, "race", NOW + timedelta(minutes=step))], now=NOW)

    def merge(self, step: int) -> None:
        people = list(Profile.objects.surviving().values_list("pk", flat=True))
        if len(people) > 1:
            one, other = self.chance.sample(people, 2)
            by_hand.merge(one=one, other=other, confirms_user_ids=True, by="staff:race", now=NOW)

    def part(self, step: int) -> None:
        merges = list(Merge.objects.filter(reversed_at=None).values_list("pk", flat=True))
        if merges:
            parting.part(merge_id=self.chance.choice(merges), by="staff:race", now=NOW)

    def know(self, step: int) -> None:
        people = list(Profile.objects.values_list("pk", flat=True))
        change = attributes.Change(self.chance.choice(people), {"city": step}, NOW + timedelta(minutes=step), "race")
        attributes.apply(changes=[change], now=NOW)

    def allow(self, step: int) -> None:
        status = self.chance.choice(["granted", "withdrawn"])
        consent.record(changes=[consent.Change("email", "p0@shop.test", status, NOW, "staff")], now=NOW)
        self.words += 1


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_at_once_the_invariants_hold() -> None:
    definition = EventDef.objects.create(name="Bought", first_seen_at=NOW)
    partitions.ensure(partitions.months_of([NOW]))
    first = identity.resolve(claims=[Claim((key,), "race", NOW) for key in KEYS], now=NOW)
    Event.objects.bulk_create(Event(time=NOW, profile_id=pk, name=definition, received_at=NOW) for pk in first)
    barrier = threading.Barrier(THREADS)
    workers = [Worker(seed, barrier) for seed in range(THREADS)]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)

    assert [worker.faults for worker in workers] == [[]] * THREADS
    done = sum((worker.done for worker in workers), Counter())
    assert done["merge"] > 5
    assert done["part"] > 5
    check(sum(worker.words for worker in workers))
    # M3: what happened stays where it was recorded.
    assert sorted(Event.objects.values_list("profile_id", flat=True)) == sorted(first)
    # All can be taken back, from the outermost inwards, and then everybody is who they were.
    while left := [merge for merge in Merge.objects.filter(reversed_at=None) if parting.obstacle(merge) is None]:
        parting.part(merge_id=left[0].pk, by="staff:race", now=NOW)
    assert not Profile.objects.exclude(merged_into=None).exists()
    assert dict(Identifier.objects.filter(pk__in=_firsts()).values_list("value", "profile_id")) == {
        value: pk for (_, value), pk in zip(KEYS, first, strict=True)
    }


def check(words: int) -> None:
    # M1: owned by somebody who survives, and the address goes with it.
    assert not Identifier.objects.exclude(profile__merged_into=None).exists()
    held = {(kind, value): pk for kind, value, pk in Identifier.objects.values_list("type", "value", "profile_id")}
    assert set(held) == set(KEYS)
    points = {(kind, address): pk for kind, address, pk in ContactPoint.objects.values_list("kind", "address", "profile_id")}
    assert points == {key: pk for key, pk in held.items() if key[0] in ("email", "phone")}
    # M2: one step to the survivor, by exactly one merge that holds.
    assert not Profile.objects.filter(merged_into__merged_into__isnull=False).exists()
    gone = set(Profile.objects.exclude(merged_into=None).values_list("pk", flat=True))
    assert sorted(Merge.objects.filter(reversed_at=None).values_list("origin_id", flat=True)) == sorted(gone)
    # Nobody that a person parted was joined by a rule since.
    for kept in KeptApart.objects.select_related("one", "other"):
        assert (kept.one.merged_into_id or kept.one_id) != (kept.other.merged_into_id or kept.other_id)
    # C2: no word was lost.
    assert Consent.objects.count() == words
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM profiles_consentstate")
        assert cursor.fetchone()[0] <= 1


def _firsts() -> list[int]:
    return list(Identifier.objects.order_by("pk").values_list("pk", flat=True)[: len(KEYS)])
