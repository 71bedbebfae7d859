"""What is a campaign, which of its versions run, and which of its planned starts have fired?"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from omni import audit

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from omni.models import User


def new_salt() -> str:
    return secrets.token_hex(8)


class Campaign(models.Model):
    """A multi-step conversation. `draft` is the graph under edit (campaigns.graph); publishing freezes it as a Version.

    `control_percent` of those who enter are never sent anything (sticky by hash of `salt` and profile id). A goal is an
    event within `goal_days` of entering.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Stopped")
        FINISHED = "finished", _("Finished")

    name = models.CharField(_("name"), max_length=160)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    draft = models.JSONField()
    draft_saved_at = models.DateTimeField(auto_now=True)
    undo = models.JSONField(default=list)  # earlier drafts, newest last, at most campaigns.versions.UNDO_DEPTH
    redo = models.JSONField(default=list)
    current_version = models.ForeignKey("campaigns.Version", models.PROTECT, null=True, blank=True, related_name="+")
    salt = models.CharField(max_length=32, default=new_salt)
    control_percent = models.PositiveSmallIntegerField(_("control group, %"), default=10)
    topic = models.ForeignKey("profiles.Topic", models.PROTECT, null=True, blank=True, related_name="+")
    goal_event = models.CharField(_("goal event"), max_length=255, blank=True)
    goal_days = models.PositiveSmallIntegerField(_("goal within, days"), default=5)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    live_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(control_percent__lte=50), name="campaign_control_at_most_half")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("campaigns:campaign-detail", args=[self.pk])

    def pause(self, *, by: User | None, now: datetime) -> bool:
        """Hold everybody where they are; nothing goes out until it is resumed. False when it was not live."""
        return self._turn([self.State.LIVE], self.State.PAUSED, "campaign.pause", by, now, paused_at=now)

    def resume(self, *, by: User | None, now: datetime) -> bool:
        """Let it run again; waits that ended meanwhile end now. False when it was not paused."""
        return self._turn([self.State.PAUSED], self.State.LIVE, "campaign.resume", by, now, paused_at=None)

    def stop(self, *, by: User | None, now: datetime) -> bool:
        """End it for good; the engine sends everybody inside home. False when it was neither live nor paused."""
        running = [self.State.LIVE, self.State.PAUSED]
        return self._turn(running, self.State.STOPPED, "campaign.stop", by, now, ended_at=now)

    def finish(self, *, now: datetime) -> bool:
        """Note that a campaign that starts once has nobody left inside. False when it was not live."""
        return self._turn([self.State.LIVE], self.State.FINISHED, "campaign.finish", None, now, ended_at=now)

    def _turn(
        self, before: Collection[str], state: str, action: str, by: User | None, now: datetime, **moments: datetime | None
    ) -> bool:
        was = self.state
        with transaction.atomic():
            # The row count decides: of two who press at once, one has done it.
            if not Campaign.objects.filter(pk=self.pk, state__in=before).update(state=state, **moments):
                return False
            self.state = state
            for name, moment in moments.items():
                setattr(self, name, moment)
            audit.record(actor=by, action=action, obj=self, before={"state": was}, after={"state": state}, now=now)
        return True

    @property
    def is_running(self) -> bool:
        return self.state in (self.State.LIVE, self.State.PAUSED)

    @property
    def has_ended(self) -> bool:
        return self.state in (self.State.STOPPED, self.State.FINISHED)


class Version(models.Model):
    """A published graph; never changed. Its steps are rows of their own (journey.Step)."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    graph = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} v{self.number}"


class Fire(models.Model):
    """One planned start of a scheduled campaign. The unique row decides "once", whatever beat does.

    `planned_local` is the wall-clock time as planned, without a zone; `due_at` is its instant in the company's zone.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        FIRED = "fired", _("Fired")
        MISSED = "missed", _("Missed")
        CANCELLED = "cancelled", _("Cancelled")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="fires")
    version = models.ForeignKey(Version, models.CASCADE, related_name="+")
    planned_local = models.CharField(max_length=19)  # "2026-11-21T10:00:00"; "now" for a start at once
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    entered_through_id = models.BigIntegerField(default=0)  # fan-out is done for profile ids up to this one
    entered = models.IntegerField(default=0)
    fired_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "planned_local"], name="fire_once")]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="fire_due", condition=Q(finished_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.campaign_id} at {self.planned_local}"
