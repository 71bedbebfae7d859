"""Which columns and rows do people leave with, in any number?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from profiles.models import AttributeDef, Identifier, Profile

if TYPE_CHECKING:
    from django.db.models import QuerySet

CHUNK_PEOPLE = 1_000


def table(people: QuerySet[Profile]) -> tuple[list[str], Callable[[], Iterator[list[Any]]]]:
    """Return the header, and what yields the people of this queryset, oldest first, with all identifiers and attributes.

    Two queries per CHUNK_PEOPLE.
    """
    keys = list(AttributeDef.objects.order_by("key").values_list("key", flat=True))
    header = ["id", "email", "phone", "user_id", _("known since"), _("last seen"), *keys]
    return header, lambda: _rows(people, keys)


def _rows(people: QuerySet[Profile], keys: list[str]) -> Iterator[list[Any]]:
    latest = 0
    # By keys instead of a cursor that stays open for as long as somebody's line is slow.
    while chunk := list(islice(people.order_by("pk").filter(pk__gt=latest)[:CHUNK_PEOPLE], CHUNK_PEOPLE)):
        latest = chunk[-1].pk
        known = _identifiers([person.pk for person in chunk])
        for person in chunk:
            names = known.get(person.pk, {})
            yield [
                person.pk,
                *(" ".join(names.get(kind, [])) for kind in ("email", "phone", "user_id")),
                person.created_at.isoformat(timespec="seconds"),
                person.latest_seen_at.isoformat(timespec="seconds") if person.latest_seen_at else "",
                *(_cell(person.attributes.get(key)) for key in keys),
            ]


def _identifiers(ids: list[int]) -> dict[int, dict[str, list[str]]]:
    known: dict[int, dict[str, list[str]]] = {}
    rows = Identifier.objects.filter(profile_id__in=ids).exclude(type=Identifier.Type.ANONYMOUS_ID).order_by("pk")
    for profile_id, kind, value in rows.values_list("profile_id", "type", "value"):
        known.setdefault(profile_id, {}).setdefault(kind, []).append(value)
    return known


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
