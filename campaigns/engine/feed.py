"""What does the engine do with news from upstream: who enters by what they did, and who reached the goal?

The feed says only whose events of which names were recorded; the events themselves are read here, so that a batch that
is handled twice changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from campaigns import goals, planning
from campaigns.engine import merges
from campaigns.engine.enrol import enrol
from campaigns.models import Campaign
from campaigns.steps import entry
from profiles import changes as profile_changes
from segments import changes as segment_changes
from segments.conditions.base import Sql

if TYPE_CHECKING:
    from omni.models import FeedEntry

FRESH = timedelta(hours=1)
# Clocks of browsers and servers differ a little.
FROM_THE_FUTURE = timedelta(minutes=5)

# Events of an origin count for the person it was merged into. What they did while they were inside does not count
# later, and what they did before the launch never does. An event lets in once, whoever the person is by now: also after a
# merge, and after one that was undone.
_EVENT_CANDIDATES = """
SELECT DISTINCT ON (profile_id) profile_id, entry_key FROM (
    SELECT coalesce(p.merged_into_id, p.id) AS profile_id, e.profile_id AS origin_id, e.id::text AS entry_key, e.time,
        e.received_at
    FROM profiles_event e JOIN profiles_profile p ON p.id = e.profile_id
    WHERE e.name_id = (SELECT id FROM profiles_eventdef WHERE name = %(event)s)
      AND (p.id = ANY(%(people)s) OR p.merged_into_id = ANY(%(people)s))
      AND e.profile_id IN (SELECT id FROM profiles_profile WHERE id = ANY(%(people)s) OR merged_into_id = ANY(%(people)s))
      AND e.time > %(oldest)s AND e.time < %(newest)s AND e.received_at >= %(live)s {filters}
) happened
WHERE NOT EXISTS (
    SELECT 1 FROM campaigns_enrolment o
    WHERE o.campaign_id + 0 = %(campaign)s AND o.profile_id = happened.profile_id
      AND (o.ended_at IS NULL OR o.ended_at >= happened.received_at)
)
AND NOT EXISTS (
    SELECT 1 FROM campaigns_enrolment o
    WHERE o.campaign_id + 0 = %(campaign)s AND o.entry_key = happened.entry_key AND o.profile_id IN (
        SELECT happened.origin_id UNION ALL SELECT m.root_id FROM profiles_merge m WHERE m.origin_id = happened.origin_id
    )
)
ORDER BY profile_id, time
"""
_JOIN_CANDIDATES = """
SELECT m.profile_id, 'joined ' || to_char(m.from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS entry_key
FROM segments_membership m
WHERE m.segment_id = %(segment)s AND m.profile_id = ANY(%(people)s) AND m.until_at IS NULL
  AND m.from_at >= %(live)s AND m.from_at > %(oldest)s
"""
_NUMBER = "CASE WHEN jsonb_typeof(e.properties -> {p}) = 'number' THEN (e.properties ->> {p})::numeric END"
_FILTERS = {
    "is": "e.properties ->> {p} = {v}",
    "is_not": "e.properties ->> {p} IS DISTINCT FROM {v}",
    "contains": "strpos(lower(e.properties ->> {p}), lower({v})) > 0",
    "at_least": _NUMBER + " >= {v}::numeric",
    "at_most": _NUMBER + " <= {v}::numeric",
}


def follow_feed(entries: Sequence[FeedEntry], now: datetime) -> None:
    """Handle a batch of the feed (omni.feed.Handler): settle merges, let people in, then note who reached a goal."""
    merges.close_duplicates(profile_ids=_merged(entries), now=now)
    did: dict[str, set[int]] = defaultdict(set)
    joined: dict[str, set[int]] = defaultdict(set)
    for each in entries:
        into = {profile_changes.EVENT_RECORDED: did, segment_changes.SEGMENT_ENTERED: joined}.get(each.kind)
        if into is not None:
            for name in each.names:
                into[name].update(each.profile_ids)
    for campaign in Campaign.objects.filter(state=Campaign.State.LIVE).select_related("current_version"):
        _let_in(campaign, did, joined, now)
    _note_goals(did, now)


def _merged(entries: Sequence[FeedEntry]) -> set[int]:
    """Return the people who were made, merged or parted."""
    told = [each for each in entries if each.kind == profile_changes.PROFILE_CHANGED]
    return {pk for each in told if profile_changes.ANYTHING in each.names for pk in each.profile_ids}


def _let_in(campaign: Campaign, did: dict[str, set[int]], joined: dict[str, set[int]], now: datetime) -> None:
    version = campaign.current_version
    if version is None or campaign.live_at is None:
        return
    start = planning.start_of(version)
    values = {"campaign": campaign.pk, "live": campaign.live_at, "oldest": now - FRESH}
    if start.source == "event" and start.event in did:
        candidates = _did(start, did[start.event], values, now)
    elif start.source == "joins" and str(start.segment) in joined:
        people = list(joined[str(start.segment)])
        candidates = Sql(_JOIN_CANDIDATES, ({**values, "segment": start.segment, "people": people},))
    else:
        return
    enrol(campaign=campaign, version=version, start=start, candidates=candidates, now=now)


def _did(start: entry.Start, people: Collection[int], values: dict[str, Any], now: datetime) -> Sql:
    texts: list[str] = []
    filters: dict[str, str | None] = {}
    for position, each in enumerate(start.filters):
        p, v = f"property_{position}", f"value_{position}"
        texts.append(_FILTERS[each.operator].format(p=f"%({p})s::text", v=f"%({v})s::text"))
        filters |= {p: each.property, v: _as_number(each)}
    text = _EVENT_CANDIDATES.format(filters="".join(f" AND {text}" for text in texts))
    return Sql(text, ({**values, **filters, "event": start.event, "people": list(people), "newest": now + FROM_THE_FUTURE},))


def _as_number(each: entry.Filter) -> str | None:
    """Return the value; None for a comparison with what is no number, so that it matches nobody."""
    if each.operator not in ("at_least", "at_most"):
        return each.value
    try:
        return str(float(each.value.replace(",", ".")))
    except ValueError:
        return None


def _note_goals(did: dict[str, set[int]], now: datetime) -> None:
    aimed = Campaign.objects.filter(goal_event__in=did).exclude(state=Campaign.State.DRAFT)
    for campaign in aimed:
        goals.convert(campaign=campaign, among=did[campaign.goal_event], now=now)
