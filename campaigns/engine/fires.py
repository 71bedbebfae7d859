"""Which planned starts are due, and how does a whole segment enter without anybody twice?

A start is planned as a row that is unique by campaign and local time. Its audience is the segment as it was when it
fired: memberships are intervals, so a run that was interrupted goes on with the very same people.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from campaigns import schedule
from campaigns.engine.enrol import enrol
from campaigns.models import Campaign, Fire, Version
from campaigns.steps import entry
from segments.conditions.base import Sql
from segments.models import Segment

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

logger = logging.getLogger(__name__)

CHUNK = 5_000
AT_ONCE = "now"

_CANDIDATES = """
SELECT m.profile_id, %(entry_key)s::text AS entry_key FROM segments_membership m
WHERE m.segment_id = %(segment)s AND m.profile_id > %(after)s AND m.profile_id <= %(through)s
  AND m.from_at <= %(fired)s AND (m.until_at IS NULL OR m.until_at > %(fired)s)
"""
_CHUNK_END = """
SELECT max(profile_id), count(*) FROM (
    SELECT m.profile_id FROM segments_membership m
    WHERE m.segment_id = %(segment)s AND m.profile_id > %(after)s
      AND m.from_at <= %(fired)s AND (m.until_at IS NULL OR m.until_at > %(fired)s)
    ORDER BY m.profile_id LIMIT %(most)s
) chunk
"""


def plan(campaign: Campaign, version: Version, *, now: datetime) -> None:
    """Plan the next start of a version just published; starts planned by earlier versions are taken back."""
    start = entry.read(_entry_params(version))
    campaign.fires.filter(state=Fire.State.PLANNED).exclude(version=version).update(
        state=Fire.State.CANCELLED, finished_at=now
    )
    if start.source == "segment":
        _plan_one(campaign.pk, version, schedule.Planned(AT_ONCE, now))
    elif start.source == "schedule":
        zone = schedule.company_zone()
        after = now - schedule.CATCH_UP if start.is_once else now
        for planned in schedule.next_fires(schedule.parse(start.rule), zone, after=after):
            _plan_one(campaign.pk, version, planned)


def fire_due(*, now: datetime, most_chunks: int = 40) -> int:
    """Let in whoever is due by plan; return how many people entered.

    1. Bring planned starts in line with today's rules of the company's zone.
    2. Claim a due start of a live campaign (SKIP LOCKED). Too late: missed. A segment not filled yet: next time.
    3. Let a chunk of people in and note through which id, in one transaction; go on until nobody is left.
    """
    zone = schedule.company_zone()
    _follow_zone(zone)
    entered = 0
    for pk in _due(now).values_list("pk", flat=True):
        while most_chunks > 0:
            most_chunks -= 1
            done = _run_chunk(pk, zone, now)
            if done is None:
                break
            entered += done
    return entered


def _due(now: datetime) -> QuerySet[Fire]:
    return Fire.objects.filter(due_at__lte=now, finished_at=None, campaign__state=Campaign.State.LIVE).order_by("due_at", "pk")


@transaction.atomic
def _run_chunk(pk: int, zone: ZoneInfo, now: datetime) -> int | None:
    """Do one transaction's worth of a start; None when there is nothing to do for it now."""
    fire = (
        _due(now)
        .filter(pk=pk)
        .select_related("campaign", "version")
        .select_for_update(of=("self",), skip_locked=True)
        .first()
    )
    if fire is None:
        return None
    start = entry.read(_entry_params(fire.version))
    if fire.state == Fire.State.PLANNED and not _begin(fire, start, zone, now):
        return None
    return _let_in(fire, start, now)


def _begin(fire: Fire, start: entry.Start, zone: ZoneInfo, now: datetime) -> bool:
    if now - fire.due_at > schedule.CATCH_UP:
        logger.warning("fire %s of campaign %s was missed", fire.pk, fire.campaign_id)
        Fire.objects.filter(pk=fire.pk).update(state=Fire.State.MISSED, finished_at=now)
        _plan_following(fire, start, zone, after=now)
        return False
    if not _is_filled(start.segment):
        return False
    fire.state, fire.fired_at = Fire.State.FIRED, now
    fire.save(update_fields=["state", "fired_at"])
    _plan_following(fire, start, zone, after=fire.due_at)
    return True


def _let_in(fire: Fire, start: entry.Start, now: datetime) -> int:
    values = {
        "segment": start.segment,
        "after": fire.entered_through_id,
        "fired": fire.fired_at,
        "most": CHUNK,
        "entry_key": fire.planned_local,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHUNK_END, values)
        through, found = cursor.fetchone()
    entered = 0
    if found:
        candidates = Sql(_CANDIDATES, ({**values, "through": through},))
        entered = enrol(campaign=fire.campaign, version=fire.version, start=start, candidates=candidates, now=now)
        fire.entered_through_id = through
        fire.entered += entered
    if found < CHUNK:
        fire.finished_at = now
    fire.save(update_fields=["entered_through_id", "entered", "finished_at"])
    return entered


def _is_filled(segment_id: int | None) -> bool:
    """Tell whether the memberships say what the definition says; a segment that was just made or changed is filled soon."""
    return Segment.objects.filter(pk=segment_id, refreshed_at__isnull=False, stale_since=None).exists()


def _plan_following(fire: Fire, start: entry.Start, zone: ZoneInfo, *, after: datetime) -> None:
    if start.source != "schedule" or start.is_once:
        return
    for planned in schedule.next_fires(schedule.parse(start.rule), zone, after=after):
        _plan_one(fire.campaign_id, fire.version, planned)


def _plan_one(campaign_id: int, version: Version, planned: schedule.Planned) -> None:
    """Plan a start unless it has happened; one that was taken back is planned again."""
    _fire, made = Fire.objects.get_or_create(
        campaign_id=campaign_id,
        planned_local=planned.local,
        defaults={"version": version, "due_at": planned.due_at},
    )
    if not made:
        Fire.objects.filter(
            Q(state=Fire.State.CANCELLED) | Q(state=Fire.State.PLANNED),
            campaign_id=campaign_id,
            planned_local=planned.local,
        ).update(version=version, due_at=planned.due_at, state=Fire.State.PLANNED, finished_at=None)


def _follow_zone(zone: ZoneInfo) -> None:
    """Move planned starts when the rules of the zone, or the company's zone, have changed; their keys stay."""
    for fire in Fire.objects.filter(state=Fire.State.PLANNED).exclude(planned_local=AT_ONCE):
        due_at = schedule.instant_of_key(fire.planned_local, zone)
        if due_at.astimezone(UTC) != fire.due_at:
            Fire.objects.filter(pk=fire.pk, state=Fire.State.PLANNED).update(due_at=due_at)


def _entry_params(version: Version) -> dict[str, object]:
    graph = version.graph
    return dict(graph["steps"][graph["entry"]]["params"])
