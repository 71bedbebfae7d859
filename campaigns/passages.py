"""Which journeys did a person go through, and what was decided about them there? For their timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from campaigns import graph, reasons
from campaigns.models import Enrolment, Visit
from campaigns.steps import STEPS
from campaigns.steps.library import Library
from profiles.person import timeline
from profiles.person.timeline import Entry

if TYPE_CHECKING:
    from django.db.models import QuerySet


def entered(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Tell when they came into campaigns. One query."""
    rows = _enrolments(profile_ids)
    return [
        Entry(
            at=row.entered_at,
            kind="campaign",
            icon="login",
            title=_("Came into “%(campaign)s”") % {"campaign": row.campaign.name},
            sentence=_("In the control group: gets no messages of it.") if row.is_control else "",
            href=row.campaign.get_absolute_url(),
        )
        for row in timeline.newest(rows, "entered_at", before=before, limit=limit)
    ]


def left(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Tell when and why their journeys ended. One query."""
    rows = _enrolments(profile_ids).filter(ended_at__isnull=False)
    return [
        Entry(
            at=row.ended_at,
            kind="campaign",
            icon="flag" if row.state == Enrolment.State.FINISHED else "logout",
            title=_title_of_end(row) % {"campaign": row.campaign.name},
            sentence=reasons.sentence(row.reason) if row.reason else "",
            tone="" if row.state == Enrolment.State.FINISHED else "warning",
            href=row.campaign.get_absolute_url(),
        )
        for row in timeline.newest(rows, "ended_at", before=before, limit=limit)
        if row.ended_at
    ]


def converted(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Tell when they reached the goal of a campaign. One query."""
    rows = _enrolments(profile_ids).filter(converted_at__isnull=False)
    return [
        Entry(
            at=row.converted_at,
            kind="campaign",
            icon="target-arrow",
            title=_("Reached the goal of “%(campaign)s”") % {"campaign": row.campaign.name},
            tone="success",
            href=row.campaign.get_absolute_url(),
        )
        for row in timeline.newest(rows, "converted_at", before=before, limit=limit)
        if row.converted_at
    ]


def decided(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Tell which way they went where ways part. One query, and one per kind of thing that the questions name."""
    parting = [kind.key for kind in STEPS if len(kind.exits({})) > 1]
    rows = Visit.objects.filter(profile_id__in=profile_ids, step__kind__in=parting, left_at__isnull=False).exclude(port="")
    rows = rows.select_related("step__version__campaign")
    library = Library()
    return [
        Entry(
            at=visit.left_at,
            kind="campaign",
            icon="arrows-split",
            title=_question(visit, library),
            sentence=_("%(answer)s, in “%(campaign)s”")
            % {"answer": _answer(visit), "campaign": visit.step.version.campaign.name},
            href=visit.step.version.campaign.get_absolute_url(),
        )
        for visit in timeline.newest(rows, "left_at", before=before, limit=limit)
        if visit.left_at
    ]


SOURCES = (entered, left, converted, decided)


def _enrolments(profile_ids: Sequence[int]) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(profile_id__in=profile_ids).select_related("campaign")


def _title_of_end(row: Enrolment) -> str:
    if row.state == Enrolment.State.FINISHED:
        return _("Came to the end of “%(campaign)s”")
    return _("Left “%(campaign)s” early")


def _question(visit: Visit, library: Library) -> str:
    scene = graph.scene(visit.step.version.graph, visit.step.key, library)
    return STEPS[visit.step.kind].describe(visit.step.params, scene)


def _answer(visit: Visit) -> str:
    exits = STEPS[visit.step.kind].exits(visit.step.params)
    return next((str(port.label) for port in exits if port.key == visit.port), visit.port)
