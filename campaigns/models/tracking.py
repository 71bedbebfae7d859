"""What happened to a message after it was handed over?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.content import Link
from campaigns.models.delivery import Delivery


class Outcome(models.Model):
    """One thing that came back: an open, a click, a bounce. `is_machine` marks scanners and prefetching."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("Delivered")
        OPENED = "opened", _("Opened")
        CLICKED = "clicked", _("Clicked")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Reported as spam")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="outcomes")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()
    link = models.ForeignKey(Link, models.SET_NULL, null=True, related_name="+")
    is_machine = models.BooleanField(default=False)
    machine_reason = models.CharField(max_length=40, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    provider_event = models.CharField(max_length=160, null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["provider_event"], name="outcome_provider_event_once")]
        indexes: ClassVar = [models.Index(fields=["delivery", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.delivery_id}"
