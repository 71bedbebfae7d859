"""How sure may one be that two groups differ, however often somebody looks? Pure numbers, no words and no rows.

Differences carry a confidence sequence: an interval that holds at every look at once with 95 %, so that reading a
report every day and stopping at a good moment does not raise the rate of false alarms. It is the asymptotic sequence of
Waudby-Smith et al. (arXiv 2103.06476), equation 9, with rho by equation 161.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from scipy.special import chdtrc  # scipy.stats would cost every process a second of start and its memory

ALPHA = 0.05
POWER = 0.80
TUNING_SAMPLE = 5_000  # people at which the sequence is tightest
EQUIVALENCE = 0.02  # differences below this share of the base value mean nothing in practice
SAMPLE_RATIO_ALPHA = 0.001  # a ratio is looked at often, so only gross faults raise the alarm
# Below these the normal approximation behind the sequence is not to be trusted: a control group of 100 people in which
# nobody happened to convert yet would raise false alarms in every third campaign (see the simulation in the tests).
FEWEST_PEOPLE = 50
FEWEST_EXPECTED_HITS = 20  # in the smaller group, were there no difference
MOST_FORESEEN = 100_000_000


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"  # any difference is too small to matter
    UNCLEAR = "unclear"  # the interval holds zero and more than the region of equivalence
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Arm:
    """One group of people: how many, the mean of what was measured per person, and its population variance."""

    people: int
    mean: float
    variance: float
    hits: int  # people with a value other than zero

    @classmethod
    def of_share(cls, *, people: int, hits: int) -> Arm:
        """Return the arm of a yes-or-no measure, such as converted or not."""
        share = hits / people if people else 0.0
        return cls(people, share, share * (1 - share), hits)

    @classmethod
    def of_values(cls, *, people: int, hits: int, total: float, total_of_squares: float) -> Arm:
        """Return the arm of a measured value, such as revenue; people without one count as zero."""
        mean = total / people if people else 0.0
        return cls(people, mean, max(total_of_squares / people - mean**2, 0.0) if people else 0.0, hits)


@dataclass(frozen=True)
class Interval:
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Comparison:
    """What is known about `arm` minus `base`. `interval` is None while there are too few people to say anything.

    `lift` and its interval are relative to the base's mean (None when that is zero). `more_people` is about how many
    more people, in the same proportions, would settle an unclear verdict if the means stay as they are.
    """

    base: Arm
    arm: Arm
    difference: float
    interval: Interval | None
    lift: float | None
    lift_interval: Interval | None
    verdict: Verdict
    more_people: int | None


def compare(base: Arm, arm: Arm, *, alpha: float = ALPHA) -> Comparison:
    """Compare `arm` with `base` so that the verdict holds at every look with an error of at most `alpha`."""
    difference = arm.mean - base.mean
    if min(base.people, arm.people) < FEWEST_PEOPLE or _expected_hits(base, arm) < FEWEST_EXPECTED_HITS:
        return Comparison(base, arm, difference, None, None, None, Verdict.TOO_FEW, _until_countable(base, arm))
    width = half_width(base, arm, alpha=alpha)
    interval = Interval(difference - width, difference + width)
    verdict = _verdict(interval, margin=EQUIVALENCE * abs(base.mean))
    return Comparison(
        base=base,
        arm=arm,
        difference=difference,
        interval=interval,
        lift=difference / base.mean if base.mean else None,
        lift_interval=Interval(interval.low / base.mean, interval.high / base.mean) if base.mean else None,
        verdict=verdict,
        more_people=_more_people(base, arm, alpha) if verdict is Verdict.UNCLEAR else None,
    )


def half_width(base: Arm, arm: Arm, *, alpha: float = ALPHA) -> float:
    """Return half the width of the confidence sequence of the difference of two means (equation 9)."""
    people = base.people + arm.people
    return _half_width(people, _variance_per_person(base, arm), alpha)


def wilson(*, people: int, hits: int, alpha: float = ALPHA) -> Interval:
    """Return Wilson's score interval of a single share; [0, 1] for nobody."""
    if not people:
        return Interval(0.0, 1.0)
    z = _quantile(alpha)
    share = hits / people
    middle = (share + z**2 / (2 * people)) / (1 + z**2 / people)
    width = z / (1 + z**2 / people) * math.sqrt(share * (1 - share) / people + z**2 / (4 * people**2))
    return Interval(max(middle - width, 0.0), min(middle + width, 1.0))


def sample_ratio(observed: Sequence[int], weights: Sequence[float]) -> float:
    """Return the p-value of people having been split by `weights` into `observed` (chi-squared); 1.0 without people."""
    everyone, weight = sum(observed), sum(weights)
    if not everyone or len(observed) < 2 or min(weights) <= 0:
        return 1.0
    expected = [everyone * share / weight for share in weights]
    distance = sum((found - wanted) ** 2 / wanted for found, wanted in zip(observed, expected))
    return float(chdtrc(len(observed) - 1, distance))


def sample_size(base: float, target: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """Return the people each of two equal groups needs to tell the shares `base` and `target` apart."""
    middle = (base + target) / 2
    spread = _quantile(alpha) * math.sqrt(2 * middle * (1 - middle))
    spread += _power_quantile(power) * math.sqrt(base * (1 - base) + target * (1 - target))
    return round((spread / (target - base)) ** 2)


def audience_size(base: float, target: float, *, control_share: float, power: float = POWER, alpha: float = ALPHA) -> int:
    """Return the people a campaign needs in total when `control_share` of them have the rate `base`, the rest `target`."""
    spread = base * (1 - base) / control_share + target * (1 - target) / (1 - control_share)
    return round((_quantile(alpha) + _power_quantile(power)) ** 2 * spread / (target - base) ** 2)


def _half_width(people: float, variance_per_person: float, alpha: float) -> float:
    rho_squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / TUNING_SAMPLE
    grown = people * rho_squared + 1
    return math.sqrt(variance_per_person * 2 * grown * math.log(math.sqrt(grown) / alpha) / (people**2 * rho_squared))


def _variance_per_person(base: Arm, arm: Arm) -> float:
    people = base.people + arm.people
    return people * (base.variance / base.people + arm.variance / arm.people)


def _verdict(interval: Interval, *, margin: float) -> Verdict:
    if interval.low >= -margin and interval.high <= margin:
        return Verdict.SAME
    if interval.low > 0:
        return Verdict.BETTER
    if interval.high < 0:
        return Verdict.WORSE
    return Verdict.UNCLEAR


def _more_people(base: Arm, arm: Arm, alpha: float) -> int | None:
    """Return how many more people would make the interval clear the observed difference; None beyond MOST_FORESEEN."""
    wanted = max(abs(arm.mean - base.mean), EQUIVALENCE * abs(base.mean))
    variance = _variance_per_person(base, arm)
    low, high = base.people + arm.people, MOST_FORESEEN
    if wanted <= 0 or _half_width(high, variance, alpha) > wanted:
        return None
    now = low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _half_width(middle, variance, alpha) > wanted else (low, middle)
    return high - now


def _expected_hits(base: Arm, arm: Arm) -> float:
    """Return how many hits (or misses, if they are fewer) the smaller group would have were there no difference."""
    people, hits = base.people + arm.people, base.hits + arm.hits
    return min(base.people, arm.people) * min(hits, people - hits) / people if people else 0.0


def _until_countable(base: Arm, arm: Arm) -> int | None:
    """Return about how many more people it takes until the two groups are large enough to be compared at all."""
    smaller, expected = min(base.people, arm.people), _expected_hits(base, arm)
    if not expected:
        return None
    factor = max(FEWEST_PEOPLE / smaller, FEWEST_EXPECTED_HITS / expected)
    return math.ceil((base.people + arm.people) * (factor - 1))


def _quantile(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha / 2)


def _power_quantile(power: float) -> float:
    return NormalDist().inv_cdf(power)
