"""Who is due, and where do they go from here?

A batch of due people of one campaign is claimed, led from step to step in memory as far as they can go now, and written
back at the end with one statement per kind of row.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery

from campaigns.engine.closing import close_stopped, finish_done
from campaigns.engine.trail import Trails
from campaigns.models import Campaign, Enrolment, Step, Visit
from campaigns.steps import STEPS
from campaigns.steps.base import Go, Leave, Outcome, Wait

logger = logging.getLogger(__name__)

MOST_HOPS = 20
MOST_ATTEMPTS = 5
MOST_TRIES = 64  # of splitting a failing batch to find who fails
SHORTEST_BACKOFF = timedelta(minutes=1)

FAILED = "step_failed"
UNKNOWN = "unknown_step"


def advance(*, now: datetime, most: int = 2000) -> int:
    """Move whoever is due, at most `most` people of every live campaign; return how many were looked at.

    People of stopped campaigns go home, and campaigns that start once and have nobody left are finished.
    """
    close_stopped(now=now)
    due = Enrolment.objects.filter(campaign=OuterRef("pk"), state=Enrolment.State.ACTIVE, due_at__lte=now)
    busy = Campaign.objects.filter(Exists(due), state=Campaign.State.LIVE).order_by("pk").values_list("pk", flat=True)
    moved = sum(_advance_campaign(campaign_id, now, most) for campaign_id in busy)
    finish_done(now=now)
    return moved


@transaction.atomic
def _advance_campaign(campaign_id: int, now: datetime, most: int) -> int:
    batch = _claim(campaign_id, now, most)
    if not batch:
        return 0
    steps = _steps_of(batch)
    trails = Trails(now)
    standing = list(batch)
    for _hop in range(MOST_HOPS):
        if not standing:
            break
        standing = _lead(standing, steps, trails, now)
    # Whoever could still go on (a very long journey without a wait) goes on in the next round.
    trails.write(batch)
    return len(batch)


def _claim(campaign_id: int, now: datetime, most: int) -> Sequence[Enrolment]:
    here = Visit.objects.filter(enrolment=OuterRef("pk"), number=OuterRef("visit")).values("entered_at")
    campaign = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.LIVE).first()
    if campaign is None:
        return []
    batch = list(
        Enrolment.objects.filter(campaign_id=campaign_id, state=Enrolment.State.ACTIVE, due_at__lte=now)
        .annotate(came_at=Subquery(here))
        .order_by(F("due_at"), "pk")
        .select_for_update(of=("self",), skip_locked=True)[:most]
    )
    for enrolment in batch:
        enrolment.campaign, enrolment.visit_entered_at = campaign, enrolment.came_at
    return batch


def _steps_of(batch: Sequence[Enrolment]) -> dict[tuple[int, str], Step]:
    versions = {enrolment.version_id for enrolment in batch}
    rows = Step.objects.filter(version__in=versions).prefetch_related("contents")
    return {(step.version_id, step.key): step for step in rows}


def _lead(standing: Sequence[Enrolment], steps: Mapping[tuple[int, str], Step], trails: Trails, now: datetime) -> list[Enrolment]:
    """Lead everybody over one step; return those who stand at a new one."""
    by_id = {step.pk: step for step in steps.values()}
    groups: dict[int, list[Enrolment]] = defaultdict(list)
    for enrolment in standing:
        groups[enrolment.step_id].append(enrolment)
    onward = []
    for step_id, group in groups.items():
        step = by_id[step_id]
        outcomes = _run(group, step, now)
        for enrolment in group:
            if _apply(enrolment, step, outcomes.get(enrolment.pk), steps, trails, now):
                onward.append(enrolment)
    return onward


def _run(batch: Sequence[Enrolment], step: Step, now: datetime) -> dict[int, Outcome]:
    """Run the step on the batch. Who makes it fail is left out of the result; their neighbors are not affected."""
    kind = STEPS.find(step.kind)
    if kind is None:
        return {enrolment.pk: Leave(UNKNOWN) for enrolment in batch}
    outcomes: dict[int, Outcome] = {}
    waiting, tries = [list(batch)], 0
    while waiting and tries < MOST_TRIES:
        some = waiting.pop()
        tries += 1
        try:
            with transaction.atomic():
                outcomes |= kind.run(some, step, now)
        except Exception:  # the edge of a batch: halves find who fails, and only they wait
            logger.exception("step %s (%s) failed for %s people", step.pk, step.kind, len(some))
            if len(some) > 1:
                middle = len(some) // 2
                waiting += [some[:middle], some[middle:]]
    return outcomes


def _apply(
    enrolment: Enrolment,
    step: Step,
    outcome: Outcome | None,
    steps: Mapping[tuple[int, str], Step],
    trails: Trails,
    now: datetime,
) -> bool:
    """Write down one outcome in memory; True when the person now stands at a new step."""
    if outcome is None:
        return _park(enrolment, trails, now)
    enrolment.attempts = 0
    if isinstance(outcome, Wait):
        enrolment.due_at = outcome.until
        return False
    if isinstance(outcome, Leave):
        trails.end(enrolment, reason=outcome.reason, finished=outcome.finished)
        return False
    return _go(enrolment, step, outcome, steps, trails)


def _go(enrolment: Enrolment, step: Step, outcome: Go, steps: Mapping[tuple[int, str], Step], trails: Trails) -> bool:
    following = steps.get((enrolment.version_id, step.next.get(outcome.port, "")))
    if following is None:
        trails.end(enrolment, reason="", finished=True, port=outcome.port)
        return False
    trails.step(enrolment, following, port=outcome.port)
    return True


def _park(enrolment: Enrolment, trails: Trails, now: datetime) -> bool:
    enrolment.attempts += 1
    if enrolment.attempts >= MOST_ATTEMPTS:
        trails.end(enrolment, reason=FAILED, finished=False)
    else:
        enrolment.due_at = now + SHORTEST_BACKOFF * 2 ** (enrolment.attempts - 1)
    return False
