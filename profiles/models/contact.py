"""Where can a person be reached, and what did they allow?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from profiles.models.profile import Profile


class ContactPoint(models.Model):
    """An address of a person for one kind of channel. `address` is normalized; at most one person owns it."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=16)  # Channel.address_kind: "email", "phone"
    address = models.CharField(max_length=255)
    bounced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "address"], name="contact_point_once")]
        indexes: ClassVar = [models.Index(fields=["profile", "kind"])]

    def __str__(self) -> str:
        return self.address


class Topic(models.Model):
    """What one can subscribe to, such as "News and offers". The ledger names it by its key, which never changes."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    is_default = models.BooleanField(_("on for everyone who was not asked"), default=False)
    needs_confirmation = models.BooleanField(_("sign-ups are confirmed by a letter"), default=True)
    has_form = models.BooleanField(_("anyone may sign up on its public page"), default=False)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class ConsentText(models.Model):
    """What a person reads before they sign up for a topic. A change is a new version: proofs name the one that was read."""

    topic = models.ForeignKey(Topic, models.PROTECT, related_name="texts")
    version = models.PositiveIntegerField()
    text = models.TextField(_("text"))
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["topic", "version"], name="consent_text_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How the proofs call it."""
        return f"{self.topic.key}/{self.version}"


class Consent(models.Model):
    """The ledger: one row per word said; the database refuses to change or delete one (profiles.consent.erasing).

    `topic` is '' for the channel as a whole.
    """

    class Status(models.TextChoices):
        GRANTED = "granted", _("Opted in")
        WITHDRAWN = "withdrawn", _("Opted out")
        PENDING = "pending", _("Asked to confirm")  # permits nothing and takes nothing away

    # The origin, also after a merge; None when nobody had the address: a withdrawal is heard all the same.
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="consents", null=True, blank=True)
    channel = models.CharField(max_length=16)  # Channel.address_kind
    address = models.CharField(max_length=255)
    topic = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    method = models.CharField(max_length=40)  # "import", "api", "staff", "one_click", "preference_page"
    source = models.CharField(max_length=200, blank=True)
    proof = models.JSONField(default=dict)  # what there is: ip, user_agent, url, text_version, actor, delivery

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["profile", "-at"]),
            models.Index(fields=["channel", "address", "topic", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.topic or self.channel}: {self.status}"


class ConsentState(models.Model):
    """The latest word per address and topic, folded from the ledger in the same transaction."""

    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255)
    topic = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=12, choices=Consent.Status.choices)
    since_at = models.DateTimeField()
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "address", "topic"], name="consent_state_once", include=["status"])
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.topic or self.channel}: {self.status}"


class Suppression(models.Model):
    """An address nothing is sent to, whoever owns it, until somebody lifts it; "@shop.test" stands for a whole domain."""

    class Reason(models.TextChoices):
        HARD_BOUNCED = "hard_bounced", _("The address does not exist")
        COMPLAINED = "complained", _("Reported as spam")
        MANUAL = "suppressed_manual", _("Blocked by staff")
        UNDELIVERABLE = "undeliverable", _("The address cannot receive mail")
        SOFT_BOUNCED = "soft_bounce_limit", _("Bounced too often")
        DOMAIN = "suppressed_domain", _("The domain is blocked")

    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255)
    reason = models.CharField(max_length=24, choices=Reason.choices)
    detail = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=80, blank=True)  # who or what asked: "staff:<name>", "cleaning:7"; '' for a provider
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "address"], name="suppression_once", condition=Q(lifted_at__isnull=True))
        ]
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="suppression_newest", condition=Q(lifted_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}"


class Snooze(models.Model):
    """A pause that the owner of an address wished: no marketing from `starts_at` until `ends_at`. Several make history."""

    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    method = models.CharField(max_length=40)
    proof = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["channel", "address", "-ends_at"])]

    def __str__(self) -> str:
        return f"{self.address} until {self.ends_at:%Y-%m-%d}"


class RecipientGate(models.Model):
    """A lock row per address: the delivery gate and a withdrawal both take it, so one is always before the other."""

    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "address"], name="recipient_gate_once")]

    def __str__(self) -> str:
        return self.address
