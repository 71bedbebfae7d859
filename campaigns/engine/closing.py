"""How do journeys end for everybody: when a campaign is stopped, and when nobody is left inside?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from campaigns import planning
from campaigns.delivery import outbox
from campaigns.models import Campaign, Delivery, Enrolment, Fire

CHUNK = 5_000
STOPPED = "journey_stopped"

_CLOSE = """
WITH chosen AS (
    SELECT id, visit FROM campaigns_enrolment WHERE campaign_id = %(campaign)s AND state = 'active'
    ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
), gone AS (
    UPDATE campaigns_enrolment e SET state = 'left', reason = %(reason)s, ended_at = %(now)s, due_at = NULL
    FROM chosen WHERE e.id = chosen.id RETURNING e.id, e.visit
), closed AS (
    UPDATE campaigns_visit v SET left_at = %(now)s FROM gone
    WHERE v.enrolment_id = gone.id AND v.number = gone.visit AND v.left_at IS NULL
)
SELECT count(*) FROM gone
"""


def close_stopped(*, now: datetime) -> int:
    """Send everybody home who is inside a stopped campaign, and cancel what is on its way to them; return how many.

    Chunks of their own transactions: killed in between, the next call goes on.
    """
    inside = Enrolment.objects.filter(campaign=OuterRef("pk"), state=Enrolment.State.ACTIVE)
    on_its_way = Delivery.objects.filter(campaign=OuterRef("pk"), state=Delivery.State.OPEN)
    planned = Fire.objects.filter(campaign=OuterRef("pk"), finished_at=None)
    unfinished = Exists(inside) | Exists(on_its_way) | Exists(planned)
    stopped = Campaign.objects.filter(unfinished, state=Campaign.State.STOPPED).values_list("pk", flat=True)
    closed = 0
    for campaign_id in stopped:
        while some := _close_chunk(campaign_id, now):
            closed += some
        outbox.cancel(campaign_id=campaign_id, reason=STOPPED, now=now)
        Fire.objects.filter(campaign_id=campaign_id, finished_at=None).update(state=Fire.State.CANCELLED, finished_at=now)
    return closed


def _close_chunk(campaign_id: int, now: datetime) -> int:
    values: dict[str, Any] = {"campaign": campaign_id, "most": CHUNK, "reason": STOPPED, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLOSE, values)
        return int(cursor.fetchone()[0])


def finish_done(*, now: datetime) -> int:
    """Close the campaigns that start once, have started, and have nobody left inside; return how many."""
    inside = Enrolment.objects.filter(campaign=OuterRef("pk"), state=Enrolment.State.ACTIVE)
    owed = Fire.objects.filter(campaign=OuterRef("pk"), finished_at=None)
    fires = Fire.objects.filter(campaign=OuterRef("pk"))
    quiet = Campaign.objects.filter(Exists(fires), ~Exists(owed), ~Exists(inside), state=Campaign.State.LIVE)
    return sum(campaign.finish(now=now) for campaign in quiet.select_related("current_version") if _starts_once(campaign))


def _starts_once(campaign: Campaign) -> bool:
    version = campaign.current_version
    return version is not None and planning.start_of(version).is_once
