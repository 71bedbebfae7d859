"""What keeps people apart: limits, blocked values, what was refused, who people said is not the same, who might be."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from profiles.models.profile import Profile


class IdentifierRule(models.Model):
    """How many identifiers of a type one person may have: `most` within `window_days` (None: ever), `ever` in all."""

    type = models.CharField(max_length=32, unique=True)
    most = models.PositiveIntegerField()
    window_days = models.PositiveIntegerField(null=True, blank=True)
    ever = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.type}: {self.most}"


class BlockedValue(models.Model):
    """A value that names nobody, such as the phone number of the shop. `value` is in its one spelling."""

    type = models.CharField(max_length=32, blank=True)  # '' is every type
    value = models.CharField(max_length=255)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["type", "value"], name="blocked_value_once")]

    def __str__(self) -> str:
        return self.value


class KeptApart(models.Model):
    """Two profiles that a person said are two people: no rule merges them; only a person does."""

    one = models.ForeignKey(Profile, models.CASCADE, related_name="+")
    other = models.ForeignKey(Profile, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=40)  # "unmerged", "rejected", "moved"
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["one", "other"], name="kept_apart_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="kept_apart_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"


class Refusal(models.Model):
    """An identifier that a rule kept from joining a person; the same again moves `latest_at` on, at most once an hour."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="refusals")  # whom the rest of the claim meant
    owner = models.ForeignKey(Profile, models.SET_NULL, related_name="+", null=True, blank=True)  # None: nobody had it
    type = models.CharField(max_length=32)
    value = models.CharField(max_length=255)
    rule = models.CharField(max_length=32)  # profiles.identity.plan.Refused
    source = models.CharField(max_length=80)
    first_at = models.DateTimeField()
    latest_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["profile", "type", "value", "rule"], name="refusal_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.value}: {self.rule}"


class DuplicatePair(models.Model):
    """Two people who may be one, with a score from 1 to 100 and the reasons. Decided by a person, never by itself."""

    class State(models.TextChoices):
        OPEN = "open", _("To look at")
        ACCEPTED = "accepted", _("Merged")
        REJECTED = "rejected", _("Two people")

    one = models.ForeignKey(Profile, models.CASCADE, related_name="+")
    other = models.ForeignKey(Profile, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)  # [[code, what both have, ...], ...]; see profiles.people.duplicates
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="duplicate_pair_ordered"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-score", "-id"], name="duplicate_by_score")]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"
