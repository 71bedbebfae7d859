"""What is known about an address itself, whoever owns it: can it be written to, who says so, until when is that believed?"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from omni.vault import SecretJSONField
from profiles.models.imports import Import


class AddressCheck(models.Model):
    """The latest verdict on one address. `address` is normalized, or the text as it was given when it is no address.

    `reason` is a code of profiles.hygiene.verdict.REASONS and decides `state` and, mostly, `score`. `answer` is what an
    external verifier said, kept apart so that it is never paid twice. `retry_at` is set while another look is due.
    """

    class State(models.TextChoices):
        DELIVERABLE = "deliverable", _("Deliverable")
        UNVERIFIED = "unverified", _("Not verified")
        RISKY = "risky", _("Risky")
        UNKNOWN = "unknown", _("Unknown")
        UNDELIVERABLE = "undeliverable", _("Undeliverable")

    kind = models.CharField(max_length=16)  # Channel.address_kind: "email", "phone"
    address = models.CharField(max_length=255)
    state = models.CharField(max_length=16, choices=State.choices, default=State.UNVERIFIED)
    reason = models.CharField(max_length=24, default="not_checked")
    score = models.SmallIntegerField(null=True, blank=True)  # 0 to 100; None while nobody can say
    method = models.CharField(max_length=48, blank=True)  # "syntax", "list", "history", "dns", "numbering", "verifier:<key>"
    provider = models.CharField(max_length=40, blank=True)
    is_free = models.BooleanField(default=False)
    is_role = models.BooleanField(default=False)
    is_disposable = models.BooleanField(default=False)
    is_accept_all = models.BooleanField(default=False)
    suggestion = models.CharField(max_length=255, blank=True)  # the address that was probably meant
    suggestion_refused_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=24, blank=True)  # profiles.hygiene.verifiers.Answer
    answered_by = models.CharField(max_length=40, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)  # looks in a row that told nothing

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "address"], name="address_check_once")]
        indexes: ClassVar = [
            models.Index(fields=["retry_at"], name="address_check_due", condition=Q(retry_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.state}"


class DomainCheck(models.Model):
    """What the name system said about a domain, believed until `expires_at`."""

    class Outcome(models.TextChoices):
        MAIL = "mail", _("Takes mail")
        HOST = "host", _("Has a host, no mail server of its own")
        NO_DOMAIN = "no_domain", _("Does not exist")
        NO_MAIL = "no_mail", _("Has no mail server")
        REFUSES = "refuses", _("Says that it takes no mail")
        UNKNOWN = "unknown", _("No answer")

    name = models.CharField(max_length=255, primary_key=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    mail_host = models.CharField(max_length=255, blank=True)
    checked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"


class HygienePolicy(models.Model):
    """How long verdicts are believed, when soft bounces block an address, and who may be asked for how much. One row."""

    keep_days = models.PositiveSmallIntegerField(default=90)
    looks_up_domains = models.BooleanField(default=True)
    soft_bounce_limit = models.PositiveSmallIntegerField(default=5)  # 0: never
    soft_bounce_days = models.PositiveSmallIntegerField(default=14)
    verifier = models.CharField(max_length=40, blank=True)  # key in profiles.hygiene.verifiers; '' asks nobody
    verifier_settings = SecretJSONField(default=dict)
    cost_minor = models.PositiveIntegerField(default=1)  # of one paid check, in the company's currency
    budget_minor = models.PositiveIntegerField(default=0)  # a calendar month

    def __str__(self) -> str:
        return "list cleaning"

    @classmethod
    def current(cls) -> HygienePolicy:
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class CheckBudget(models.Model):
    """What was promised to verifiers in one month: the row that every reservation locks."""

    month = models.DateField(primary_key=True)  # its first day
    committed_minor = models.PositiveIntegerField(default=0)  # reserved and spent

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.committed_minor}"

    @staticmethod
    def month_of(now: datetime) -> date:
        return now.date().replace(day=1)


class CheckCharge(models.Model):
    """One call of a verifier. What was reserved and never settled counts as spent: nobody knows whether it was billed."""

    month = models.ForeignKey(CheckBudget, models.PROTECT, related_name="charges")
    run = models.ForeignKey("profiles.Cleaning", models.SET_NULL, null=True, related_name="charges")
    verifier = models.CharField(max_length=40)
    checks = models.PositiveIntegerField()  # reserved, then billed
    cost_minor = models.PositiveIntegerField()  # of them all
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.checks} by {self.verifier}"


class Cleaning(models.Model):
    """A run of checks over a list of addresses. `source` says whose: "everyone", "import:7", "segment:3", "list"."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Not started")
        QUEUED = "queued", _("Waiting to start")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Done")
        FAILED = "failed", _("Stopped by an error")
        CANCELLED = "cancelled", _("Cancelled")

    class Halt(models.TextChoices):
        """Why the verifier was asked no more, while the free checks went on."""

        BUDGET = "budget", _("This month's budget is used up.")
        CREDITS = "credits", _("The credits at the verifier have ended.")
        UNREACHABLE = "unreachable", _("The verifier does not answer.")

    name = models.CharField(max_length=200)
    source = models.CharField(max_length=40)
    of_import = models.ForeignKey(Import, models.SET_NULL, null=True, blank=True, related_name="cleanings")
    uses_verifier = models.BooleanField(default=False)
    halt = models.CharField(max_length=12, choices=Halt.choices, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    asked = models.IntegerField(default=0)  # of the verifier
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("profiles:cleaning-detail", args=[self.pk])

    def start(self, *, uses_verifier: bool) -> bool:
        """Queue it; False when it was started before."""
        return self._move([self.State.DRAFT], self.State.QUEUED, uses_verifier=uses_verifier)

    def pause(self) -> bool:
        """Stop after the addresses in hand, to go on later. False when it was not under way."""
        return self._move([self.State.QUEUED, self.State.RUNNING], self.State.PAUSED, lease_until=None)

    def resume(self) -> bool:
        """Go on with what is not done yet."""
        halted = [self.State.PAUSED, self.State.FAILED, self.State.CANCELLED]
        return self._move(halted, self.State.QUEUED, finished_at=None, error="", halt="")

    def cancel(self, *, now: datetime) -> bool:
        """End it here; what was found stays."""
        under_way = [self.State.QUEUED, self.State.RUNNING, self.State.PAUSED]
        return self._move(under_way, self.State.CANCELLED, finished_at=now, lease_until=None)

    def _move(self, before: list[State], after: State, **changes: object) -> bool:
        return bool(Cleaning.objects.filter(pk=self.pk, state__in=before).update(state=after, **changes))

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_listed_only(self) -> bool:
        """Say whether the addresses were pasted or uploaded, so that nobody need own them."""
        return self.source == "list"


class CleaningAddress(models.Model):
    """An address of a run. What was found is the AddressCheck of the same kind and address."""

    of = models.ForeignKey(Cleaning, models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=16)
    address = models.CharField(max_length=255)
    is_done = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["of", "kind", "address"], name="cleaning_address_once")]
        indexes: ClassVar = [
            models.Index(fields=["of", "id"], name="cleaning_address_to_do", condition=Q(is_done=False)),
        ]

    def __str__(self) -> str:
        return self.address


class Correction(models.Model):
    """A misspelt address that was replaced, with what is needed to take it back."""

    profile_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    address = models.CharField(max_length=255)  # as it was
    corrected = models.CharField(max_length=255)
    carried_consent = models.BooleanField(default=False)
    known_since = models.DateTimeField()  # created_at of the contact point that was replaced
    run = models.ForeignKey(Cleaning, models.SET_NULL, null=True, related_name="corrections")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["profile_id"]), models.Index(fields=["run"])]

    def __str__(self) -> str:
        return f"{self.address} to {self.corrected}"
