"""Which calls of programs were answered, and how?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class IdempotentCall(models.Model):
    """A call with an `Idempotency-Key` and its answer. `status` is 0 only inside the transaction of the call itself."""

    caller = models.CharField(max_length=64)  # "key:7" or "user:3"
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["caller", "key"], name="idempotent_call_once")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
