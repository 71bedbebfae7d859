"""Does anything else hang on these people than what one import brought?

An app downstream registers from AppConfig.ready whom it has something of:

    traces.register(lambda ids: set(Delivery.objects.filter(profile_id__in=ids).values_list("profile_id", flat=True)))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection
from django.db.models import ForeignKey

from profiles import bulk
from profiles.models import Consent, ContactPoint, Identifier, Merge, Profile

Find = Callable[[Sequence[int]], set[int]]

_finders: list[Find] = []

# Whose rows an import itself makes; they are looked at one by one below.
_OWN = (Identifier, ContactPoint, Consent, Merge, Profile)
_OTHER_WORDS = """
SELECT id FROM unnest(%(ids)s::bigint[]) AS person (id)
WHERE EXISTS (SELECT FROM profiles_event e WHERE e.profile_id = person.id)
    OR EXISTS (SELECT FROM profiles_identifier i WHERE i.profile_id = person.id AND i.source <> %(source)s)
    OR EXISTS (
        SELECT FROM profiles_consent c WHERE c.profile_id = person.id
        AND c.proof -> 'import' IS DISTINCT FROM to_jsonb(%(import)s::bigint) AND c.method <> %(undo)s
    )
    OR EXISTS (
        SELECT FROM profiles_profile p, jsonb_each(p.attribute_facts) AS fact
        WHERE p.id = person.id AND fact.value ->> 1 IS DISTINCT FROM %(source)s
    )
    OR EXISTS (SELECT FROM profiles_profile p WHERE p.id = person.id AND p.merged_into_id IS NOT NULL)
    OR EXISTS (SELECT FROM profiles_profile p WHERE p.merged_into_id = person.id)
    OR EXISTS (
        SELECT FROM profiles_importedperson other
        WHERE other.profile_id = person.id AND other.of_id <> %(import)s AND other.undone = ''
    )
"""


def register(find: Find) -> None:
    _finders.append(find)


def beside_import(*, profile_ids: Sequence[int], import_id: int, undo_method: str) -> set[int]:
    """Return those who have anything that did not come from this import. A fixed number of queries for any number of people."""
    if not profile_ids:
        return set()
    said: dict[str, str | int] = {
        "ids": bulk.numbers(profile_ids),
        "source": f"import:{import_id}",
        "import": import_id,
        "undo": undo_method,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OTHER_WORDS, said)
        found = {pk for (pk,) in cursor.fetchall()}
    for relation in Profile._meta.related_objects:
        if isinstance(relation.field, ForeignKey) and relation.related_model not in _OWN:
            name = relation.field.attname
            rows = relation.related_model._default_manager.filter(**{f"{name}__in": profile_ids})
            found.update(rows.values_list(name, flat=True))
    for find in _finders:
        found |= find(profile_ids)
    return found
