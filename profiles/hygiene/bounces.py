"""When is an address blocked because letters to it keep coming back for a while ("mailbox full", "try later")?

Told by events "Message bounced" whose property `bounce` is "soft". A bounce for the letter's sake (`bounce` "block") is the
sender's trouble and never counted against the address.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from profiles.hygiene import suppressions
from profiles.hygiene.history import ADDRESS_OF_EVENT, BOUNCE_EVENT
from profiles.hygiene.suppressions import Entry
from profiles.models import HygienePolicy, Suppression

SOURCE = "policy:soft_bounces"
MOST_AT_ONCE = 5_000


def suppress_soft(*, policy: HygienePolicy, now: datetime) -> int:
    """Block the addresses with as many soft bounces in the window as the policy allows; return how many. One query to look.

    Bounces from before a block was lifted by hand do not count.
    """
    if not policy.soft_bounce_limit:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _SOFT,
            {
                "bounce": BOUNCE_EVENT,
                "since": now - timedelta(days=policy.soft_bounce_days),
                "limit": policy.soft_bounce_limit,
                "most": MOST_AT_ONCE,
            },
        )
        found = cursor.fetchall()
    entries = [
        Entry("email", address, Suppression.Reason.SOFT_BOUNCED, _soft_in_words(count, policy.soft_bounce_days))
        for address, count in found
    ]
    return len(suppressions.add(entries=entries, source=SOURCE, now=now)) if entries else 0


def _soft_in_words(count: int, days: int) -> str:
    return _("%(count)s letters came back within %(days)s days.") % {"count": count, "days": days}


_SOFT = """
WITH told AS (
    SELECT <address> AS address, e.time FROM profiles_event e
    JOIN profiles_profile p ON p.id = e.profile_id
    WHERE e.name_id = (SELECT id FROM profiles_eventdef WHERE name = %(bounce)s) AND e.time > %(since)s
    AND e.properties ->> 'bounce' = 'soft'
)
SELECT told.address, count(*) FROM told
WHERE told.address IS NOT NULL
AND told.time > coalesce((
    SELECT max(s.lifted_at) FROM profiles_suppression s WHERE s.channel = 'email' AND s.address = told.address
), '-infinity')
AND NOT EXISTS (
    SELECT FROM profiles_suppression s WHERE s.channel = 'email' AND s.address = told.address AND s.lifted_at IS NULL
)
GROUP BY told.address HAVING count(*) >= %(limit)s ORDER BY told.address LIMIT %(most)s
""".replace("<address>", ADDRESS_OF_EVENT)
