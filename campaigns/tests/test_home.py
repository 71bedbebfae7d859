"""Does Home hear of what runs, what stands still, and what was done first?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from campaigns import home
from campaigns.models import Campaign, Policy, ProviderAccount, TrialSend
from campaigns.tests import stage
from omni.models import User

ClientOf = Callable[[User], Client]


@pytest.fixture
def live(owner: User, now: datetime) -> Campaign:
    Campaign.objects.create(name="A draft", draft={})
    Campaign.objects.create(name="Old", draft={}, state=Campaign.State.STOPPED, live_at=now, ended_at=now)
    return Campaign.objects.create(
        name="Welcome", draft={}, state=Campaign.State.LIVE, live_at=now - timedelta(hours=1), goal_event="Order Completed"
    )


def test_it_shows_what_runs_with_todays_numbers(
    live: Campaign, owner: User, now: datetime, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(4):
        (shown,) = home.running(owner, now)

    assert (shown.title, shown.tone) == ("Welcome", "success")
    assert [(figure.value, str(figure.label)) for figure in shown.figures] == [
        (0, "inside now"),
        (0, "sent today"),
        (0, "reached the goal"),
    ]

    live.pause(by=owner, now=now)
    assert home.running(owner, now)[0].tone == "warning"


def test_nothing_needs_anybody_when_all_is_well(owner: User, now: datetime) -> None:
    stage.sender()

    assert home.alerts(owner, now) == []


def test_the_emergency_stop_is_the_first_thing_to_see(owner: User, now: datetime) -> None:
    Policy.objects.update_or_create(id=1, defaults={"stopped_at": now, "stopped_by": "Olga Owner"})

    (alert,) = home.alerts(owner, now)

    assert alert.tone == "danger"
    assert "Olga Owner" in alert.text


@pytest.mark.parametrize(
    ("trouble", "is_shown"),
    [
        ({"paused_at": datetime(2026, 3, 4)}, True),
        ({"resting_until": timedelta(minutes=5), "trouble": "connection refused"}, True),
        ({"resting_until": timedelta(minutes=-5), "trouble": "connection refused"}, False),
    ],
)
def test_a_provider_that_does_not_carry_is_shown(owner: User, now: datetime, trouble: dict, is_shown: bool) -> None:
    stage.sender()
    if isinstance(span := trouble.get("resting_until"), timedelta):
        trouble = {**trouble, "resting_until": now + span}
    if "paused_at" in trouble:
        trouble = {"paused_at": now}
    ProviderAccount.objects.update(**trouble)

    assert bool(home.alerts(owner, now)) is is_shown


def test_the_first_steps_tick_themselves(owner: User, now: datetime) -> None:
    steps = {step.key: step for step in home.STEPS}
    assert [key for key, step in steps.items() if step.is_done(owner, now)] == []

    sender, template = stage.sender(), stage.template()
    TrialSend.objects.create(
        template=template,
        sender=sender,
        address="a@example.com",
        key="0193b1c0-7d6e-7000-8000-000000000000",
        at=now,
        result="sent",
    )
    Campaign.objects.create(name="Welcome", draft={}, state=Campaign.State.LIVE, live_at=now)

    assert all(step.is_done(owner, now) for step in steps.values())


def test_the_palette_finds_campaigns_and_templates(client_of: ClientOf, live: Campaign, support: User) -> None:
    template = stage.template("Welcome letter")

    found = client_of(support).get("/search/?q=welc").content.decode()

    assert f"/campaigns/{live.pk}/" in found
    assert f"/templates/{template.pk}/" in found


def test_home_costs_a_fixed_number_of_queries(
    client_of: ClientOf, live: Campaign, owner: User, django_assert_max_num_queries
) -> None:
    client = client_of(owner)
    client.get("/")
    for n in range(6):
        Campaign.objects.create(name=f"C{n}", draft={}, state=Campaign.State.LIVE, live_at=live.live_at)

    with django_assert_max_num_queries(30):
        assert client.get("/").status_code == 200
