"""Until when does a wait hold people, in the company's zone, and what does its card say?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.http import QueryDict

from campaigns import graph
from campaigns.steps import STEPS
from campaigns.steps.base import Go, Wait
from campaigns.tests import stage
from omni.models import Company

pytestmark = pytest.mark.django_db
STEP = STEPS["wait"]
# A Wednesday.
CAME = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def outcome(params, now, came=CAME):
    person = SimpleNamespace(pk=1, visit_entered_at=came)
    return STEP.run([person], SimpleNamespace(params=params), now)[1]


def words(params):
    return STEP.describe(params, graph.scene(graph.blank(), "entry"))


def form(data, params=None):
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return STEP.Form(query, params=params or {}, scene=graph.scene(graph.blank(), "entry"))


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (30, "minutes", timedelta(minutes=30)),
        (2, "hours", timedelta(hours=2)),
        (2, "days", timedelta(days=2)),
        (1, "weeks", timedelta(7)),
    ],
)
def test_it_waits_from_the_moment_they_came(amount, unit, expected):
    params = stage.wait(amount, unit)

    assert outcome(params, CAME) == Wait(CAME + expected)
    assert outcome(params, CAME + expected - timedelta(seconds=1)) == Wait(CAME + expected)
    assert outcome(params, CAME + expected) == Go("next")


def test_it_waits_for_a_time_of_day_in_the_companys_zone():
    Company.objects.create(id=1, name="Shop", time_zone="Europe/Sofia")
    params = {"mode": "until", "time": "10:00", "weekdays": []}

    assert outcome(params, CAME) == Wait(datetime(2026, 3, 5, 8, 0, tzinfo=UTC))
    ten = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
    assert outcome(params, ten, came=ten) == Go("next"), "who comes at ten sharp is not held for a day"


def test_it_waits_for_a_weekday():
    assert outcome({"mode": "until", "time": "10:00", "weekdays": [0]}, CAME) == Wait(datetime(2026, 3, 9, 10, tzinfo=UTC))


def test_it_says_what_it_does():
    assert words(stage.wait(1, "days")) == "Wait 1 day"
    assert words(stage.wait(3, "hours")) == "Wait 3 hours"
    assert words({"mode": "until", "time": "10:00", "weekdays": [0, 2]}) == "Wait until 10:00 on Monday or Wednesday"
    assert words({}) == "Wait"


@pytest.mark.parametrize(
    "params", [{}, {"mode": "for", "amount": "x", "unit": "days"}, {"mode": "until"}, {"amount": 1, "unit": "moons"}]
)
def test_it_finds_what_is_missing(params):
    assert STEP.faults(params, graph.scene(graph.blank(), "entry"))


def test_it_keeps_what_the_other_mode_held():
    chosen = form({"mode": "until", "time": "09:30", "weekdays": ["4", "0"]}, stage.wait(3, "days"))

    assert chosen.is_valid()
    assert chosen.to_params() == {"mode": "until", "amount": 3, "unit": "days", "time": "09:30", "weekdays": [0, 4]}


def test_it_refuses_more_than_two_years():
    assert not form({"mode": "for", "amount": "200", "unit": "weeks"}).is_valid()
