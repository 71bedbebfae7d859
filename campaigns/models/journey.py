"""Who is inside which campaign, at which step, and which way did they go?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign, Version

if TYPE_CHECKING:
    from datetime import datetime


class Step(models.Model):
    """A step of a published version. `key` is its name in the graph, stable over versions; `next` is {port: key}."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="steps")
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    next = models.JSONField(default=dict)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "key"], name="step_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Enrolment(models.Model):
    """One entry of one person into one campaign. `entry_key` says which: the planned time, the event id.

    Active rows with a `due_at` wait for the engine; active rows without one wait for their open delivery to settle.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Inside")
        FINISHED = "finished", _("Finished")
        LEFT = "left", _("Left early")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="enrolments")
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    profile_id = models.BigIntegerField()
    entry_key = models.CharField(max_length=64)
    is_control = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    step = models.ForeignKey(Step, models.PROTECT, related_name="+")
    visit = models.PositiveIntegerField(default=1)  # number of the present visit within this enrolment
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True)  # why they left
    converted_at = models.DateTimeField(null=True)
    conversion_value = models.DecimalField(max_digits=18, decimal_places=4, null=True)

    visit_entered_at: datetime  # set by the engine for the steps: when the person came to the present step

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "profile_id", "entry_key"], name="enrolment_once"),
            models.UniqueConstraint(fields=["campaign", "profile_id"], name="enrolment_inside_once", condition=Q(state="active")),
        ]
        indexes: ClassVar = [
            # By campaign first: the due people of a paused campaign must not stand in the way of the others.
            models.Index(
                fields=["campaign", "due_at", "id"], name="enrolment_due", condition=Q(state="active", due_at__isnull=False)
            ),
            models.Index(fields=["profile_id", "-entered_at"]),
            models.Index(fields=["campaign", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.campaign_id} ({self.entry_key})"


class Visit(models.Model):
    """One stay of an enrolment at one step; `port` is the exit taken, '' while still there."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="visits")
    number = models.PositiveIntegerField()
    step = models.ForeignKey(Step, models.PROTECT, related_name="visits")
    profile_id = models.BigIntegerField()
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    port = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["enrolment", "number"], name="visit_once")]
        indexes: ClassVar = [models.Index(fields=["step", "port"]), models.Index(fields=["profile_id", "-entered_at"])]

    def __str__(self) -> str:
        return f"visit {self.number} of {self.enrolment_id}"
