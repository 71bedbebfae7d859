"""How do many people enter a campaign at once?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from campaigns import planning
from campaigns.experiments import assignment
from campaigns.models import Campaign, Step, Version
from campaigns.steps.entry import Start
from segments.conditions.base import Sql

# A person stands at the step behind the entry at once: the entry itself holds nobody.
# Conflicts are expected: with an entry that was written before, or with one that is still inside.
_ENROL = """
WITH candidate AS ({candidates}), entered AS (
    INSERT INTO campaigns_enrolment (campaign_id, version_id, profile_id, entry_key, is_control, state, step_id, visit,
        due_at, attempts, entered_at, reason)
    SELECT %(campaign)s, %(version)s, c.profile_id, c.entry_key, {bucket} < %(control)s, 'active', %(step)s, 1,
        %(now)s, 0, %(now)s, ''
    FROM candidate c JOIN profiles_profile p ON p.id = c.profile_id
    WHERE p.merged_into_id IS NULL AND NOT p.is_test AND p.restricted_at IS NULL AND {may_enter} AND NOT EXISTS (
        SELECT 1 FROM profiles_profile origin JOIN campaigns_enrolment o ON o.profile_id = origin.id
        WHERE origin.merged_into_id = c.profile_id AND o.campaign_id + 0 = %(campaign)s AND o.state = 'active'
    )
    ORDER BY c.profile_id
    ON CONFLICT DO NOTHING
    RETURNING id, profile_id
)
INSERT INTO campaigns_visit (enrolment_id, number, step_id, profile_id, entered_at, port)
SELECT id, 1, %(step)s, profile_id, %(now)s, '' FROM entered
"""
# `+ 0` leads the planner to the index by person: of a campaign that was just launched its statistics know nobody, and
# it would look through all who have entered for each who is about to.
_BEFORE = "SELECT 1 FROM campaigns_enrolment o WHERE o.campaign_id + 0 = %(campaign)s AND o.profile_id = c.profile_id"


class NowhereToGoError(RuntimeError):
    """A published version has no step behind its entry; publishing refuses such a graph."""


def enrol(*, campaign: Campaign, version: Version, start: Start, candidates: Sql, now: datetime) -> int:
    """Let people in: `candidates` is `SELECT profile_id, entry_key`; return how many entered. One statement.

    Left out are test people, those whose data is frozen, merged profiles, whoever is inside (also as an origin merged into
    them since), and whom the re-entry rule does not let in again.
    Its parameters are named; `candidates.params` holds one dict of them.
    """
    may_enter = {
        "always": "true",
        "after": f"NOT EXISTS ({_BEFORE} AND (o.ended_at IS NULL OR o.ended_at > %(not_since)s))",
    }.get(start.again, f"NOT EXISTS ({_BEFORE})")
    if start.is_once:
        may_enter = f"NOT EXISTS ({_BEFORE})"
    bucket = assignment.bucket_sql("c.profile_id").replace("%s", "%(control_salt)s")
    values: dict[str, Any] = {
        "campaign": campaign.pk,
        "version": version.pk,
        "step": first_step(version).pk,
        "control": campaign.control_percent * assignment.BUCKETS // 100,
        "control_salt": f"{assignment.control_salt(campaign.salt)}:",
        "not_since": now - timedelta(days=start.again_days),
        "now": now,
        **(candidates.params[0] if candidates.params else {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENROL.format(candidates=candidates.text, bucket=bucket, may_enter=may_enter), values)
        return int(cursor.rowcount)


def first_step(version: Version) -> Step:
    """Return the step behind the entry. Two queries."""
    steps = {step.key: step for step in version.steps.all()}
    entry = steps[version.graph["entry"]]
    following = steps.get(entry.next.get("next", ""))
    if following is None:
        raise NowhereToGoError(f"version {version.pk} has no step behind its entry")
    return following


_GIVEN = "SELECT given AS profile_id, %(entry_key)s::text AS entry_key FROM unnest(%(people)s::bigint[]) AS given"


def let_in(*, campaign: Campaign, profile_ids: Collection[int], entry_key: str, now: datetime) -> int:
    """Let given people into a live campaign by their ids; return how many entered. The re-entry rule holds for them too."""
    version = campaign.current_version
    if version is None or campaign.state != Campaign.State.LIVE:
        return 0
    candidates = Sql(_GIVEN, ({"entry_key": entry_key, "people": sorted(set(profile_ids))},))
    return enrol(campaign=campaign, version=version, start=planning.start_of(version), candidates=candidates, now=now)
