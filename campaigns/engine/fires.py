"""Which planned starts are due, and how does a whole segment enter without anybody twice?

A start is planned as a row that is unique by campaign and local time. Its audience is the segment as it was when it
fired: memberships are intervals, so a run that was interrupted goes on with the very same people.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import QuerySet

from campaigns import planning, schedule
from campaigns.engine.enrol import enrol
from campaigns.models import Campaign, Fire
from campaigns.steps import entry
from segments.conditions.base import Sql
from segments.models import Segment

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

logger = logging.getLogger(__name__)

CHUNK = 5_000

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


def fire_due(*, now: datetime, most_chunks: int = 40) -> int:
    """Let in whoever is due by plan; return how many people entered.

    1. Bring planned starts in line with today's rules of the company's zone.
    2. Claim a due start of a live campaign (SKIP LOCKED). Too late: missed. A segment not filled yet: next time.
    3. Let a chunk of people in and note through which id, in one transaction; go on until nobody is left.
    """
    zone = schedule.company_zone()
    planning.follow_zone(zone)
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
    fire = _due(now).filter(pk=pk).select_related("campaign", "version").select_for_update(of=("self",), skip_locked=True).first()
    if fire is None:
        return None
    start = planning.start_of(fire.version)
    if fire.state == Fire.State.PLANNED and not _begin(fire, start, zone, now):
        return None
    return _let_in(fire, start, now)


def _begin(fire: Fire, start: entry.Start, zone: ZoneInfo, now: datetime) -> bool:
    if now - fire.due_at > schedule.CATCH_UP:
        logger.warning("fire %s of campaign %s was missed", fire.pk, fire.campaign_id)
        Fire.objects.filter(pk=fire.pk).update(state=Fire.State.MISSED, finished_at=now)
        planning.plan_following(fire=fire, zone=zone, after=now)
        return False
    if not _is_filled(start.segment):
        return False
    fire.state, fire.fired_at = Fire.State.FIRED, now
    fire.save(update_fields=["state", "fired_at"])
    planning.plan_following(fire=fire, zone=zone, after=fire.due_at)
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
    return Segment.objects.filter(pk=segment_id or 0, refreshed_at__isnull=False, stale_since=None).exists()
