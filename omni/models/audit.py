"""Who changed what, when? An append-only chain: each entry carries the hash of the one before it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import models

LONGEST_LINE = 80


@dataclass(frozen=True)
class Change:
    """One value before and after; '' where there was none."""

    name: str
    before: str
    after: str

    @property
    def is_long(self) -> bool:
        return max(len(self.before), len(self.after)) > LONGEST_LINE


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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

    def changes(self) -> list[Change]:
        """Return every value that differs, as text to be read."""
        old, new = self.before or {}, self.after or {}
        names = [*old, *(name for name in new if name not in old)]
        return [Change(name, _text(old.get(name)), _text(new.get(name))) for name in names if old.get(name) != new.get(name)]
