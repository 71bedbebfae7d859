"""Who sends us what happened, and does it arrive?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from omni import audit
from profiles.ingest import keys
from profiles.models import Source, SourceTally

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.models import User

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Activity:
    """What came from a source within the last 24 hours (by full hours), and when anything came last."""

    used: int = 0
    repeated: int = 0
    refused: int = 0
    latest_at: datetime | None = None


@dataclass(frozen=True)
class State:
    """How a source is doing, in a word."""

    label: str | _StrPromise
    tone: str
    icon: str


REVOKED = State(_("Revoked"), "neutral", "ban")
RECEIVING = State(_("Receiving"), "success", "circle-check")
UNUSABLE = State(_("Nothing usable"), "danger", "alert-circle")
QUIET = State(_("Quiet"), "warning", "clock")
WAITING = State(_("Waiting for the first call"), "info", "hourglass")


def state_of(source: Source, activity: Activity) -> State:
    if source.revoked_at:
        return REVOKED
    if activity.used or activity.repeated:
        return RECEIVING
    if activity.refused:
        return UNUSABLE
    return QUIET if activity.latest_at else WAITING


def outside() -> QuerySet[Source]:
    """Return the sources that are programs of the company, newest first."""
    return Source.objects.exclude(kind=Source.Kind.INTERNAL).order_by("-created_at", "-pk")


def activity(sources: Sequence[Source], *, now: datetime) -> dict[int, Activity]:
    """Return the activity of each of these. Two queries."""
    tallies = SourceTally.objects.filter(source__in=sources)
    sums = tallies.filter(hour_at__gte=now - DAY).values("source_id")
    counted = {row["source_id"]: row for row in sums.annotate(u=Sum("used"), d=Sum("repeated"), r=Sum("refused"))}
    latest = dict(tallies.values("source_id").annotate(at=Max("latest_at")).values_list("source_id", "at"))
    return {
        source.pk: Activity(row["u"], row["d"], row["r"], latest.get(source.pk))
        if (row := counted.get(source.pk))
        else Activity(latest_at=latest.get(source.pk))
        for source in sources
    }


def total(*, now: datetime) -> Activity:
    """Return the activity of all sources together. One query."""
    recent = Q(hour_at__gte=now - DAY)
    row = SourceTally.objects.aggregate(
        u=Sum("used", filter=recent), d=Sum("repeated", filter=recent), r=Sum("refused", filter=recent), at=Max("latest_at")
    )
    return Activity(row["u"] or 0, row["d"] or 0, row["r"] or 0, row["at"])


@transaction.atomic
def issue(*, name: str, kind: str, by: User, now: datetime) -> tuple[Source, str]:
    """Make a source; return it and its write key, which cannot be had again."""
    source, key = Source.issue(name=name, kind=kind)
    audit.record(actor=by, action="source.create", obj=source, after={"kind": kind}, now=now)
    return source, key


@transaction.atomic
def change(source: Source, *, by: User, now: datetime) -> None:
    """Store what was changed about this source. Other processes know within seconds."""
    before: dict[str, Any] = {**Source.objects.values("name", "origins", "trusts_visitors").get(pk=source.pk)}
    after = {field: getattr(source, field) for field in before}
    source.save(update_fields=list(before))
    audit.record(actor=by, action="source.change", obj=source, before=before, after=after, now=now)
    transaction.on_commit(keys.forget)


@transaction.atomic
def revoke(source: Source, *, by: User, now: datetime) -> bool:
    """Refuse the key of this source from now on; False when it was revoked before. Other processes know within seconds."""
    if not Source.objects.filter(pk=source.pk, revoked_at=None).update(revoked_at=now):
        return False
    audit.record(actor=by, action="source.revoke", obj=source, now=now)
    transaction.on_commit(keys.forget)
    return True


def anything_arrived() -> bool:
    """Say whether any program has ever sent a call that could be used. One query."""
    return SourceTally.objects.filter(used__gt=0).exists()
