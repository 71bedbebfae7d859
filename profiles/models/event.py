"""What did a person do, and when? One row per event, partitioned by month."""

from __future__ import annotations

import uuid

import uuid_utils
from django.db import models

from profiles.querysets import EventQuerySet


def new_event_id() -> uuid.UUID:
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


class Event(models.Model):
    """A fact in time. `profile_id` is the origin profile for ever, also after a merge: queries reach the surviving
    profile through `Profile.merged_into`. `value` is the number that conditions sum (revenue), kept out of
    `properties` so that the index covers it. The table and its indexes are made by SQL in the first migration.
    """

    pk = models.CompositePrimaryKey("time", "id")
    time = models.DateTimeField()
    id = models.UUIDField(default=new_event_id)
    profile_id = models.BigIntegerField()
    name = models.ForeignKey("profiles.EventDef", models.DO_NOTHING, related_name="+", db_constraint=False)
    value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    properties = models.JSONField(default=dict)
    source = models.ForeignKey("profiles.Source", models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    received_at = models.DateTimeField()

    objects = EventQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "profiles_event"

    def __str__(self) -> str:
        return f"{self.name_id} of {self.profile_id} at {self.time:%Y-%m-%d %H:%M}"
