"""What do we ask of many people and many events?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models import Exists, F, Func, OuterRef, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

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


class ListedQuerySet(models.QuerySet[Any]):
    """Rows of a long list, whose number is shown without reading them all."""

    def count_up_to(self, most: int) -> int:
        """Return the count, or `most` when there are at least so many; never reads more rows than that."""
        return self.order_by().values("pk")[:most].count()

    def estimate_all(self) -> int:
        """Return about how many rows the table has, as of its latest ANALYZE; 0 when there was none."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [self.model._meta.db_table])
            return max(0, int(cursor.fetchone()[0]))

    def distinct_texts(self, column: str, *, most: int) -> list[str]:
        """Return the different texts of an indexed column in order, without '', at most `most`; jumps from one to the next."""
        table = connection.ops.quote_name(self.model._meta.db_table)
        name = connection.ops.quote_name(self.model._meta.get_field(column).column)
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH RECURSIVE found AS ((SELECT min({name}) AS text FROM {table} WHERE {name} > '') UNION ALL"  # noqa: S608
                f" SELECT (SELECT min({name}) FROM {table} WHERE {name} > found.text) FROM found WHERE found.text IS NOT NULL)"
                " SELECT text FROM found WHERE text IS NOT NULL LIMIT %s",
                [most],
            )
            return [row[0] for row in cursor.fetchall()]


class ProfileQuerySet(ListedQuerySet):
    def surviving(self) -> Self:
        """Keep the profiles that were not merged into another one."""
        return self.filter(merged_into__isnull=True)

    def for_list(self) -> Self:
        """Add what lists sort by: `sort_name`, and `active_at`, the latest event or else when the person became known."""
        return self.annotate(sort_name=SortName(), active_at=Coalesce("latest_seen_at", "created_at"))

    def with_attribute(self, key: str, text: str) -> Self:
        """Keep people whose attribute `key` reads `text`. The key is a parameter of the query, never a part of its text."""
        return self.filter(Exact(KeyTextTransform(key, "attributes"), Value(text, output_field=models.TextField())))

    def reachable_by(self, channel: str, *, has: bool = True) -> Self:
        """Keep people who have an address of this kind, or have none."""
        points = self.model._meta.get_field("contact_points").related_model
        found = Exists(points.objects.filter(profile=OuterRef("pk"), kind=channel))
        return self.filter(found if has else ~found)

    def with_consent(self, channel: str, status: str) -> Self:
        """Keep people with an address of this kind whose word on the channel as a whole is `status`; '' is: never asked."""
        points = self.model._meta.get_field("contact_points").related_model.objects.filter(profile=OuterRef("pk"), kind=channel)
        words = points.annotate(word=_WordOnChannel("kind", "address"))
        return self.filter(Exists(words.filter(word=status) if status else words.filter(word__isnull=True)))


class _WordOnChannel(Func):
    """The status of a contact point's address for its channel as a whole."""

    template = (
        "(SELECT word.status FROM profiles_consentstate word"
        " WHERE (word.channel, word.address) = (%(expressions)s) AND word.topic = '')"
    )
    output_field = models.CharField()


class EventQuerySet(models.QuerySet[Any]):
    def of_person(self, profile_id: int, origin_ids: Collection[int] = ()) -> Self:
        """Keep the events of a person: of the profile itself and of the origins merged into it."""
        return self.filter(profile_id__in=[profile_id, *origin_ids])


class OrderQuerySet(ListedQuerySet):
    def of_people(self, profile_ids: Collection[int]) -> Self:
        """Keep the orders of these profiles: a person and the origins merged into it."""
        return self.filter(profile_id__in=list(profile_ids))
