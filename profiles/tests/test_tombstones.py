"""Nothing brings an erased person back: not by a file, not by a call, not by the API."""

from __future__ import annotations

from datetime import datetime

import pytest

from profiles import consent, identity, tombstones
from profiles.identity import Claim
from profiles.models import ConsentState, Erasure, Identifier, Profile, Suppression, Tombstone

pytestmark = pytest.mark.django_db

ANN = ("email", "ann@shop.test")
ACCOUNT = ("user_id", "a-1")


@pytest.fixture
def grave(now: datetime) -> Erasure:
    erasure = Erasure.objects.create(profile_ids=[1], by_label="Olga", begun_at=now, backups_expire_date=now.date())
    tombstones.bury(keys=[ANN, ACCOUNT], addresses=[ANN], suppressed={ANN: "complained"}, erasure=erasure, now=now)
    return erasure


def _resolve(now: datetime, *identifiers: identity.Key) -> int | None:
    return identity.resolve_living(claims=[Claim(identifiers, "test", now)], now=now)[0]


def test_it_keeps_nothing_that_could_be_read(grave: Erasure) -> None:
    kept = {(stone.type, stone.hash) for stone in Tombstone.objects.all()}

    assert {kind for kind, _ in kept} == {"email", "user_id"}
    assert all(len(found) == 64 and "ann" not in found for _, found in kept)


@pytest.mark.parametrize(
    "identifiers",
    [
        (ANN,),
        (("user_id", "a-2"), ANN),  # a new account with the old address
        (ACCOUNT, ("anonymous_id", "new-browser")),
        (ANN, ("phone", "+48512345678")),
    ],
)
def test_a_claim_about_an_erased_person_makes_nobody(
    identifiers: tuple[identity.Key, ...], grave: Erasure, now: datetime
) -> None:
    identity.resolve(claims=[Claim((("anonymous_id", "new-browser"),), "test", now)], now=now)
    before = Profile.objects.count()

    assert _resolve(now, *identifiers) is None
    assert Profile.objects.count() == before
    assert sum(Tombstone.objects.values_list("refusals", flat=True)) == 1


def test_somebody_else_who_took_the_address_over_is_known_without_it(grave: Erasure, now: datetime) -> None:
    bob = _resolve(now, ("user_id", "b-1"))

    assert _resolve(now, ("user_id", "b-1"), ANN) == bob
    assert not Identifier.objects.filter(type="email").exists()


def test_the_neighbours_in_a_batch_are_untouched(grave: Erasure, now: datetime) -> None:
    claims = [Claim((("user_id", f"n-{number}"),), "test", now) for number in range(3)]
    found = identity.resolve_living(claims=[claims[0], Claim((ANN,), "test", now), *claims[1:]], now=now)

    assert found[1] is None
    assert len({one for one in found if one}) == 3


def test_the_plain_door_refuses_loudly(grave: Erasure, now: datetime) -> None:
    with pytest.raises(identity.ErasedError):
        identity.resolve(claims=[Claim((ANN,), "test", now)], now=now)


def test_a_word_about_an_erased_address_is_not_kept(grave: Erasure, now: datetime) -> None:
    consent.record(changes=[consent.Change("email", ANN[1], "granted", now, "import")], now=now)

    assert not ConsentState.objects.exists()


def test_lifted_the_address_comes_back_opted_out_and_blocked(grave: Erasure, now: datetime) -> None:
    stone = tombstones.lift(key=ANN, reason="She wrote to us", by="Olga", now=now)

    assert stone is not None
    assert stone.lifted_reason == "She wrote to us"
    assert _resolve(now, ANN) is not None
    assert ConsentState.objects.get().status == consent.WITHDRAWN
    assert Suppression.objects.get().reason == "complained"
    assert consent.standings(channel="email", addresses=[ANN[1]])[ANN[1]].is_allowed is False
    assert tombstones.lift(key=ANN, reason="again", by="Olga", now=now) is None


def test_a_claimed_permission_does_not_outweigh_the_erasure(grave: Erasure, now: datetime) -> None:
    tombstones.lift(key=ANN, reason="She wrote to us", by="Olga", now=now)

    consent.record(changes=[consent.Change("email", ANN[1], "granted", now, "import")], now=now)

    assert ConsentState.objects.get().status == consent.WITHDRAWN
