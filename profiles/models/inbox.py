"""What arrived from outside, from where, and what could not be used?"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.Model):
    """A site, app or server that sends calls, with a write key of its own (only its hash is kept).

    A webhook's key is a part of its address, and `mapping` (profiles.ingest.mapping) says what its payloads mean.
    """

    class Kind(models.TextChoices):
        SERVER = "server", _("Server")
        BROWSER = "browser", _("Website")
        WEBHOOK = "webhook", _("Webhook")
        INTERNAL = "internal", _("Omni itself")

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.SERVER)
    prefix = models.CharField(max_length=16)
    key_hash = models.CharField(max_length=64, unique=True)
    origins = models.JSONField(default=list, blank=True)  # sites whose pages may use the key of a website; none: all
    trusts_visitors = models.BooleanField(default=False)  # a website's word on who somebody is counts without signature
    mapping = models.JSONField(default=dict, blank=True)
    mapping_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, *, name: str, kind: str = Kind.SERVER, **options: Any) -> tuple[Source, str]:
        """Make a source; return the row and its write key, which cannot be had again."""
        key = f"{'wh' if kind == cls.Kind.WEBHOOK else 'wk'}_{secrets.token_urlsafe(24)}"
        return cls.objects.create(name=name, kind=kind, prefix=key[:8], key_hash=cls.digest(key), **options), key

    @staticmethod
    def digest(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()


class SourceTally(models.Model):
    """What came of the calls of one source in one hour, by when they were processed."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="tallies")
    hour_at = models.DateTimeField()
    used = models.IntegerField(default=0)
    repeated = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    latest_at = models.DateTimeField()  # when the latest of them was received

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "hour_at"], name="source_tally_once")]

    def __str__(self) -> str:
        return f"{self.used} calls in the hour of {self.hour_at:%Y-%m-%d %H:%M}"


class IngestRaw(models.Model):
    """An accepted request as it came: committed before the answer 200, deleted or parked when processed."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    path = models.CharField(max_length=64)
    headers = models.JSONField(default=dict)  # only content-encoding, user-agent, remote address
    body = models.BinaryField()
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at", "id"])]

    def __str__(self) -> str:
        return f"{self.path} at {self.received_at:%Y-%m-%d %H:%M:%S}"


class RecentCall(models.Model):
    """One of the latest calls of a source and what became of it, for those who are connecting it. See ingest.recent."""

    class State(models.TextChoices):
        USED = "used", _("Used")
        REPEATED = "repeated", _("Repeated")
        REFUSED = "refused", _("Not used")

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    received_at = models.DateTimeField()
    type = models.CharField(max_length=16, blank=True)
    name = models.CharField(max_length=255, blank=True)  # of the event
    state = models.CharField(max_length=12, choices=State.choices)
    reason = models.CharField(max_length=40, blank=True)  # a code of profiles.ingest.spec.Drop
    profile_id = models.BigIntegerField(null=True)
    body = models.TextField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["source", "-id"]), models.Index(fields=["profile_id"])]

    def __str__(self) -> str:
        return f"{self.type} at {self.received_at:%Y-%m-%d %H:%M:%S}"


class HookPayload(models.Model):
    """One of the latest payloads of a webhook as it came: to click its mapping from, and to be processed again."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="payloads")
    received_at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["source", "-id"])]

    def __str__(self) -> str:
        return f"Payload of {self.received_at:%Y-%m-%d %H:%M:%S}"


class SeenMessage(models.Model):
    """A message id that was processed, kept for 30 days: the same one again is the same event."""

    pk = models.CompositePrimaryKey("source_id", "key")
    source_id = models.BigIntegerField()
    key = models.UUIDField()  # 128 bits of SHA-256 of the message id
    seen_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["seen_at"])]

    def __str__(self) -> str:
        return str(self.key)


class DeadLetter(models.Model):
    """An accepted call that could not be processed, and why. `reason` is a code of profiles.ingest.spec.Drop."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    detail = models.TextField(blank=True)
    body = models.BinaryField()  # the call (or the whole request, when it is no JSON) as it came
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-received_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.reason} at {self.received_at:%Y-%m-%d %H:%M:%S}"
