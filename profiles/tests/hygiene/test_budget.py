"""The money for verifiers: what is promised together never exceeds the month's budget."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from profiles.hygiene import asking, budget, checking
from profiles.hygiene.verifiers import sandbox
from profiles.models import CheckBudget, CheckCharge, HygienePolicy
from profiles.tests.hygiene.names import Names
from profiles.tests.hygiene.people import clean, finish, pay, verdicts

ADDRESSES = [f"p{number}@shop.test" for number in range(250)]


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_never_exceed_the_budget(now: datetime) -> None:
    policy = pay(budget=301, cost=2)
    gate = threading.Barrier(4)
    counts: list[int] = []

    def ask(number: int) -> None:
        gate.wait()
        try:
            mine = [f"{number}-{address}" for address in ADDRESSES]
            counts.append(asking.ask(addresses=mine, policy=policy, run_id=None, now=now).count)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 150
    assert budget.committed_minor(now=now) == 300
    assert sandbox.used(policy.verifier_settings) == 150
    assert sum(CheckCharge.objects.values_list("cost_minor", flat=True)) == 300


@pytest.mark.django_db
def test_a_run_stops_asking_when_the_budget_ends_and_says_so(now: datetime) -> None:
    pay(budget=30)

    run = clean(*ADDRESSES, now=now, uses_verifier=True)

    assert (run.state, run.done, run.asked, run.halt) == ("done", 250, 30, "budget")
    states = [state for state, _reason in verdicts().values()]
    assert (states.count("deliverable"), states.count("unverified")) == (30, 220)


@pytest.mark.django_db
def test_a_run_goes_on_for_nothing_when_the_credits_end(now: datetime) -> None:
    pay(budget=1_000, credits=40)

    run = clean(*ADDRESSES, now=now, uses_verifier=True)

    assert (run.done, run.asked, run.halt) == (250, 40, "credits")
    assert budget.committed_minor(now=now) == 40


@pytest.mark.django_db
def test_a_verifier_that_is_down_costs_nothing_and_the_rest_is_asked_later(now: datetime) -> None:
    from profiles.hygiene import cleaning

    pay(budget=1_000, is_down=True)
    run = clean(*ADDRESSES, now=now, uses_verifier=True)
    assert (run.asked, run.halt, budget.committed_minor(now=now)) == (0, "unreachable", 0)

    pay(budget=1_000)
    assert cleaning.again(run) == 250
    finish(now=now)
    run.refresh_from_db()
    assert (run.done, run.asked, run.halt) == (250, 250, "")


@pytest.mark.django_db
def test_what_was_reserved_by_a_dead_worker_stays_spent(now: datetime) -> None:
    policy = pay(budget=100)
    charge = budget.reserve(checks=60, policy=policy, run_id=None, now=now)
    assert charge

    second = budget.reserve(checks=60, policy=policy, run_id=None, now=now)
    assert second
    assert second.checks == 40
    assert budget.reserve(checks=1, policy=policy, run_id=None, now=now) is None

    budget.settle(second, billed=10, now=now)
    budget.settle(second, billed=10, now=now)
    assert budget.committed_minor(now=now) == 70


@pytest.mark.django_db
def test_a_new_month_has_a_new_budget(now: datetime) -> None:
    policy = pay(budget=100)
    budget.reserve(checks=100, policy=policy, run_id=None, now=now)

    assert budget.left_minor(policy, now=now) == 0
    assert budget.left_minor(policy, now=datetime(2026, 4, 1, tzinfo=UTC)) == 100
    assert CheckBudget.objects.count() == 1


@pytest.mark.django_db
def test_nobody_is_asked_without_a_verifier_or_with_one_that_is_gone(now: datetime, caplog: Any) -> None:
    for key in ("", "vendor_of_old"):
        HygienePolicy(pk=1, verifier=key, budget_minor=100).save()
        asked = checking.check([("email", "p@shop.test")], policy=HygienePolicy.current(), now=now, resolver=Names(), pays=True)
        assert asked.count == 0
