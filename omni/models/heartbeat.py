"""Which processes are alive, and when did each kind of recurring work last run?"""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    name = models.CharField(max_length=80, primary_key=True)  # "beat", "worker:send@host", "tick:engine"
    seen_at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
