from __future__ import annotations

import pytest

from campaigns.experiments import statistics
from campaigns.experiments.statistics import Arm, Interval, Verdict
from campaigns.models import Campaign
from campaigns.reports import drawing, words
from campaigns.reports.campaign import Report
from campaigns.reports.facts import End
from campaigns.reports.tally import Tally


def report_of(control: tuple[int, int], treated: tuple[int, int], now, goal: str = "Order completed") -> Report:
    campaign = Campaign(name="Letters", goal_event=goal, goal_days=5, control_percent=10)
    ends = {
        (End.CONTROL, ""): Tally(people=control[0], converted=control[1]),
        (End.SENT, ""): Tally(people=treated[0], converted=treated[1]),
    }
    return Report(campaign, None, now, {key: tally for key, tally in ends.items() if tally.people}, ())


@pytest.mark.parametrize(
    ("control", "treated", "tone", "words_of_it"),
    [
        ((1_000, 40), (9_000, 900), "success", "The campaign works"),
        ((1_000, 150), (9_000, 500), "danger", "The campaign harms"),
        ((1_000, 50), (9_000, 470), "warning", "It cannot be told yet"),
        ((100, 0), (900, 20), "neutral", "Too early for a verdict"),
        ((0, 0), (900, 20), "neutral", "Nobody is in the control group"),
        ((0, 0), (0, 0), "neutral", "Nobody has entered yet"),
    ],
)
def test_the_verdict_is_a_sentence(control, treated, tone, words_of_it, now):
    saying = words.on_campaign(report_of(control, treated, now))

    assert saying.title.startswith(words_of_it)
    assert saying.tone == tone


def test_without_a_goal_nothing_is_compared(now):
    assert "no goal" in words.on_campaign(report_of((100, 0), (900, 0), now, goal="")).title


def test_intervals_are_told_as_people():
    assert words.between(Interval(0.012, 0.071)) == "between 12 and 71 more people per 1\u202f000"
    assert words.between(Interval(-0.071, -0.012)) == "between 12 and 71 fewer people per 1\u202f000"
    assert words.between(Interval(-0.0005, 0.0012)) == "between 5 fewer and 12 more people per 10\u202f000"


@pytest.mark.parametrize(("people", "said"), [(7, "7"), (13_482, "13\u202f000"), (99_600, "100\u202f000")])
def test_a_forecast_is_rounded_to_what_it_is_worth(people, said):
    base = Arm.of_share(people=1_000, hits=50)
    comparison = statistics.Comparison(base, base, 0.0, None, None, None, Verdict.UNCLEAR, people)

    assert said in words.more_people(comparison)


def test_intervals_stand_in_the_picture_where_their_numbers_are():
    base = Arm.of_share(people=1_000, hits=40)
    compared = statistics.compare(base, Arm.of_share(people=9_000, hits=900))

    chart = drawing.interval_chart([("All", compared), ("Unknown", None)])

    (row,) = chart.rows
    assert chart.zero < row.low < row.middle < row.high < chart.width
    assert row.tone == "better"
    assert [x for x, _label in chart.ticks] == sorted(x for x, _label in chart.ticks)
    assert "0" in {label for _x, label in chart.ticks}


def test_without_an_interval_there_is_no_picture():
    assert drawing.interval_chart([("All", None)]) is None
