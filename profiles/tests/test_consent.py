"""May this address be reached, whatever the order in which it was said?"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni import feed
from omni.models import FeedEntry
from profiles import consent, identity
from profiles.consent import Change, Standing, standings
from profiles.models import Consent, ConsentState, RecipientGate, Suppression, Topic
from tests.house import NOW

ANNA = "anna@example.com"
DAY = timedelta(days=1)


def said(
    status: str, *, at: datetime = NOW, method: str = "staff", topic: str = "", proof: dict[str, Any] | None = None
) -> Change:
    return Change("email", ANNA, status, at, method, topic=topic, proof=proof or {})


def record(*changes: Change) -> int:
    return consent.record(changes=changes, now=NOW)


def standing(topic: str = "") -> Standing:
    return standings(channel="email", addresses=[ANNA], topic=topic)[ANNA]


@pytest.mark.django_db
def test_who_was_never_asked_is_not_reached() -> None:
    assert standing() == Standing(False, "never_asked")


@pytest.mark.django_db
def test_both_the_channel_and_the_topic_must_allow() -> None:
    Topic.objects.create(key="news", name="News", is_default=True)
    Topic.objects.create(key="offers", name="Offers")
    record(said("granted"))

    assert standing().is_allowed
    assert standing("news").is_allowed
    assert standing("offers") == Standing(False, "never_asked")
    assert standing("nonsense") == Standing(False, "never_asked")

    record(said("granted", topic="offers"), said("withdrawn", topic="news"))
    assert standing("offers").is_allowed
    assert standing("news") == Standing(False, "topic_unsubscribed")
    assert standing().is_allowed

    record(said("withdrawn"))
    assert standing("offers") == Standing(False, "channel_not_permitted")


@pytest.mark.django_db
def test_a_suppressed_address_is_not_reached_until_it_is_lifted() -> None:
    record(said("granted"))

    assert consent.suppress(channel="email", address=ANNA, reason="hard_bounced", detail="550", now=NOW)
    assert not consent.suppress(channel="email", address=ANNA, reason="complained", now=NOW)
    assert standing() == Standing(False, "hard_bounced")

    assert consent.lift(channel="email", address=ANNA, now=NOW)
    assert not consent.lift(channel="email", address=ANNA, now=NOW)
    assert standing().is_allowed
    assert Suppression.objects.get().lifted_at == NOW


@pytest.mark.django_db
def test_a_withdrawal_needs_no_person_and_may_be_repeated() -> None:
    for _ in range(2):
        consent.withdraw(channel="email", address=ANNA, method="one_click", proof={"ip": "192.0.2.1"}, now=NOW)

    assert standing() == Standing(False, "channel_not_permitted")
    assert list(Consent.objects.values_list("profile", "status", "method")) == [(None, "withdrawn", "one_click")] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["import", "api", "sync"])
def test_a_program_does_not_turn_an_opt_out_into_an_opt_in(method: str) -> None:
    record(said("withdrawn", at=NOW - 2 * DAY))

    assert record(said("granted", at=NOW - DAY, method=method, proof={"actor": "importer", "import": 7})) == 0
    assert standing() == Standing(False, "channel_not_permitted")

    assert record(said("granted", at=NOW - 3 * DAY, method=method, proof={"url": "https://shop.test/form"})) == 0
    assert standing() == Standing(False, "channel_not_permitted")

    assert record(said("granted", at=NOW - DAY, method=method, proof={"url": "https://shop.test/form"})) == 1
    assert standing().is_allowed
    assert Consent.objects.count() == 4


@pytest.mark.django_db
def test_a_consent_from_tomorrow_counts_as_of_today() -> None:
    record(said("granted", at=NOW + 3650 * DAY))
    record(said("withdrawn", at=NOW))

    assert not standing().is_allowed


@pytest.mark.django_db
def test_it_tells_downstream_only_what_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_consumers", {})
    feed.register(name="ear", kinds=["consent_changed"], handle=lambda entries, now: None)
    [anna] = identity.resolve(claims=[identity.Claim((("email", ANNA),), "test", NOW)], now=NOW)

    assert record(said("granted"), said("granted", topic="news")) == 2
    assert record(said("granted", at=NOW - DAY)) == 0
    consent.suppress(channel="email", address=ANNA, reason="complained", now=NOW)

    told = [(entry.names, entry.profile_ids) for entry in FeedEntry.objects.order_by("pk")]
    assert told == [(["email", "email:news"], [anna]), (["email"], [anna])]
    assert set(Consent.objects.values_list("profile", flat=True)) == {anna}


@pytest.mark.django_db
def test_a_batch_costs_the_same_whatever_its_size(django_assert_max_num_queries: Any, django_assert_num_queries: Any) -> None:
    def batch(count: int) -> list[Change]:
        return [Change("email", f"p{n}@example.com", "granted", NOW, "import") for n in range(count)]

    with django_assert_max_num_queries(12):
        consent.record(changes=batch(3), now=NOW)
    with django_assert_max_num_queries(12):
        consent.record(changes=batch(500), now=NOW)
    with django_assert_num_queries(1):
        assert len(standings(channel="email", addresses=[f"p{n}@example.com" for n in range(500)], topic="")) == 500


words = st.builds(
    said,
    st.sampled_from(["granted", "withdrawn"]),
    at=st.integers(0, 6).map(lambda days: NOW - days * DAY),
    method=st.sampled_from(["import", "api", "staff", "one_click", "preference_page"]),
    topic=st.sampled_from(["", "news"]),
    proof=st.sampled_from([{}, {"actor": "x"}, {"ip": "192.0.2.1"}]),
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(words, min_size=1, max_size=8), st.randoms())
def test_the_state_is_the_fold_of_the_ledger_in_any_order(changes: list[Change], chance: Any) -> None:
    with transaction.atomic():
        shuffled = list(changes)
        chance.shuffle(shuffled)
        for change in shuffled[: len(shuffled) // 2]:
            record(change)
        record(*shuffled[len(shuffled) // 2 :])

        for state in ConsentState.objects.all():
            ledger = Consent.objects.filter(channel=state.channel, address=state.address, topic=state.topic)
            heaviest = max(ledger, key=consent.weight)
            assert (state.status, state.since_at) == (heaviest.status, heaviest.at)
            assert state.consent.status == state.status
        assert ConsentState.objects.count() == len({change.topic for change in changes})
        assert Consent.objects.count() == len(changes)
        withdrawals = [change.at for change in changes if change.topic == "" and change.status == "withdrawn"]
        if withdrawals and standing().is_allowed:
            ours = [
                change for change in changes if change.topic == "" and change.status == "granted" and change.at > max(withdrawals)
            ]
            assert any(change.method not in consent.CLAIMED_BY_PROGRAMS or "ip" in change.proof for change in ours)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_gate_and_a_withdrawal_take_turns() -> None:
    """While somebody holds the gate of an address, a withdrawal waits; afterwards it is there."""
    record(said("granted"))
    held, order = threading.Event(), []

    def send() -> None:
        with transaction.atomic():
            consent.lock(channel="email", addresses=[ANNA, "b@example.com"])
            held.set()
            withdrawing.join(0.3)
            order.append(f"handed over while allowed: {standing().is_allowed}")
        connections.close_all()

    def withdraw() -> None:
        held.wait()
        consent.withdraw(channel="email", address=ANNA, method="one_click", proof={}, now=NOW)
        order.append("withdrawn")
        connections.close_all()

    withdrawing = threading.Thread(target=withdraw)
    sending = threading.Thread(target=send)
    withdrawing.start()
    sending.start()
    sending.join()
    withdrawing.join()

    assert order == ["handed over while allowed: True", "withdrawn"]
    assert not standing().is_allowed
    assert RecipientGate.objects.count() == 2


@pytest.mark.django_db
def test_what_waits_for_a_confirmation_permits_nothing_and_takes_nothing_away() -> None:
    Topic.objects.create(key="offers", name="Offers")
    record(said("pending", method="form"), said("pending", method="form", topic="offers"))
    assert standing() == Standing(False, "double_opt_in_pending")

    record(said("granted", at=NOW - DAY))
    assert standing().is_allowed
    assert standing("offers") == Standing(False, "double_opt_in_pending")

    record(said("pending", method="form"), said("pending", method="form", topic="offers"))
    assert standing().is_allowed

    record(said("withdrawn", topic="offers", at=NOW - DAY), said("pending", method="form", topic="offers"))
    assert standing("offers") == Standing(False, "topic_unsubscribed")

    record(said("granted", topic="offers", method="double_opt_in", proof={"token": "x"}))
    assert standing("offers").is_allowed


@pytest.mark.django_db
def test_the_database_refuses_to_change_or_delete_what_was_said() -> None:
    record(said("granted"))

    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.update(status="withdrawn")
    ConsentState.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.all().delete()
    assert Consent.objects.get().status == "granted"

    with transaction.atomic(), consent.erasing():
        Consent.objects.all().delete()
    record(said("granted"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.update(status="withdrawn")
