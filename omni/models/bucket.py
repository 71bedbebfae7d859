"""How much may this caller still ask? Token buckets shared by all processes."""

from __future__ import annotations

from django.db import models


class Bucket(models.Model):
    key = models.CharField(max_length=120, primary_key=True)
    tokens = models.FloatField()
    filled_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
