"""Who was erased, what must not come back, who was given a copy of their data, and how long is anything kept?"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from omni.vault import SecretJSONField


class Erasure(models.Model):
    """One person erased: begun in one transaction that takes their identity away, swept in the background.

    `trace` is what the sweep still has to look for ({"keys": [[type, value], ...]}), encrypted, and None once it is done:
    then nothing here tells who it was. `counts` is {holding: rows} that went or were made nameless.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Being erased")
        DONE = "done", _("Erased")

    number = models.UUIDField(default=uuid.uuid4, unique=True)  # on the certificate
    profile_ids = ArrayField(models.BigIntegerField())  # the survivor first, then those merged into it
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    trace = SecretJSONField(null=True)
    counts = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    by_label = models.CharField(max_length=160)
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    backups_expire_date = models.DateField()
    lease_until = models.DateTimeField(null=True, blank=True)
    barrier = models.BigIntegerField(null=True)  # transactions before this one may still write about the person

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-begun_at", "-id"]),
            models.Index(fields=["id"], name="erasure_running", condition=Q(state="running")),
        ]

    def __str__(self) -> str:
        return _("Person %(id)s") % {"id": self.person_id}

    def get_absolute_url(self) -> str:
        return reverse("profiles:erasure-detail", args=[self.pk])

    @property
    def person_id(self) -> int:
        return self.profile_ids[0]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Tombstone(models.Model):
    """The keyed hash of an identifier of an erased person: what brings it again is refused, until it is lifted.

    `suppressed` is the reason of the block that lay on the address; it comes back with the address.
    """

    hash = models.CharField(max_length=64)
    type = models.CharField(max_length=32)  # of the identifier
    is_address = models.BooleanField(default=False)
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="tombstones")
    buried_at = models.DateTimeField()
    suppressed = models.CharField(max_length=24, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=160, blank=True)
    lifted_reason = models.CharField(max_length=300, blank=True)
    refusals = models.IntegerField(default=0)  # how often something was refused because of it
    latest_refusal_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hash"], name="tombstone_once", condition=Q(lifted_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.hash[:12]}"


class AccessExport(models.Model):
    """A copy of everything held about one person, as JSON and as a page, made in the background; gone after a while."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to start")
        RUNNING = "running", _("Being put together")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Stopped by an error")

    profile_id = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    rows_total = models.IntegerField(null=True)  # None until counted
    rows_done = models.IntegerField(default=0)
    as_json = models.FileField(upload_to="copies/")
    as_page = models.FileField(upload_to="copies/")
    error = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["profile_id", "-id"]),
            models.Index(fields=["expires_at"]),
        ]

    def __str__(self) -> str:
        return _("Copy of the data of person %(id)s") % {"id": self.profile_id}

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)


class Retention(models.Model):
    """How long things are kept; one row for the company. 0 days: for ever."""

    anonymous_days = models.PositiveIntegerField(_("Nameless visitors who were not seen for"), default=90)
    events_days = models.PositiveIntegerField(_("Events of every other kind"), default=0)
    backups_days = models.PositiveIntegerField(_("Backups"), default=35)
    ran_at = models.DateTimeField(null=True, blank=True)
    ran = models.JSONField(default=dict)  # what the latest run took away: {"people": n, "events": n, "months": [...]}

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="retention_single_row")]

    def __str__(self) -> str:
        return "retention"

    @classmethod
    def load(cls) -> Retention:
        """Return the periods, made with defaults when the installation is new. Costs one query."""
        return cls.objects.get_or_create(id=1)[0]


class EventRetention(models.Model):
    """How long events of one name are kept; 0 days: for ever."""

    name = models.OneToOneField("profiles.EventDef", models.CASCADE, related_name="retention")
    days = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.name_id}: {self.days} days"
