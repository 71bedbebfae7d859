"""Who is this person, by which names do we know them, and which profiles turned out to be the same person?"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from profiles.querysets import ProfileQuerySet


class Profile(models.Model):
    """One person. `attributes` is {key: value}; `attribute_facts` is {key: [event time ISO 8601, source]} for
    last-writer-wins per attribute. A profile with `merged_into` lives on only as the origin of its events.
    """

    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="origins")
    version = models.PositiveIntegerField(default=1)
    attributes = models.JSONField(default=dict)
    attribute_facts = models.JSONField(default=dict)
    is_test = models.BooleanField(default=False)
    restricted_at = models.DateTimeField(null=True, blank=True)  # since when the data may be kept, but not used
    created_at = models.DateTimeField()  # when the person became known to the company
    updated_at = models.DateTimeField()
    latest_seen_at = models.DateTimeField(null=True, blank=True)  # time of the latest event
    # Words of the name and every identifier; refreshed with them (profiles.search).
    search = SearchVectorField(null=True)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["search"]),
            models.Index(fields=["-created_at", "-id"], name="profile_newest"),
            models.Index(fields=["-latest_seen_at", "-id"], name="profile_latest_seen"),
            # The few merged profiles, joined to events to find the surviving profile.
            models.Index(
                fields=["id"], include=["merged_into"], name="profile_merged", condition=models.Q(merged_into__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name or _("Person %(id)s") % {"id": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("profiles:person-detail", args=[self.pk])

    @property
    def audit_label(self) -> str:
        """What the audit record calls the person: it is never erased, so it does not hold the name."""
        return _("Person %(id)s") % {"id": self.pk}

    @property
    def name(self) -> str:
        """The name to show, from the attributes `name`, or `first_name` and `last_name`; '' when unknown."""
        attributes = self.attributes
        whole = attributes.get("name")
        if isinstance(whole, str) and whole.strip():
            return whole.strip()
        parts = (attributes.get("first_name"), attributes.get("last_name"))
        return " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())


class Identifier(models.Model):
    """A name of a person in some system: unique by (type, normalized value), owned by a surviving profile.

    `type` is one of `Type` or a company's own word such as "loyalty_card".
    """

    class Type(models.TextChoices):
        USER_ID = "user_id", _("User id")
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        TELEGRAM = "telegram", _("Telegram")
        LINKEDIN = "linkedin", _("LinkedIn")
        DEVICE_ID = "device_id", _("Device")
        ANONYMOUS_ID = "anonymous_id", _("Anonymous id")

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="identifiers")
    type = models.CharField(max_length=32)
    value = models.CharField(max_length=255)
    source = models.CharField(max_length=80)
    first_seen_at = models.DateTimeField()
    latest_seen_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["type", "value"], name="identifier_once", include=["profile"])]

    def __str__(self) -> str:
        return f"{self.type} {self.value}"

    @property
    def label(self) -> str:
        """What the type is called on pages."""
        return type_in_words(self.type)


def type_in_words(kind: str) -> str:
    """Return what an identifier type is called on pages; a company's own word reads as it is, with spaces."""
    known = dict(Identifier.Type.choices)
    return str(known[kind]) if kind in known else kind.replace("_", " ").capitalize()


class Merge(models.Model):
    """Journal of merges: which origin went into which root, why, and what both looked like before.

    `root` is the profile the origin joined then; it may have become an origin itself since. Rows are never taken away:
    a merge that was undone says when, by whom and what went where.
    """

    root = models.ForeignKey(Profile, models.CASCADE, related_name="merges")
    origin = models.ForeignKey(Profile, models.CASCADE, related_name="+")
    rule = models.CharField(max_length=40, default="shared_identifier")  # or "by_hand", "suggestion"
    reason = models.CharField(max_length=200)  # "identify joined anonymous_id and user_id"
    evidence = models.JSONField(default=dict)  # {"keys": [[type, value], [type, value]], "source": ..., "at": ...}
    decisions = models.JSONField(default=dict)  # {attribute: {"keep": "root" or "origin", "fact": [at, source], "value": ...}}
    snapshot = models.JSONField()  # {"root": {...}, "origin": {...}}: attributes, facts, identifier ids of both
    merged_by = models.CharField(max_length=80, blank=True)  # "staff:..." or "api:..."; '' is the rules
    merged_at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_by = models.CharField(max_length=80, blank=True)
    reversal = models.JSONField(default=dict)  # {"identifiers": ids that went to the origin, "given": those that came since}

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["origin"], name="merged_once", condition=models.Q(reversed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.origin_id} into {self.root_id}"
