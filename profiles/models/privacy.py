"""What did people ask us to do with their data, and what became of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from profiles.models.profile import Profile

if TYPE_CHECKING:
    from datetime import datetime

    from omni.models import User


class PrivacyRequest(models.Model):
    """A wish about one's own data, filed by the person or by staff in their name. `kind` is one of Kind.

    `proof` says how it is known that the person asked: ip, user_agent, url, delivery; who the witness was. The address
    stays when the profile goes, until the erasure takes it away.
    """

    class Kind(models.TextChoices):
        ACCESS = "access", _("A copy of the data")
        ERASE = "erase", _("Erase the data")

    class State(models.TextChoices):
        NEW = "new", _("To be answered")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    class Verified(models.TextChoices):
        LETTER = "letter", _("By the link in a letter to this address")
        STAFF = "staff", _("By staff, who know the person")

    kind = models.CharField(max_length=24)
    profile = models.ForeignKey(Profile, models.SET_NULL, null=True, blank=True, related_name="privacy_requests")
    channel = models.CharField(max_length=16)  # Channel.address_kind
    address = models.CharField(max_length=255)
    asked_at = models.DateTimeField()
    verified = models.CharField(max_length=16, choices=Verified.choices)
    proof = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            # Asking again while it is not answered is the same request.
            models.UniqueConstraint(fields=["kind", "channel", "address"], name="privacy_request_once", condition=Q(state="new"))
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-asked_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind_in_words} ({self.pk})"  # without the address: the audit record outlives it

    def decide(self, *, state: str, by: User | None, now: datetime, note: str = "") -> bool:
        """Answer the request; False when somebody answered it before."""
        changed = PrivacyRequest.objects.filter(pk=self.pk, state=self.State.NEW).update(
            state=state, decided_at=now, decided_by=by, note=note[:500]
        )
        return bool(changed)

    @property
    def kind_in_words(self) -> str:
        return str(dict(self.Kind.choices).get(self.kind, self.kind))
