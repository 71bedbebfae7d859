"""What happens to journeys when two profiles turn out to be one person?

Whoever is inside stays under the profile they came in with, so their variant and their group stay what they were.
When both are inside one campaign the older journey goes on and the other ends.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from campaigns.delivery import outbox

DUPLICATE = "merged_duplicate"

_CLOSE = """
WITH people AS (
    SELECT id, coalesce(merged_into_id, id) AS root FROM profiles_profile
    WHERE id = ANY(%(people)s) OR merged_into_id = ANY(%(people)s)
       OR id IN (SELECT merged_into_id FROM profiles_profile WHERE id = ANY(%(people)s))
       OR merged_into_id IN (SELECT merged_into_id FROM profiles_profile WHERE id = ANY(%(people)s))
), ranked AS (
    SELECT e.id, row_number() OVER (PARTITION BY e.campaign_id, people.root ORDER BY e.entered_at, e.id) AS place
    FROM campaigns_enrolment e JOIN people ON people.id = e.profile_id WHERE e.state = 'active'
), chosen AS (
    SELECT e.id, e.visit FROM campaigns_enrolment e JOIN ranked ON ranked.id = e.id
    WHERE ranked.place > 1 AND e.state = 'active' ORDER BY e.id FOR UPDATE OF e
), gone AS (
    UPDATE campaigns_enrolment e SET state = 'left', reason = %(reason)s, ended_at = %(now)s, due_at = NULL
    FROM chosen WHERE e.id = chosen.id RETURNING e.id, e.visit
), closed AS (
    UPDATE campaigns_visit v SET left_at = %(now)s FROM gone
    WHERE v.enrolment_id = gone.id AND v.number = gone.visit AND v.left_at IS NULL
)
SELECT id FROM gone
"""


def close_duplicates(*, profile_ids: Collection[int], now: datetime) -> int:
    """End the younger of two journeys of one person through one campaign; return how many ended. One or two statements."""
    if not profile_ids:
        return 0
    values: dict[str, Any] = {"people": list(profile_ids), "reason": DUPLICATE, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLOSE, values)
        gone = [pk for (pk,) in cursor.fetchall()]
        if gone:
            outbox.cancel(enrolment_ids=gone, reason=DUPLICATE, now=now)
    return len(gone)
