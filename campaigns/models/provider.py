"""Through whom do messages go out, and in whose name?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from omni.vault import SecretJSONField


class ProviderAccount(models.Model):
    """An account at a provider. `settings` (host, password, ...) is encrypted at rest."""

    name = models.CharField(_("name"), max_length=120)
    provider = models.CharField(max_length=40)  # key in campaigns.providers
    channel = models.CharField(max_length=16)
    settings = SecretJSONField(default=dict)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    # The breaker: an account that cannot be reached rests, longer each time, and says why.
    failures = models.PositiveSmallIntegerField(default=0)
    resting_until = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel"], name="provider_default_once", condition=Q(is_default=True))
        ]

    def __str__(self) -> str:
        return self.name


class Sender(models.Model):
    """A From line: name and address, and the account that may send it."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("address"))
    reply_to = models.EmailField(_("answers go to"), blank=True)
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="senders")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_default"], name="sender_default_once", condition=Q(is_default=True))
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"
