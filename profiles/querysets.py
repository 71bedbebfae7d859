"""What do we ask of many people and many events?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Func

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self


class SortName(Func):
    """The name as Profile.name has it, without case: what lists are sorted by, and the index `profile_by_name` holds."""

    template = (
        "lower(btrim(coalesce(nullif(btrim(%(expressions)s ->> 'name'), ''),"
        " coalesce(%(expressions)s ->> 'first_name', '') || ' ' || coalesce(%(expressions)s ->> 'last_name', ''))))"
    )
    output_field = models.TextField()

    def __init__(self) -> None:
        super().__init__(F("attributes"))


class ProfileQuerySet(models.QuerySet[Any]):
    def surviving(self) -> Self:
        """Keep the profiles that were not merged into another one."""
        return self.filter(merged_into__isnull=True)


class EventQuerySet(models.QuerySet[Any]):
    def of_person(self, profile_id: int, origin_ids: Collection[int] = ()) -> Self:
        """Keep the events of a person: of the profile itself and of the origins merged into it."""
        return self.filter(profile_id__in=[profile_id, *origin_ids])
