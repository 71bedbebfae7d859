"""What will happen when this is published? In numbers, from the same rules that will decide it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns import schedule
from campaigns.experiments import assignment
from campaigns.models import Campaign
from campaigns.steps import entry
from segments.conditions import CONDITIONS
from segments.models import Segment

# From here on a launch has to be confirmed by typing the number.
TYPED_FROM = 100

_AUDIENCE = """
WITH audience AS (
    SELECT m.profile_id AS id FROM segments_membership m JOIN profiles_profile p ON p.id = m.profile_id
    WHERE m.segment_id = %s AND m.until_at IS NULL AND p.merged_into_id IS NULL AND NOT p.is_test AND p.restricted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM campaigns_enrolment e WHERE e.campaign_id + 0 = %s AND e.profile_id = m.profile_id)
)
SELECT count(*), count(*) FILTER (WHERE {bucket} < %s),
    count(*) FILTER (WHERE {bucket} >= %s AND id IN ({reachable}))
FROM audience
"""


@dataclass(frozen=True)
class Forecast:
    """`audience` is None when people come one by one. `starts_at` is None for a start at once or by what people do."""

    audience: int | None
    control: int
    reachable: int
    starts_at: datetime | None
    is_filled: bool  # whether the segment's members are known by now

    @property
    def not_reachable(self) -> int:
        return (self.audience or 0) - self.control - self.reachable

    @property
    def must_be_typed(self) -> bool:
        return (self.audience or 0) >= TYPED_FROM


def forecast(campaign: Campaign, *, now: datetime) -> Forecast:
    """Return what publishing the draft will do. The draft must be sound. Three queries."""
    draft: dict[str, Any] = campaign.draft
    start = entry.read(draft["steps"][draft["entry"]]["params"])
    if not start.is_planned:
        return Forecast(None, 0, 0, None, True)
    segment = Segment.objects.get(pk=start.segment or 0)
    audience, control, reachable = _count(campaign, segment.pk, now)
    fires = []
    if start.source == "schedule":
        fires = schedule.next_fires(schedule.parse(start.rule), schedule.company_zone(), after=now)
    is_filled = segment.refreshed_at is not None and segment.stale_since is None
    return Forecast(audience, control, reachable, fires[0].due_at if fires else None, is_filled)


def _count(campaign: Campaign, segment_id: int, now: datetime) -> tuple[int, int, int]:
    topic = campaign.topic.key if campaign.topic else ""
    params = {"relation": "may", "channel": "email", "topic": topic}
    reachable = CONDITIONS["reachable"].ids(params, now=now, among=None)
    text = _AUDIENCE.format(bucket=assignment.bucket_sql("id"), reachable=reachable.text)
    salt, held = f"{assignment.control_salt(campaign.salt)}:", campaign.control_percent * assignment.BUCKETS // 100
    with connection.cursor() as cursor:
        cursor.execute(text, [segment_id, campaign.pk, salt, held, salt, held, *reachable.params])
        audience, control, told = cursor.fetchone()
    return audience, control, told
