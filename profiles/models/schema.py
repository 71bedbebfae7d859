"""Which attributes and events does this company know, and of what type are they?"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class AttributeDef(models.Model):
    class Type(models.TextChoices):
        STRING = "string", _("Text")
        NUMBER = "number", _("Number")
        BOOLEAN = "boolean", _("Yes or no")
        DATE = "date", _("Date or time")
        LIST = "list", _("List")
        OBJECT = "object", _("Object")

    key = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=16, choices=Type.choices)
    label = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    first_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.label or self.key

    def get_absolute_url(self) -> str:
        return reverse("profiles:attributedef-detail", args=[self.pk])


class EventDef(models.Model):
    """An event name as a small integer. `properties` is {property name: AttributeDef.Type value}, as seen so far."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=255, unique=True)
    label = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    properties = models.JSONField(default=dict)
    is_internal = models.BooleanField(default=False)  # made by Omni itself, such as "Message opened"
    first_seen_at = models.DateTimeField()
    latest_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-latest_seen_at"])]

    def __str__(self) -> str:
        return self.label or self.name

    def get_absolute_url(self) -> str:
        return reverse("profiles:eventdef-detail", args=[self.pk])


class EventTally(models.Model):
    """How many events of a name came from a source on a day (UTC, by when they were processed).

    `late` are those that had happened more than a day before they came, `nameless` those whose sender said nothing but a
    browser's or device's own id.
    """

    name = models.ForeignKey(EventDef, models.CASCADE, related_name="tallies")
    source = models.ForeignKey("profiles.Source", models.CASCADE, related_name="+")
    day = models.DateField()
    used = models.IntegerField(default=0)
    late = models.IntegerField(default=0)
    nameless = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "source", "day"], name="event_tally_once")]
        indexes: ClassVar = [models.Index(fields=["day"])]

    def __str__(self) -> str:
        return f"{self.used} of {self.name_id} on {self.day}"
