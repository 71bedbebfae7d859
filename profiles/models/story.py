"""What else is remembered of a person: former values of attributes, and what staff noted."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from profiles.models.profile import Profile


class AttributeChange(models.Model):
    """A value that gave way to another. The first value of an attribute makes no row: `attribute_facts` knows it."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="attribute_changes")
    key = models.CharField(max_length=255)
    before = models.JSONField()
    after = models.JSONField(null=True)  # None: taken away
    before_at = models.DateTimeField(null=True)
    before_source = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    source = models.CharField(max_length=80)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["profile", "-at"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.key} of {self.profile_id}"


class Note(models.Model):
    """A word of staff about a person, for staff."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="notes")
    text = models.TextField(max_length=5_000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    pinned_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["profile", "-created_at"])]

    def __str__(self) -> str:
        return f"Note {self.pk} about {self.profile_id}"
