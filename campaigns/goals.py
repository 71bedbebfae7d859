"""Who reached the goal of a campaign, when, and what was it worth?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from campaigns.models import Campaign, Enrolment

# The earliest event counts, in whatever order they arrive; the control group is counted in the same way.
_CONVERT = """
UPDATE campaigns_enrolment en SET converted_at = best.time, conversion_value = best.value
FROM (
    SELECT DISTINCT ON (own.id) own.id, e.time, e.value
    FROM campaigns_enrolment own
    JOIN profiles_profile one ON one.id = own.profile_id
    JOIN profiles_profile p
        ON p.id = coalesce(one.merged_into_id, one.id) OR p.merged_into_id = coalesce(one.merged_into_id, one.id)
    JOIN profiles_event e ON e.profile_id = p.id
    WHERE own.campaign_id = %(campaign)s {among}
      AND e.name_id = (SELECT id FROM profiles_eventdef WHERE name = %(event)s)
      AND e.time >= own.entered_at AND e.time < own.entered_at + %(window)s
      AND e.time >= %(earliest)s AND e.time <= %(now)s
    ORDER BY own.id, e.time, e.id
) best
WHERE en.id = best.id AND (en.converted_at IS NULL OR en.converted_at > best.time)
"""

_AMONG = """AND own.profile_id IN (
    SELECT id FROM profiles_profile WHERE id = ANY(%(people)s) OR merged_into_id = ANY(%(people)s)
)"""


def convert(*, campaign: Campaign, now: datetime, among: Collection[int] | None = None) -> int:
    """Note the first goal event of those who entered, within the goal's days; return how many were noted or mended.

    `among` None looks at everybody. Running it twice changes nothing. Two queries.
    """
    entered = Enrolment.objects.filter(campaign=campaign).order_by("entered_at").values_list("entered_at", flat=True)
    earliest = entered.first()
    if not campaign.goal_event or earliest is None:
        return 0
    values: dict[str, Any] = {
        "campaign": campaign.pk,
        "event": campaign.goal_event,
        "window": timedelta(days=campaign.goal_days),
        "earliest": earliest,
        "now": now,
        "people": list(among or ()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONVERT.format(among="" if among is None else _AMONG), values)
        return int(cursor.rowcount)


def recount(*, campaign: Campaign, now: datetime) -> int:
    """Forget the conversions and note them anew: the goal or its days have changed."""
    Enrolment.objects.filter(campaign=campaign, converted_at__isnull=False).update(converted_at=None, conversion_value=None)
    return convert(campaign=campaign, now=now)
