"""Which groups of people are described, who is in them, and since when?"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from segments.querysets import SegmentQuerySet


class Segment(models.Model):
    """A described group of people. `definition` is a tree (segments.tree), version `version` of it.

    `size` is read, never counted, by pages: it is maintained with the memberships. `refreshed_at` is None until the
    first fill is done; `reads` lists the changes that can alter an answer, as "<kind>:<name>" (segments.compiler).
    """

    name = models.CharField(_("name"), max_length=160)
    description = models.TextField(_("description"), blank=True)
    definition = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    reads = models.JSONField(default=list)
    size = models.IntegerField(default=0)
    stale_since = models.DateTimeField(null=True, blank=True)  # a full refresh is owed since then
    refreshed_at = models.DateTimeField(null=True, blank=True)
    refresh_error = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = SegmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("segments:segment-detail", args=[self.pk])


class SegmentVersion(models.Model):
    """What a segment's definition was, from when until when (None: still)."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["segment", "number"], name="segment_version_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.number}"


class Membership(models.Model):
    """A person was in a segment during [from_at, until_at); until_at None means still."""

    pk = models.CompositePrimaryKey("segment", "profile_id", "from_at")
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships")
    profile_id = models.BigIntegerField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["segment", "profile_id"], name="membership_open_once", condition=Q(until_at__isnull=True)
            )
        ]
        indexes: ClassVar = [models.Index(fields=["profile_id", "segment"])]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.segment_id} from {self.from_at:%Y-%m-%d %H:%M}"


class Flip(models.Model):
    """The next moment at which time alone may change a person's answer in a segment (segments.clock)."""

    pk = models.CompositePrimaryKey("segment", "profile_id")
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="+")
    profile_id = models.BigIntegerField()
    due_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"])]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.segment_id} at {self.due_at:%Y-%m-%d %H:%M}"


class SizeHistory(models.Model):
    """How large a segment was after a refresh, and how many entered and left in it."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes")
    at = models.DateTimeField()
    size = models.IntegerField()
    entered = models.IntegerField()
    left = models.IntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["segment", "-at"])]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.size} at {self.at:%Y-%m-%d %H:%M}"
