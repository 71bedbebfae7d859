"""Do the invariants of identity hold after any sequence of claims, merges, partings, consents and attributes?

The machine keeps a small model of its own: who is whose home, which layer of attributes each profile has itself, what the
ledger says. After every step the database must show exactly that.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from profiles import attributes, consent, identity
from profiles.identity import Claim, Key, by_hand, parting
from profiles.models import Consent, ConsentState, ContactPoint, Event, Identifier, KeptApart, Merge, Profile, Refusal
from tests.house import NOW

KEYS: list[Key] = [
    *(("user_id", value) for value in "123"),
    *(("email", f"{name}@shop.test") for name in "abc"),
    *(("phone", f"+35988123456{n}") for n in range(2)),
    *(("anonymous_id", f"visitor-{n}") for n in range(4)),
    ("device_id", "tablet"),
]
keys = st.sampled_from(KEYS)
names = st.sampled_from(["city", "plan", "size"])


class People(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self.now = NOW
        self.home: dict[Key, int] = {}
        self.own: dict[int, dict[str, tuple[str, Any]]] = {}  # profile: {attribute: (when, value)}
        self.edges: dict[int, tuple[int, int, dict[str, tuple[str, Any]]]] = {}  # origin: (root, merge, decided)
        self.words: list[tuple[str, str, str]] = []
        self.by_person: set[int] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)

    def tick(self) -> None:
        self.now += timedelta(minutes=1)

    def root(self, pk: int) -> int:
        while pk in self.edges:
            pk = self.edges[pk][0]
        return pk

    def survivors(self) -> list[int]:
        return sorted(pk for pk in self.own if pk not in self.edges)

    @rule(claimed=st.lists(st.lists(keys, min_size=1, max_size=3, unique=True), min_size=1, max_size=3))
    def identify(self, claimed: list[list[Key]]) -> None:
        self.tick()
        newest = Merge.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        apart = [(kept.one_id, kept.other_id) for kept in KeptApart.objects.all()]

        people = identity.resolve(claims=[Claim(tuple(each), "machine", self.now) for each in claimed], now=self.now)

        for pk in Profile.objects.exclude(pk__in=self.own).values_list("pk", flat=True):
            self.own[pk] = {}
        for merge in Merge.objects.filter(pk__gt=newest).order_by("pk"):
            self.edges[merge.origin_id] = (merge.root_id, merge.pk, {})
        for kind, value, pk in Identifier.objects.values_list("type", "value", "profile_id"):
            self.home.setdefault((kind, value), pk)
        assert all(pk in self.survivors() for pk in people)
        # What a person parted, no claim joins.
        assert all(self.root(one) != self.root(other) for one, other in apart)

    @precondition(lambda self: self.own)
    @rule(data=st.data(), key=names, value=st.sampled_from([1, 2, None]))
    def set_attribute(self, data: st.DataObject, key: str, value: int | None) -> None:
        self.tick()
        pk = data.draw(st.sampled_from(sorted(self.own)))

        attributes.apply(changes=[attributes.Change(pk, {key: value}, self.now, "machine")], now=self.now)

        self.own[self.root(pk)][key] = (self.now.isoformat(), value)

    @precondition(lambda self: len(self.own) > 1)
    @rule(data=st.data(), decides=st.booleans())
    def merge_by_hand(self, data: st.DataObject, decides: bool) -> None:
        self.tick()
        one, other = (data.draw(st.sampled_from(sorted(self.own))) for _ in range(2))
        keep = {"city": self.root(one)} if decides and self.root(one) != self.root(other) else {}
        shown = {pk: self.shown(pk) for pk in (self.root(one), self.root(other))}

        done = by_hand.merge(one=one, other=other, keep=keep, confirms_user_ids=True, by="staff:machine", now=self.now)

        if done is None:
            assert self.root(one) == self.root(other)
            return
        decided = {key: (self.now.isoformat(), shown[pk][key][1]) for key, pk in keep.items() if key in shown[pk]}
        self.edges[done.origin_id] = (done.root_id, done.pk, decided)
        self.by_person.add(done.pk)

    @precondition(lambda self: self.edges)
    @rule(data=st.data(), gives=st.booleans())
    def unmerge(self, data: st.DataObject, gives: bool) -> None:
        self.tick()
        origin = data.draw(st.sampled_from(sorted(self.edges)))
        root, merge_id, _ = self.edges[origin]
        since = parting.came_since(Merge.objects.get(pk=merge_id)) if gives else []

        if root in self.edges:
            with pytest.raises(parting.CannotPartError) as refused:
                parting.part(merge_id=merge_id, by="staff:machine", now=self.now)
            assert refused.value.first is not None
            assert refused.value.first.pk == self.edges[root][1]
            return
        parting.part(merge_id=merge_id, give=[item.pk for item in since], by="staff:machine", now=self.now)

        del self.edges[origin]
        for item in since:
            self.home[item.type, item.value] = origin

    @precondition(lambda self: self.edges)
    @rule(data=st.data())
    def unmerge_at_once_what_was_merged(self, data: st.DataObject) -> None:
        """Joining two people and undoing it changes nothing that is known about either."""
        free = self.survivors()
        if len(free) < 2:
            return
        self.tick()
        one, other = data.draw(st.sampled_from(free)), data.draw(st.sampled_from(free))
        before = _everything()

        done = by_hand.merge(one=one, other=other, keep={"plan": other}, confirms_user_ids=True, by="x", now=self.now)
        if done is not None:
            parting.part(merge_id=done.pk, by="staff:machine", now=self.now)

        assert _everything() == before

    @precondition(lambda self: self.home)
    @rule(data=st.data(), status=st.sampled_from(["granted", "withdrawn"]), method=st.sampled_from(["staff", "import"]))
    def consents(self, data: st.DataObject, status: str, method: str) -> None:
        self.tick()
        key = data.draw(st.sampled_from([key for key in KEYS if key[0] == "email"]))

        consent.record(changes=[consent.Change("email", key[1], status, self.now, method)], now=self.now)

        self.words.append((key[1], status, method))

    def shown(self, root: int) -> dict[str, tuple[str, Any]]:
        """What the model says is known about a survivor: the newest of all its layers and of what people decided."""
        found: dict[str, tuple[str, Any]] = {}
        for pk, layer in self.own.items():
            if self.root(pk) != root:
                continue
            layers = [layer, *([self.edges[pk][2]] if pk in self.edges else [])]
            for key, entry in (pair for each in layers for pair in each.items()):
                if key not in found or entry[0] > found[key][0]:
                    found[key] = entry
        return found

    @invariant()
    def one_owner_who_survives(self) -> None:  # M1
        held = {(kind, value): pk for kind, value, pk in Identifier.objects.values_list("type", "value", "profile_id")}
        assert held == {key: self.root(pk) for key, pk in self.home.items()}
        points = {(kind, address): pk for kind, address, pk in ContactPoint.objects.values_list("kind", "address", "profile_id")}
        assert points == {key: pk for key, pk in held.items() if key[0] in ("email", "phone")}

    @invariant()
    def one_step_to_the_survivor(self) -> None:  # M2
        into = dict(Profile.objects.values_list("pk", "merged_into_id"))
        assert into == {pk: self.root(pk) if pk in self.edges else None for pk in self.own}

    @invariant()
    def attributes_are_the_newest_layers(self) -> None:  # M4, M5
        for person in Profile.objects.surviving():
            expected = self.shown(person.pk)
            assert {key: fact[0] for key, fact in person.attribute_facts.items()} == {k: at for k, (at, _) in expected.items()}
            assert person.attributes == {key: value for key, (_, value) in expected.items() if value is not None}

    @invariant()
    def no_rule_joined_two_user_ids(self) -> None:  # M6
        merges = Merge.objects.filter(reversed_at=None, merged_by="")
        for merge in merges:
            ids = [pk for side in ("root", "origin") for pk in merge.snapshot[side]["identifiers"]]
            held = Counter(Identifier.objects.filter(pk__in=ids).values_list("type", flat=True))
            sides = [
                Identifier.objects.filter(pk__in=merge.snapshot[side]["identifiers"], type="user_id").exists()
                for side in ("root", "origin")
            ]
            assert not all(sides), held
        assert Refusal.objects.exclude(rule__in=[each.value for each in _refusals()]).count() == 0

    @invariant()
    def no_word_is_lost(self) -> None:  # C2, C3, C4
        assert Consent.objects.count() == len(self.words)
        for state in ConsentState.objects.all():
            words = [(status, method) for address, status, method in self.words if address == state.address]
            proven = [status for status, method in words if method == "staff" or status == "withdrawn"]
            assert state.status == (proven or [words[-1][0]])[-1]


def _refusals() -> Any:
    from profiles.identity.plan import Refused

    return list(Refused)


def _everything() -> dict[str, Any]:
    people = Profile.objects.order_by("pk").values(
        "pk", "merged_into", "attributes", "attribute_facts", "is_test", "created_at", "latest_seen_at", "search"
    )
    return {
        "people": list(people),
        "identifiers": set(Identifier.objects.values_list("pk", "profile_id", "type", "value", "verified_at")),
        "points": set(ContactPoint.objects.values_list("pk", "profile_id", "kind", "address")),
        "ledger": set(Consent.objects.values_list("pk", "profile_id", "address", "status")),
        "states": set(ConsentState.objects.values_list("channel", "address", "topic", "status", "consent_id")),
        "events": Event.objects.count(),
    }


@pytest.mark.django_db
def test_the_invariants_hold_after_any_sequence() -> None:
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
        ),
    )
