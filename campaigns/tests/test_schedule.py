"""Does each planned local time happen once, in every zone, over every change of clocks?"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import schedule

SOFIA = ZoneInfo("Europe/Sofia")
ODD = ("Etc/", "SystemV/", "posix", "right")
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(ODD))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))


def daily(at: str) -> schedule.Rule:
    return schedule.parse({"kind": "daily", "time": at})


def local(planned: schedule.Planned, zone: ZoneInfo) -> str:
    return planned.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def test_it_moves_a_time_in_the_gap_forward_by_the_gap():
    fires = schedule.next_fires(daily("03:30"), SOFIA, after=datetime(2026, 3, 28, 12, tzinfo=UTC), most=2)

    assert [fire.local for fire in fires] == ["2026-03-29T03:30:00", "2026-03-30T03:30:00"]
    assert [local(fire, SOFIA) for fire in fires] == ["2026-03-29 04:30", "2026-03-30 03:30"]


def test_it_fires_once_in_the_overlap_at_the_first_occurrence():
    fires = schedule.next_fires(daily("03:30"), SOFIA, after=datetime(2026, 10, 24, 12, tzinfo=UTC), most=2)

    assert [fire.local for fire in fires] == ["2026-10-25T03:30:00", "2026-10-26T03:30:00"]
    assert fires[0].due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_it_knows_weeks_and_months():
    after = datetime(2026, 1, 30, 12, tzinfo=UTC)
    weekly = schedule.parse({"kind": "weekly", "time": "10:00", "weekdays": [0, 4]})
    monthly = schedule.parse({"kind": "monthly", "time": "10:00", "day": 31})

    def days(rule):
        return [fire.local[:10] for fire in schedule.next_fires(rule, SOFIA, after=after, most=3)]

    assert days(weekly) == ["2026-02-02", "2026-02-06", "2026-02-09"]
    assert days(monthly) == ["2026-01-31", "2026-02-28", "2026-03-31"]


def test_it_plans_a_single_start_only_while_it_lies_ahead():
    once = schedule.parse({"kind": "once", "time": "10:00", "date": "2026-05-01"})

    assert len(schedule.next_fires(once, SOFIA, after=datetime(2026, 4, 30, tzinfo=UTC))) == 1
    assert schedule.next_fires(once, SOFIA, after=datetime(2026, 5, 1, 7, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    "stored",
    [{}, {"kind": "hourly"}, {"kind": "daily"}, {"kind": "daily", "time": "25:00"}, {"kind": "once", "time": "10:00"},
     {"kind": "weekly", "time": "10:00", "weekdays": []}, {"kind": "monthly", "time": "10:00", "day": 32}],
)  # fmt: skip
def test_it_refuses_a_rule_that_says_nothing(stored):
    with pytest.raises(schedule.ScheduleError):
        schedule.parse(stored)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(ZONES), st.times().map(lambda t: t.replace(second=0, microsecond=0)), MOMENTS)
def test_it_agrees_with_walking_every_minute(name, at, after):
    """The oracle walks real minutes and asks the zone what the wall clock shows."""
    zone = ZoneInfo(name)

    planned = schedule.next_fires(schedule.Rule("daily", at), zone, after=after)[0]

    day = date.fromisoformat(planned.local[:10])
    shown = _minutes_showing(zone, day, at)
    if shown:
        assert planned.due_at == shown[0]
    else:
        assert planned.due_at == _after_gap(zone, day, at)
    assert planned.due_at > after
    previous = datetime.combine(day - timedelta(days=1), at)
    assert schedule.instant(previous, zone) <= max(after, planned.due_at)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(ZONES), MOMENTS)
def test_it_never_repeats_or_skips_a_day(name, after):
    zone = ZoneInfo(name)
    fires = schedule.next_fires(daily("02:30"), zone, after=after, most=400)

    days = [date.fromisoformat(fire.local[:10]) for fire in fires]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert all(one.due_at < other.due_at for one, other in pairwise(fires))


def test_it_goes_on_from_each_fire_to_the_next():
    at_once = schedule.next_fires(daily("02:30"), SOFIA, after=datetime(2026, 1, 1, tzinfo=UTC), most=366)
    moment, one_by_one = datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in range(366):
        (fire,) = schedule.next_fires(daily("02:30"), SOFIA, after=moment)
        one_by_one.append(fire)
        moment = fire.due_at

    assert one_by_one == at_once


def _minutes_showing(zone: ZoneInfo, day: date, at: time) -> list[datetime]:
    middle = datetime.combine(day, at, tzinfo=UTC)
    found = []
    for minutes in range(-16 * 60, 16 * 60 + 1):
        moment = middle + timedelta(minutes=minutes)
        if moment.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, at):
            found.append(moment)
    return found


def _after_gap(zone: ZoneInfo, day: date, at: time) -> datetime:
    """The moment as far behind the end of the gap as the time lies behind its beginning."""
    wanted = datetime.combine(day, at)
    before = wanted - timedelta(days=1)
    offset = before.replace(tzinfo=zone).utcoffset()
    return (wanted - offset).replace(tzinfo=UTC)
