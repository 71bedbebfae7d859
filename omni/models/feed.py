"""What was committed upstream that a consumer has not handled yet?"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class FeedEntry(models.Model):
    """One change for one consumer: what kind, which names it touched, whose profiles. Deleted when handled."""

    consumer = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)  # one of the words in an app's changes.py
    names = ArrayField(models.CharField(max_length=255))  # event or attribute names touched
    profile_ids = ArrayField(models.BigIntegerField())
    published_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["consumer", "due_at", "id"])]

    def __str__(self) -> str:
        return f"{self.kind} for {self.consumer} ({len(self.profile_ids)} people)"
