"""What did Omni itself do or see? Its own events ("Message sent", "Message opened") about people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from profiles import changes, schema
from profiles.ingest import store
from profiles.models import Profile
from profiles.models.event import new_event_id


@dataclass(frozen=True)
class Fact:
    """An event of Omni's own about one person (a survivor or an origin merged into one)."""

    profile_id: int
    name: str
    time: datetime
    value: Decimal | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    source_id: int | None = None


def record(*, facts: Sequence[Fact], now: datetime, is_human_act: bool = False) -> None:
    """Append these events and publish `event_recorded`. Repeating a call repeats the events: callers record once.

    `is_human_act` says that the people themselves did it, which moves `latest_seen_at` on. Joins the caller's
    transaction; a fixed number of statements for a batch of any size. Nothing is kept about people who are gone.
    """
    if not facts:
        return
    with transaction.atomic():
        survivor = survivors([fact.profile_id for fact in facts])
        facts = [fact for fact in facts if fact.profile_id in survivor]
        if not facts:
            return
        defs = schema.event_defs(names={fact.name for fact in facts}, now=now, is_internal=True)
        store.copy(
            [
                store.Row(
                    fact.time,
                    new_event_id(),
                    fact.profile_id,
                    defs[fact.name].pk,
                    fact.value,
                    fact.properties,
                    fact.source_id,
                    now,
                )
                for fact in facts
            ]
        )
        by_name: dict[str, list[Fact]] = {}
        for fact in facts:
            by_name.setdefault(fact.name, []).append(fact)
        types = {name: schema.types_of(fact.properties for fact in group) for name, group in by_name.items()}
        schema.learn_events(defs=defs, types=types, now=now)
        if is_human_act:
            see(latest={survivor[fact.profile_id]: fact.time for fact in sorted(facts, key=_time)})
        for name, group in by_name.items():
            ids = [survivor[fact.profile_id] for fact in group]
            changes.event_recorded(profile_ids=ids, events=[name], now=now)


def survivors(profile_ids: Sequence[int]) -> dict[int, int]:
    """Return {profile: survivor} for those of these profiles that exist; who was not merged survives. One query."""
    known = Profile.objects.filter(pk__in=set(profile_ids)).values_list("pk", "merged_into_id")
    return {pk: merged_into or pk for pk, merged_into in known}


def see(*, latest: dict[int, datetime]) -> None:
    """Move `latest_seen_at` of these people on to these times. One statement, which locks in id order."""
    ids = sorted(latest)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_profile p SET latest_seen_at = seen.at FROM"
            " (SELECT held.id, wanted.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS wanted (id, at)"
            " JOIN profiles_profile held ON held.id = wanted.id"
            " AND (held.latest_seen_at IS NULL OR held.latest_seen_at < wanted.at)"
            " ORDER BY held.id FOR NO KEY UPDATE OF held) AS seen"
            " WHERE p.id = seen.id",
            [ids, [latest[pk] for pk in ids]],
        )


def _time(fact: Fact) -> datetime:
    return fact.time
