"""When does a published campaign start next? Its planned starts, as rows that are unique by local time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from campaigns import schedule
from campaigns.models import Campaign, Fire, Version
from campaigns.steps import entry

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

AT_ONCE = "now"


def plan(*, campaign: Campaign, version: Version, now: datetime) -> None:
    """Plan the next start of a version just published; starts planned by earlier versions are taken back.

    A start that has happened never happens again: publishing a change does not send anybody in twice.
    """
    start = start_of(version)
    campaign.fires.filter(state=Fire.State.PLANNED).update(state=Fire.State.CANCELLED, finished_at=now)
    if start.source == "segment":
        _plan_one(campaign.pk, version, schedule.Planned(AT_ONCE, now))
    elif start.source == "schedule":
        after = now - schedule.CATCH_UP if start.is_once else now
        for planned in schedule.next_fires(schedule.parse(start.rule), schedule.company_zone(), after=after):
            _plan_one(campaign.pk, version, planned)


def plan_following(*, fire: Fire, zone: ZoneInfo, after: datetime) -> None:
    """Plan the start that comes after this one, if its campaign starts again and again."""
    start = start_of(fire.version)
    if start.source != "schedule" or start.is_once:
        return
    for planned in schedule.next_fires(schedule.parse(start.rule), zone, after=after):
        _plan_one(fire.campaign_id, fire.version, planned)


def follow_zone(zone: ZoneInfo) -> None:
    """Move planned starts when the rules of the zone, or the company's zone, have changed; their keys stay."""
    for fire in Fire.objects.filter(state=Fire.State.PLANNED).exclude(planned_local=AT_ONCE):
        due_at = schedule.instant_of_key(fire.planned_local, zone)
        if due_at.astimezone(UTC) != fire.due_at:
            Fire.objects.filter(pk=fire.pk, state=Fire.State.PLANNED).update(due_at=due_at)


def start_of(version: Version) -> entry.Start:
    """Return how people come into this version. Reads the graph only."""
    graph: dict[str, Any] = version.graph
    return entry.read(graph["steps"][graph["entry"]]["params"])


def _plan_one(campaign_id: int, version: Version, planned: schedule.Planned) -> None:
    """Plan a start unless it has happened; one that was taken back is planned again."""
    _fire, made = Fire.objects.get_or_create(
        campaign_id=campaign_id, planned_local=planned.local, defaults={"version": version, "due_at": planned.due_at}
    )
    if not made:
        Fire.objects.filter(
            Q(state=Fire.State.CANCELLED) | Q(state=Fire.State.PLANNED), campaign_id=campaign_id, planned_local=planned.local
        ).update(version=version, due_at=planned.due_at, state=Fire.State.PLANNED, finished_at=None)
