"""What became of each person: in a campaign as a whole, and at each of its steps?

Two relations with the same columns, one row per person: `people` (of a campaign) and `stays` (of a campaign's step).
Every number of a report is a count over them and every list behind a number is a selection from them, so the two cannot
disagree. Who entered several times is one person: the best of what happened to them counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection

from campaigns.models import Campaign, Step, Version


class End(StrEnum):
    """Where a person stands with a campaign or a step: exactly one of these, the first that applies."""

    CONTROL = "control"
    SENT = "sent"
    UNCLEAR = "unclear"
    UNDERWAY = "underway"
    HERE = "here"
    NOT_SENT = "not_sent"
    NO_MESSAGE = "no_message"


FACTS = (
    "delivered",
    "opened",
    "machine_opened",
    "clicked",
    "machine_clicked",
    "bounced",
    "complained",
    "unsubscribed",
    "converted",
    "is_here",
)


@dataclass(frozen=True)
class Scope:
    """The part of the ledger a report is about: campaigns, and when `versions` is given only those of their versions."""

    campaigns: tuple[int, ...]
    versions: tuple[int, ...] | None
    steps: tuple[Step, ...]

    @property
    def params(self) -> dict[str, Any]:
        return {
            "campaigns": list(self.campaigns),
            "versions": None if self.versions is None else list(self.versions),
            "steps": [step.pk for step in self.steps],
        }


def scope_of(campaign: Campaign, version: Version | None = None) -> Scope:
    """Return the scope of a campaign, or of one of its versions. Costs one query."""
    steps = Step.objects.filter(version__campaign=campaign).select_related("version")
    if version is not None:
        steps = steps.filter(version=version)
    ordered = tuple(steps.order_by("-version__number", "position", "pk"))
    return Scope((campaign.pk,), None if version is None else (version.pk,), ordered)


_OUTCOMES = """
    bool_or(d.state = 'sent') AS sent,
    bool_or(d.state = 'unknown') AS unclear,
    bool_or(d.state = 'open') AS underway,
    (array_agg(d.waiting ORDER BY d.id DESC) FILTER (WHERE d.state = 'open'))[1] AS waiting,
    (array_agg(d.reason ORDER BY d.id DESC) FILTER (WHERE d.state NOT IN ('sent', 'open', 'unknown')))[1] AS reason,
    (array_agg(d.variant ORDER BY d.id DESC))[1] AS variant,
    bool_or(d.delivered_at IS NOT NULL) AS delivered,
    bool_or(d.opened_at IS NOT NULL) AS opened,
    bool_or(d.clicked_at IS NOT NULL) AS clicked,
    bool_or(d.bounced_at IS NOT NULL) AS bounced,
    bool_or(d.complained_at IS NOT NULL) AS complained,
    bool_or(d.unsubscribed_at IS NOT NULL) AS unsubscribed,
    bool_or(coalesce(m.opened, false)) AS machine_opened,
    bool_or(coalesce(m.clicked, false)) AS machine_clicked
"""
_MACHINES = """
machines AS (
    SELECT o.delivery_id, bool_or(o.kind = 'opened') AS opened, bool_or(o.kind = 'clicked') AS clicked
    FROM campaigns_outcome o JOIN campaigns_delivery d ON d.id = o.delivery_id
    WHERE o.is_machine AND d.campaign_id = ANY(%(campaigns)s)
    GROUP BY o.delivery_id
)
"""
# One person is in one end: the order of the branches is the order of End.
_VERDICT = """
    e.is_control, e.is_here, e.port, e.entered_at, e.converted, e.took, e.value,
    CASE WHEN e.is_control THEN '' ELSE coalesce(m.variant, '') END AS variant,
    CASE
        WHEN e.is_control THEN 'control'
        WHEN m.sent THEN 'sent'
        WHEN m.unclear THEN 'unclear'
        WHEN m.underway THEN 'underway'
        WHEN e.is_here THEN 'here'
        WHEN m.reason IS NOT NULL THEN 'not_sent'
        ELSE 'no_message'
    END AS state,
    CASE
        WHEN e.is_control OR m.sent OR m.unclear THEN ''
        WHEN m.underway THEN coalesce(m.waiting, '')
        WHEN e.is_here THEN ''
        ELSE coalesce(m.reason, e.left_for, '')
    END AS reason,
    coalesce(m.delivered, false) AS delivered,
    coalesce(m.opened, false) AS opened,
    coalesce(m.machine_opened AND NOT m.opened, false) AS machine_opened,
    coalesce(m.clicked, false) AS clicked,
    coalesce(m.machine_clicked AND NOT m.clicked, false) AS machine_clicked,
    coalesce(m.bounced, false) AS bounced,
    coalesce(m.complained, false) AS complained,
    coalesce(m.unsubscribed, false) AS unsubscribed
"""

PEOPLE = f"""
WITH {_MACHINES},
entries AS (
    SELECT campaign_id, profile_id,
           (array_agg(is_control ORDER BY entered_at, id))[1] AS is_control,
           (array_agg(reason ORDER BY entered_at DESC, id DESC))[1] AS left_for,
           '' AS port,
           min(entered_at) AS entered_at,
           bool_or(state = 'active') AS is_here,
           bool_or(converted_at IS NOT NULL) AS converted,
           min(converted_at - entered_at) AS took,
           coalesce(sum(conversion_value), 0) AS value
    FROM campaigns_enrolment
    WHERE campaign_id = ANY(%(campaigns)s) AND (%(versions)s::bigint[] IS NULL OR version_id = ANY(%(versions)s))
    GROUP BY campaign_id, profile_id
),
messages AS (
    SELECT d.campaign_id, d.profile_id, {_OUTCOMES}
    FROM campaigns_delivery d LEFT JOIN machines m ON m.delivery_id = d.id
    WHERE d.campaign_id = ANY(%(campaigns)s) AND (%(versions)s::bigint[] IS NULL OR d.step_id = ANY(%(steps)s))
    GROUP BY d.campaign_id, d.profile_id
),
facts AS (
    SELECT e.campaign_id, '' AS step, e.profile_id, {_VERDICT}
    FROM entries e LEFT JOIN messages m ON m.campaign_id = e.campaign_id AND m.profile_id = e.profile_id
)
"""  # noqa: S608 - only constants of this module are put together

STAYS = f"""
WITH {_MACHINES},
visits AS (
    SELECT s.key AS step, v.enrolment_id, v.profile_id,
           min(v.entered_at) AS entered_at,
           bool_or(v.left_at IS NULL) AS is_here,
           (array_agg(v.port ORDER BY v.number DESC))[1] AS port
    FROM campaigns_visit v JOIN campaigns_step s ON s.id = v.step_id
    WHERE v.step_id = ANY(%(steps)s)
    GROUP BY s.key, v.enrolment_id, v.profile_id
),
entries AS (
    SELECT e.campaign_id, v.step, v.profile_id,
           (array_agg(e.is_control ORDER BY v.entered_at, e.id))[1] AS is_control,
           (array_agg(e.reason ORDER BY v.entered_at DESC, e.id DESC))[1] AS left_for,
           (array_agg(v.port ORDER BY v.entered_at DESC, e.id DESC))[1] AS port,
           min(v.entered_at) AS entered_at,
           bool_or(v.is_here AND e.state = 'active') AS is_here,
           coalesce(bool_or(e.converted_at >= v.entered_at), false) AS converted,
           min(e.converted_at - v.entered_at) FILTER (WHERE e.converted_at >= v.entered_at) AS took,
           coalesce(sum(e.conversion_value) FILTER (WHERE e.converted_at >= v.entered_at), 0) AS value
    FROM visits v JOIN campaigns_enrolment e ON e.id = v.enrolment_id
    GROUP BY e.campaign_id, v.step, v.profile_id
),
messages AS (
    SELECT s.key AS step, d.profile_id, {_OUTCOMES}
    FROM campaigns_delivery d JOIN campaigns_step s ON s.id = d.step_id LEFT JOIN machines m ON m.delivery_id = d.id
    WHERE d.step_id = ANY(%(steps)s)
    GROUP BY s.key, d.profile_id
),
facts AS (
    SELECT e.campaign_id, e.step, e.profile_id, {_VERDICT}
    FROM entries e LEFT JOIN messages m ON m.step = e.step AND m.profile_id = e.profile_id
)
"""  # noqa: S608 - only constants of this module are put together


def select(relation: str, statement: str, scope: Scope, extra: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Run `statement` over the `facts` of PEOPLE or STAYS; yield its rows by column name. Costs one query."""
    with connection.cursor() as cursor:
        cursor.execute(relation + statement, {**scope.params, **(extra or {})})
        names = [column.name for column in cursor.description or ()]
        yield from [dict(zip(names, row)) for row in cursor.fetchall()]


def counted(facts: Sequence[str] = FACTS) -> str:
    """Return the columns that count people, each fact, and what they spent."""
    sums = ", ".join(f"count(*) FILTER (WHERE {fact}) AS {fact}" for fact in facts)
    money = "sum(value) FILTER (WHERE converted) AS value, sum(value * value) FILTER (WHERE converted) AS squares"
    return f"count(*) AS people, {sums}, {money}, count(*) FILTER (WHERE converted AND value <> 0) AS payers"
