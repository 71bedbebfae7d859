"""What do our own letters tell about an address? One that came back, or one that a person opened, beats any guess.

Read from what profiles has: suppressions, contact points and the events about letters. An event tells about an address when
it names one, or when its person has only this one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

LOOKED_BACK = timedelta(days=365)
HUMAN_EVENTS = ("Message opened", "Message clicked")
BOUNCE_EVENT = "Message bounced"

# The address an event about a letter means: the one it names, else the only one that its person has.
ADDRESS_OF_EVENT = (
    "coalesce(nullif(e.properties ->> 'address', ''), (SELECT min(c.address) FROM profiles_contactpoint c"
    " WHERE c.kind = 'email' AND c.profile_id = coalesce(p.merged_into_id, p.id) HAVING count(*) = 1))"
)


@dataclass(frozen=True)
class Past:
    """The latest moments of either kind; None for what never happened."""

    hard_bounced_at: datetime | None = None
    human_at: datetime | None = None


def of(addresses: Collection[str], *, now: datetime) -> dict[str, Past]:
    """Return the past of those of these e-mail addresses that have one. Two statements."""
    wanted = sorted(set(addresses))
    bounced: dict[str, datetime] = _bounces(wanted)
    human: dict[str, datetime] = {}
    for address, name, at in _events(wanted, now):
        into = bounced if name == BOUNCE_EVENT else human
        into[address] = max(into.get(address, at), at)
    lifted = _lifted(wanted)
    bounced = {address: at for address, at in bounced.items() if address not in lifted or at > lifted[address]}
    return {address: Past(bounced.get(address), human.get(address)) for address in {*bounced, *human}}


def _bounces(addresses: list[str]) -> dict[str, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address, max(at) FROM ("
            " SELECT address, at FROM profiles_suppression WHERE channel = 'email' AND reason = 'hard_bounced'"
            " AND lifted_at IS NULL AND address = ANY(%(addresses)s)"
            " UNION ALL SELECT address, bounced_at FROM profiles_contactpoint WHERE kind = 'email' AND bounced_at IS NOT NULL"
            " AND address = ANY(%(addresses)s)) AS told (address, at) GROUP BY address",
            {"addresses": addresses},
        )
        return dict(cursor.fetchall())


def _lifted(addresses: list[str]) -> dict[str, datetime]:
    """Return when a block was last lifted by hand: what came back before is forgiven."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address, max(lifted_at) FROM profiles_suppression WHERE channel = 'email' AND lifted_at IS NOT NULL"
            " AND address = ANY(%s) GROUP BY address",
            [addresses],
        )
        return dict(cursor.fetchall())


def _events(addresses: list[str], now: datetime) -> list[tuple[str, str, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _EVENTS,
            {
                "addresses": addresses,
                "since": now - LOOKED_BACK,
                "names": [*HUMAN_EVENTS, BOUNCE_EVENT],
                "bounce": BOUNCE_EVENT,
            },
        )
        return list(cursor.fetchall())


_EVENTS = """
WITH owner AS (SELECT profile_id FROM profiles_contactpoint WHERE kind = 'email' AND address = ANY(%(addresses)s)),
everybody AS (
    SELECT profile_id AS id FROM owner
    UNION SELECT p.id FROM profiles_profile p JOIN owner ON owner.profile_id = p.merged_into_id
),
told AS (
    SELECT <address> AS address, d.name, e.time FROM everybody
    JOIN profiles_profile p ON p.id = everybody.id
    JOIN profiles_event e ON e.profile_id = p.id AND e.time > %(since)s
    JOIN profiles_eventdef d ON d.id = e.name_id AND d.name = ANY(%(names)s)
    WHERE coalesce(e.properties ->> 'channel', 'email') = 'email'
    AND coalesce(e.properties ->> 'is_machine', 'false') <> 'true'
    AND (d.name <> %(bounce)s OR e.properties ->> 'bounce' = 'hard')
)
SELECT address, name, max(time) FROM told WHERE address = ANY(%(addresses)s) GROUP BY address, name
""".replace("<address>", ADDRESS_OF_EVENT)
