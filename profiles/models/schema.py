"""Which attributes and events does this company know, and of what type are they?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
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
    first_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.label or self.key


class EventDef(models.Model):
    """An event name as a small integer. `properties` is {property name: AttributeDef.Type value}, as seen so far."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=255, unique=True)
    label = models.CharField(max_length=120, blank=True)
    properties = models.JSONField(default=dict)
    is_internal = models.BooleanField(default=False)  # made by Omni itself, such as "Message opened"
    first_seen_at = models.DateTimeField()
    latest_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-latest_seen_at"])]

    def __str__(self) -> str:
        return self.label or self.name
