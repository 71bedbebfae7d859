"""What becomes of rows whose worker died, at every state it may die in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import delivery
from campaigns.delivery import claims, settle
from campaigns.models import Delivery, ProviderAccount, Work
from campaigns.providers import sandbox
from campaigns.tests.delivery.office import Office, standing_clock

LATER = timedelta(minutes=5)


def died_as(post: Office, state: str, *, crashes: int = 0) -> Delivery:
    [one] = post.order(post.people(1))
    gate_at = post.now if state in ("permitted", "in_doubt") else None
    Work.objects.update(state=state, fence=3, crashes=crashes, lease_until=post.now + timedelta(seconds=60))
    Delivery.objects.update(gate_at=gate_at)
    return one


def fate(one: Delivery) -> tuple[str, str]:
    one.refresh_from_db()
    return one.state, one.reason


@pytest.mark.parametrize("state", ["leased", "permitted"])
def test_what_was_not_begun_is_ready_again_and_frees_the_cap(post: Office, state: str):
    one = died_as(post, state)

    assert delivery.reap(now=post.now) == 0
    assert delivery.reap(now=post.now + LATER) == 1

    work = Work.objects.get()
    assert (work.state, work.crashes, work.fence) == ("ready", 1, 3)
    assert fate(one) == ("open", "")
    assert one.gate_at is None


def test_doubt_without_a_key_is_unknown_for_ever(post: Office):
    ProviderAccount.objects.update(settings={"keyed": False})
    one = died_as(post, "in_doubt")

    delivery.reap(now=post.now + LATER)

    assert fate(one) == ("unknown", "ambiguous_unknown")
    assert one.gate_at == post.now
    assert set(Work.objects.values_list("state", flat=True)) == {"settled"}


def test_doubt_with_a_key_is_asked_again_and_keeps_its_place_under_the_cap(post: Office):
    one = died_as(post, "in_doubt")

    delivery.reap(now=post.now + LATER)

    assert fate(one) == ("open", "")
    assert one.gate_at == post.now
    delivery.drain(lane="email", clock=standing_clock(post.now + LATER))
    assert fate(one) == ("sent", "")
    assert len(sandbox.taken(post.account.settings)) == 1


def test_doubt_with_a_key_the_provider_has_forgotten_is_unknown(post: Office):
    one = died_as(post, "in_doubt")

    delivery.reap(now=post.now + timedelta(hours=13))

    assert fate(one) == ("unknown", "ambiguous_unknown")


def test_a_row_that_kills_its_worker_again_and_again_is_given_up(post: Office):
    one = died_as(post, "leased", crashes=claims.MOST_CRASHES - 1)

    delivery.reap(now=post.now + LATER)

    assert fate(one) == ("failed", "retries_exhausted")


def test_a_row_that_was_in_a_dying_batch_is_taken_alone(post: Office):
    post.order(post.people(3))
    Work.objects.filter(pk=Work.objects.first().pk).update(crashes=1)

    together = claims.claim(lane="email", now=post.now)
    alone = claims.claim(lane="email", now=post.now, crashed=True)

    assert (len(together), len(alone)) == (2, 1)


def test_whoever_lost_the_row_changes_nothing(post: Office):
    one = died_as(post, "in_doubt")

    settle.write([settle.Result(one.pk, 2, "failed", "provider_rejected")], now=post.now)

    assert fate(one) == ("open", "")
    assert Work.objects.count() == 1


def test_a_late_answer_solves_what_was_unclear(post: Office):
    ProviderAccount.objects.update(settings={"keyed": False})
    one = died_as(post, "in_doubt")
    delivery.reap(now=post.now + LATER)

    settle.write([settle.Result(one.pk, 3, "sent")], now=post.now + LATER)

    assert fate(one) == ("sent", "")


def test_a_hand_over_does_not_begin_after_the_lease_or_a_cancel(post: Office):
    one = died_as(post, "permitted")
    claim = claims.Claim(one.pk, 3, 0, 0)

    late = settle.write([], now=post.now + LATER, doubt=[claim])
    Work.objects.all().delete()
    gone = settle.write([], now=post.now, doubt=[claim])

    assert late == gone == set()
