"""Does this person get too much, or at the wrong hour? Pure arithmetic of moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.delivery.gates.base import Candidate, Hold, Refuse, Rules, Verdict
from campaigns.delivery.retry import fraction

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
QUIET_JITTER = timedelta(minutes=15)  # so that not everybody is written to at the first minute


def cap(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    """Hold until the moment the fullest window has room; refuse when that is later than a message may wait."""
    frees_at = max(
        free_at(candidate.sent_at, rules.cap_per_day, DAY, now),
        free_at(candidate.sent_at, rules.cap_per_week, WEEK, now),
        free_at(candidate.sent_at, candidate.own_cap_per_week, WEEK, now),
    )
    if frees_at <= now:
        return None
    if frees_at > candidate.created_at + rules.cap_wait or frees_at >= candidate.expires_at:
        return Refuse("frequency_cap")
    return Hold(frees_at, "postponed_cap")


def free_at(sent_at: Sequence[datetime], most: int, window: timedelta, now: datetime) -> datetime:
    """Return when the window (now - window, now] has room for one more below `most`; `now` when it has, or without a cap."""
    inside = sorted((moment for moment in sent_at if moment > now - window), reverse=True)
    if most == 0 or len(inside) < most:
        return now
    return inside[most - 1] + window


def quiet_hours(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    """Hold until the quiet hours of the person's zone are over, spread by hash; expired when that is too late."""
    until = quiet_until(now, rules.quiet_from, rules.quiet_until, candidate.zone)
    if until is None:
        return None
    spread = until + QUIET_JITTER * fraction(candidate.key, "quiet")
    if rules.quiet_from and quiet_until(spread, rules.quiet_from, rules.quiet_until, candidate.zone):
        spread = until
    return Refuse("quiet_hours_dropped", "expired") if spread >= candidate.expires_at else Hold(spread, "postponed_quiet_hours")


def quiet_until(now: datetime, start: time | None, end: time | None, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours [start, end) that hold `now` are over, None when it is not quiet.

    Wall-clock times of the zone: hours that the clocks skip or repeat make the night shorter or longer. Equal times mean
    no quiet hours.
    """
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(zone)
    wall = local.time()
    is_quiet = start <= wall < end if start < end else wall >= start or wall < end
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1) if start > end and wall >= start else local.date()
    return max(_instant(day, end, zone, now), now)


def _instant(day: date, wall: time, zone: ZoneInfo, now: datetime) -> datetime:
    first = datetime.combine(day, wall, zone).astimezone(UTC)
    # An end that happens twice (clocks go back) is the first time, unless that has passed.
    return first if first > now else datetime.combine(day, wall.replace(fold=1), zone).astimezone(UTC)
