"""Which letters do people ask for themselves, by what they do on a page of ours?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RequestedLetter(models.Model):
    """One letter to one address that asked for it: please confirm. No topic or cap keeps it, a blocked address does.

    The row is the queue and the record. `kind` is a key of campaigns.requested.words; `context` is what its words need.
    A letter may come twice after a crash (with the same Message-ID), but it is never forgotten.
    """

    class State(models.TextChoices):
        OPEN = "open", _("On its way")
        SENT = "sent", _("Sent")
        SUPPRESSED = "suppressed", _("Not sent")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=24)
    address = models.CharField(max_length=255)
    language = models.CharField(max_length=8, blank=True)
    context = models.JSONField(default=dict)
    key = models.UUIDField(unique=True)
    asked_from = models.CharField(max_length=64, blank=True)  # network address; '' for programs and staff
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # of the letter and of the link in it
    settled_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)  # when the link did its work

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="requested_letter_open", condition=Q(state="open")),
            models.Index(fields=["address", "-created_at"]),
            models.Index(fields=["asked_from", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}: {self.state}"
