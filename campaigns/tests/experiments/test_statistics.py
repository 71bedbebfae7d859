from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from campaigns.experiments import statistics
from campaigns.experiments.statistics import Arm, Verdict


def arm(hits: int, people: int) -> Arm:
    return Arm.of_share(people=people, hits=hits)


def test_the_sequence_equals_gbstats():
    comparison = statistics.compare(arm(1000, 10_000), arm(1080, 10_000))

    assert comparison.interval.low == pytest.approx(-0.005498705, abs=5e-10)
    assert comparison.interval.high == pytest.approx(0.021498705, abs=5e-10)
    assert comparison.verdict is Verdict.UNCLEAR
    assert comparison.lift == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("base", "target", "people"),
    [(0.02, 0.024, 21_108), (0.02, 0.022, 80_681), (0.05, 0.06, 8_158), (0.10, 0.11, 14_751), (0.034, 0.083, 359)],
)
def test_sample_sizes_are_the_textbook_ones(base, target, people):
    assert statistics.sample_size(base, target) == people


@pytest.mark.parametrize(("control_share", "people"), [(0.1, 284_702), (0.5, 106_415)])
def test_a_small_control_group_costs_people(control_share, people):
    assert statistics.audience_size(0.03, 0.033, control_share=control_share) == people


@pytest.mark.parametrize(("hits", "people"), [(0, 20), (1, 20), (7, 20), (95, 1000), (20, 20)])
def test_the_interval_of_a_share_is_wilsons(hits, people):
    interval = statistics.wilson(people=people, hits=hits)

    oracle = binomtest(hits, people).proportion_ci(method="wilson")
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high))


def test_nobody_has_any_share():
    assert statistics.wilson(people=0, hits=0) == statistics.Interval(0.0, 1.0)


def test_a_true_difference_is_found_and_named():
    assert statistics.compare(arm(200, 10_000), arm(400, 10_000)).verdict is Verdict.BETTER
    assert statistics.compare(arm(400, 10_000), arm(200, 10_000)).verdict is Verdict.WORSE


def test_a_difference_that_does_not_matter_is_called_the_same():
    assert statistics.compare(arm(4_000_000, 20_000_000), arm(4_001_000, 20_000_000)).verdict is Verdict.SAME


def test_few_people_are_no_basis():
    comparison = statistics.compare(arm(0, 100), arm(50, 900))

    assert comparison.verdict is Verdict.TOO_FEW
    assert comparison.interval is None
    assert comparison.more_people == 3_000


def test_nothing_is_foreseen_while_nobody_converted():
    assert statistics.compare(arm(0, 100), arm(0, 900)).more_people is None


def test_the_people_asked_for_would_settle_it():
    base, other = arm(36, 1_000), arm(400, 9_000)
    more = statistics.compare(base, other).more_people

    factor = (10_000 + more) / 10_000 * 1.001  # people come whole
    later = statistics.compare(
        Arm(round(1_000 * factor), base.mean, base.variance, 36), Arm(round(9_000 * factor), other.mean, other.variance, 400)
    )
    assert more > 0
    assert later.verdict is Verdict.BETTER


def test_a_wrong_split_is_noticed():
    assert statistics.sample_ratio([1_000, 9_000], [10, 90]) == pytest.approx(1.0)
    assert statistics.sample_ratio([1_200, 8_800], [10, 90]) < statistics.SAMPLE_RATIO_ALPHA
    assert statistics.sample_ratio([0, 0], [10, 90]) == 1.0


@given(observed=st.lists(st.integers(1, 10**5), min_size=2, max_size=5))
def test_the_split_is_tested_as_by_the_textbook(observed):
    weights = list(range(1, len(observed) + 1))
    expected = [sum(observed) * weight / sum(weights) for weight in weights]

    assert statistics.sample_ratio(observed, weights) == pytest.approx(chisquare(observed, expected).pvalue)


@pytest.mark.parametrize(
    ("rate", "control", "treated"), [(0.005, 500, 4_500), (0.02, 100, 900), (0.05, 20, 180), (0.05, 100, 900), (0.2, 50, 50)]
)
def test_looking_often_raises_no_false_alarms(rate, control, treated):
    """1,000 campaigns without any effect, looked at 20 times each while people arrive."""
    random = np.random.default_rng(1)
    alarms = 0
    for _ in range(1_000):
        base, other = random.binomial(control, rate, 20).cumsum(), random.binomial(treated, rate, 20).cumsum()
        alarms += any(
            statistics.compare(arm(int(base[look]), control * (look + 1)), arm(int(other[look]), treated * (look + 1))).verdict
            in (Verdict.BETTER, Verdict.WORSE)
            for look in range(20)
        )

    assert alarms / 1_000 <= statistics.ALPHA


@given(people=st.integers(50, 10**6), share=st.floats(0, 1), other=st.floats(0, 1))
def test_the_interval_holds_the_difference_and_mirrors(people, share, other):
    base, changed = arm(round(people * share), people), arm(round(people * other), people)

    there, back = statistics.compare(base, changed), statistics.compare(changed, base)

    assert there.difference == pytest.approx(-back.difference)
    if there.interval is not None:
        assert there.difference in there.interval
        assert (there.interval.low, there.interval.high) == pytest.approx((-back.interval.high, -back.interval.low))


def test_revenue_is_compared_by_the_same_sequence():
    base = Arm.of_values(people=1_000, hits=50, total=2_500.0, total_of_squares=150_000.0)

    assert base.mean == 2.5
    assert base.variance == pytest.approx(150 - 6.25)
