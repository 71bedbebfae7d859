"""Who changed what, when? An append-only chain: each entry carries the hash of the one before it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class AuditEntry(models.Model):
    at = models.DateTimeField()
    actor = models.ForeignKey("omni.User", models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(max_length=160)
    action = models.CharField(max_length=80)  # "campaign.publish"
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    object_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["object_kind", "object_id", "-id"])]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.object_label}"

    def changes(self) -> list[tuple[str, Any, Any]]:
        """Return (name, before, after) of every value that differs; None where there was none."""
        old, new = self.before or {}, self.after or {}
        names = [*old, *(name for name in new if name not in old)]
        return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
