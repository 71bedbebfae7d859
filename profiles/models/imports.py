"""Which files were imported, how far are they, and which rows could not be used?"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Import(models.Model):
    class State(models.TextChoices):
        MAPPING = "mapping", _("Waiting for the mapping")
        QUEUED = "queued", _("Waiting to start")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Stopped by an error")
        CANCELLED = "cancelled", _("Cancelled")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", _("Spreadsheet (XLSX)")
        JSONL = "jsonl", "JSON Lines"

    name = models.CharField(max_length=200)  # the file's name
    format = models.CharField(max_length=8, choices=Format.choices, default=Format.CSV)
    sheet = models.CharField(max_length=100, blank=True)  # of a spreadsheet; '' is the first
    file = models.FileField(upload_to="imports/")
    encoding = models.CharField(max_length=40)
    delimiter = models.CharField(max_length=4)
    has_header = models.BooleanField(default=True)
    header = models.JSONField(default=list)  # the column names as found
    mapping = models.JSONField(default=dict)  # column index as text -> {"to": "email" | "attribute:city" | "skip", "type": ...}
    mapped_as = models.ForeignKey("SavedMapping", models.SET_NULL, null=True, blank=True, related_name="+")
    consent = models.JSONField(default=dict)  # profiles.imports.mapping.Decision; {} while nobody decided
    state = models.CharField(max_length=12, choices=State.choices, default=State.MAPPING)
    size_bytes = models.BigIntegerField(default=0)
    rows_total = models.IntegerField(null=True)  # None until counted
    rows_done = models.IntegerField(default=0)
    rows_created = models.IntegerField(default=0)
    rows_updated = models.IntegerField(default=0)
    rows_unchanged = models.IntegerField(default=0)
    rows_rejected = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("profiles:import-detail", args=[self.pk])

    def cancel(self, *, now: datetime) -> bool:
        """Stop it after the rows in hand; what was imported stays. False when it was not under way."""
        under_way = Import.objects.filter(pk=self.pk, state__in=[self.State.QUEUED, self.State.RUNNING])
        return bool(under_way.update(state=self.State.CANCELLED, finished_at=now, lease_until=None))

    def resume(self) -> bool:
        """Go on after the latest committed row. False when it was neither cancelled nor stopped by an error."""
        halted = Import.objects.filter(pk=self.pk, state__in=[self.State.CANCELLED, self.State.FAILED])
        return bool(halted.exclude(file="").update(state=self.State.QUEUED, finished_at=None, error=""))

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def rows_imported(self) -> int:
        return self.rows_created + self.rows_updated + self.rows_unchanged


class ImportedPerson(models.Model):
    """A person whom a row of the import means; `outcome` is that of the first such row."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("New")
        UPDATED = "updated", _("Updated")
        UNCHANGED = "unchanged", _("Unchanged")

    pk = models.CompositePrimaryKey("of", "profile_id")
    of = models.ForeignKey(Import, models.CASCADE, related_name="people")
    profile_id = models.BigIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    # What the import wrote over: {attribute key: [was it there, value, fact or null]}; None: nothing, or forgotten.
    before = models.JSONField(null=True)
    undone = models.CharField(max_length=16, blank=True, db_default="")  # ImportUndo.Outcome

    def __str__(self) -> str:
        return f"{self.profile_id} by import {self.of_id}: {self.outcome}"


class ImportFault(models.Model):
    """A row that was not imported: its number in the file (the header is row 1), the reason, the cells."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="faults")
    row = models.IntegerField()
    column = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=200)
    cells = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["of", "row"])]

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


class SavedMapping(models.Model):
    """What the columns of a kind of file become, for the next file of that kind."""

    name = models.CharField(_("name"), max_length=120)
    fingerprint = models.CharField(max_length=64, unique=True)  # of the column names, in whatever order
    columns = models.JSONField()  # {column name: {"to": ..., "type": ...}}
    times_used = models.PositiveIntegerField(default=0)
    latest_used_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True)

    def __str__(self) -> str:
        return self.name


class Leased(models.Model):
    """Work on an import in the background, a piece at a time: whoever holds the lease does the next one."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to start")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Stopped by an error")

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)


class ImportTrial(Leased):
    """The answer to: what would the import do, as mapped now?"""

    of = models.OneToOneField(Import, models.CASCADE, related_name="trial")
    mapping = models.JSONField()  # as tried; the import's may have changed since
    consent = models.JSONField()
    rows_done = models.IntegerField(default=0)
    rows_created = models.IntegerField(default=0)
    rows_updated = models.IntegerField(default=0)
    rows_unchanged = models.IntegerField(default=0)
    rows_rejected = models.IntegerField(default=0)
    profiles_merged = models.IntegerField(default=0)
    reasons = models.JSONField(default=list)  # [{"kind", "rows", "example": {"row", "reason"}}], most frequent first

    def __str__(self) -> str:
        return f"trial of {self.of_id}"


class TriedKey(models.Model):
    """An identifier that an earlier part of a trial would have made, as a hash; deleted when the trial is done."""

    pk = models.CompositePrimaryKey("of", "key_hash")
    of = models.ForeignKey(ImportTrial, models.CASCADE, related_name="+")
    key_hash = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key_hash} in {self.of_id}"


class ImportUndo(Leased):
    """How far an import was taken back; what happened to whom stands with ImportedPerson."""

    class Outcome(models.TextChoices):
        REMOVED = "removed", _("Removed")
        RESTORED = "restored", _("As before the import")
        KEPT = "kept", _("Kept: has something else since")

    of = models.OneToOneField(Import, models.CASCADE, related_name="undoing")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    latest_profile_id = models.BigIntegerField(default=0)  # people up to here are done
    people_total = models.IntegerField(default=0)
    people_done = models.IntegerField(default=0)
    people_removed = models.IntegerField(default=0)
    people_restored = models.IntegerField(default=0)
    people_kept = models.IntegerField(default=0)
    identifiers_removed = models.IntegerField(default=0)
    consents_taken_back = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"undo of {self.of_id}"
