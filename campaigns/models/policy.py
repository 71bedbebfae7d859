"""How much and when may we write to people? One row for the company."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Policy(models.Model):
    """Caps, quiet hours and the kill switch. Windows of the caps are rolling."""

    cap_per_day = models.PositiveSmallIntegerField(_("messages per person in 24 hours"), default=2)
    cap_per_week = models.PositiveSmallIntegerField(_("messages per person in 7 days"), default=5)
    cap_wait_hours = models.PositiveSmallIntegerField(_("a capped message waits at most, hours"), default=48)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    message_ttl_hours = models.PositiveSmallIntegerField(_("a message expires after, hours"), default=72)
    stopped_at = models.DateTimeField(null=True, blank=True)  # the kill switch: nothing goes out while it is set
    stopped_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="policy_single_row")]

    def __str__(self) -> str:
        return "policy"

    @classmethod
    def load(cls) -> Policy:
        """Return the policy, made with defaults when the installation is new. Costs one query."""
        return cls.objects.get_or_create(id=1)[0]
