"""Which message goes to whom, how far is it, and what was tried? The ledger and its slim queue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from campaigns.models.content import Content
from campaigns.models.journey import Enrolment, Step
from campaigns.models.provider import ProviderAccount


class Delivery(models.Model):
    """The ledger: one row per (enrolment, step, visit, leg), for ever. Every row ends in exactly one end state.

    open -> sent | suppressed | failed | expired | cancelled | unknown. A row that is not sent carries a reason code.
    `waiting` says why an open row waits ("postponed_cap"). Open rows have a Work row.
    """

    class State(models.TextChoices):
        OPEN = "open", _("On its way")
        SENT = "sent", _("Sent")
        SUPPRESSED = "suppressed", _("Not sent")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")
        CANCELLED = "cancelled", _("Cancelled")
        UNKNOWN = "unknown", _("Unclear")

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="deliveries")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="deliveries")
    step = models.ForeignKey(Step, models.PROTECT, related_name="deliveries")
    visit = models.PositiveIntegerField()
    leg = models.PositiveSmallIntegerField(default=1)
    profile_id = models.BigIntegerField()
    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255, blank=True)  # '' when the person has none
    content = models.ForeignKey(Content, models.PROTECT, null=True, related_name="deliveries")
    variant = models.CharField(max_length=8)
    account = models.ForeignKey(ProviderAccount, models.PROTECT, null=True, related_name="+")
    key = models.UUIDField(unique=True)  # idempotency key and local part of the Message-ID
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)  # the provider's words
    waiting = models.CharField(max_length=40, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    context = models.JSONField(null=True)  # what the content was rendered with, so that a retry is byte-identical
    provider_ref = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    gate_at = models.DateTimeField(null=True)  # committed with the permission; counts towards caps
    settled_at = models.DateTimeField(null=True)
    # First times of what came back (tracking.record); machine opens and clicks do not count.
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment", "step", "visit", "leg"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=["open", "sent"]) | ~Q(reason=""), name="delivery_not_sent_has_reason"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["step", "variant", "state"]),
            models.Index(fields=["campaign", "state"]),
            models.Index(fields=["profile_id", "-created_at"]),
            # Cap windows: what passed the gate and was not definitely refused.
            models.Index(
                fields=["profile_id", "gate_at"],
                name="delivery_cap",
                condition=Q(gate_at__isnull=False, state__in=["open", "sent", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.profile_id}: {self.state}"


class Work(models.Model):
    """The slim queue: one row per open delivery, deleted when it settles.

    ready -> leased -> permitted (gate committed) -> in_doubt (hand-over begun) -> gone, or back to ready for a retry.
    What has ended stays as `settled` until it was told as a profile event.
    `fence` grows with every claim: whoever holds an older one has lost the row.
    """

    class State(models.TextChoices):
        READY = "ready"
        LEASED = "leased"
        PERMITTED = "permitted"
        IN_DOUBT = "in_doubt"
        SETTLED = "settled"

    delivery = models.OneToOneField(Delivery, models.CASCADE, primary_key=True, related_name="work")
    lane = models.CharField(max_length=40)  # "email"
    state = models.CharField(max_length=12, choices=State.choices, default=State.READY)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)  # tries that ended with "not taken"; the back-off grows with it
    crashes = models.PositiveSmallIntegerField(default=0)  # leases that ran out: after some the row is taken alone, then given up

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["lane", "due_at"], name="work_ready", condition=Q(state="ready")),
            models.Index(fields=["lease_until"], name="work_leased", condition=~Q(state="ready")),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.state}"


class Attempt(models.Model):
    """Append-only: one row per try that got as far as a decision."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    fence = models.PositiveIntegerField()
    at = models.DateTimeField()
    result = models.CharField(max_length=12)  # "sent", "retry", "failed", "unknown"
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["delivery", "id"])]

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.result}"
