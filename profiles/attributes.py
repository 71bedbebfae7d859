"""What is known about these people? The one way to change attributes: the last writer wins, per attribute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from profiles import changes as news
from profiles import schema, search
from profiles.models import Profile

MOST_PER_PERSON = 500
NAME_KEYS = frozenset({"name", "first_name", "last_name", "middle_name"})


@dataclass(frozen=True)
class Change:
    """New values of a person's attributes as of `at`; None takes an attribute away. Values are JSON."""

    profile_id: int
    values: dict[str, Any]
    at: datetime
    source: str


class Gone(NamedTuple):
    """A value that gave way to `after` (None: taken away); `before_at` is ISO 8601, '' when unknown."""

    profile_id: int
    key: str
    before: Any
    after: Any
    before_at: str
    before_source: str
    at: datetime
    source: str


def apply(*, changes: Sequence[Change], now: datetime) -> dict[int, set[str]]:
    """Write what is newer than what is known; return {profile id: keys that differ now}, without people nothing changed for.

    Per attribute the later `at` wins, and of equal ones the later in `changes`; a late change never overwrites a newer
    value, not even one that was taken away. A profile merged meanwhile stands for its survivor. Learns new attributes and
    publishes `profile_changed`, and keeps the values that gave way. Six statements for a batch of any size, in a transaction
    of its own or the caller's.
    """
    if not changes:
        return {}
    with transaction.atomic():
        people, root = _lock(sorted({change.profile_id for change in changes}))
        different: dict[int, set[str]] = {}
        confirmed: set[int] = set()
        gone: list[Gone] = []
        for change in changes:
            person = people[root[change.profile_id]]
            is_newer, keys = _write(person, change, gone)
            if is_newer:
                confirmed.add(person.pk)
            if keys:
                different.setdefault(person.pk, set()).update(keys)
        _store([people[pk] for pk in sorted(confirmed)], set(different), now)
        _remember(gone)
        _announce(changes, different, now)
        return different


def _lock(ids: list[int]) -> tuple[dict[int, Profile], dict[int, int]]:
    """Return the locked profiles by id, and for each id asked for the id of its survivor."""
    fields = ("pk", "merged_into_id", "attributes", "attribute_facts")
    rows = Profile.objects.order_by("pk").select_for_update(no_key=True).only(*fields)
    people = {person.pk: person for person in rows.filter(pk__in=ids)}
    root = {pk: person.merged_into_id or pk for pk, person in people.items()}
    if missing := sorted({pk for pk in root.values() if pk not in people}):
        people |= {person.pk: person for person in rows.filter(pk__in=missing)}
    return people, root


def _write(person: Profile, change: Change, gone: list[Gone]) -> tuple[bool, set[str]]:
    """Return whether anything was newer (if only the confirmation of a value), and the keys whose values differ.

    Adds the values that gave way to `gone`.
    """
    is_newer, different = False, set()
    fact = [change.at.isoformat(), change.source]
    for key, value in change.values.items():
        held = person.attribute_facts.get(key)
        if held is None and len(person.attribute_facts) >= MOST_PER_PERSON:
            continue
        if held is not None and datetime.fromisoformat(held[0]) > change.at:
            continue
        before = person.attributes.get(key)
        is_same = before == value and type(before) is type(value)
        if is_same and held == fact:
            continue
        is_newer = True
        # A confirmed value carries its newer time, else a late change from in between would win.
        person.attribute_facts[key] = fact
        if is_same:
            continue
        different.add(key)
        if before is not None:
            since, said = held or ("", "")
            gone.append(Gone(person.pk, key, before, value, since, said, change.at, change.source))
        if value is None:
            del person.attributes[key]
        else:
            person.attributes[key] = value
    return is_newer, different


def _store(people: list[Profile], different: set[int], now: datetime) -> None:
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_profile p SET attributes = fresh.attributes::jsonb, attribute_facts = fresh.facts::jsonb,"
            " version = p.version + fresh.differs::int, updated_at = CASE WHEN fresh.differs THEN %s ELSE p.updated_at END"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[]) AS fresh (id, attributes, facts, differs)"
            " WHERE p.id = fresh.id",
            [
                now,
                [person.pk for person in people],
                [json.dumps(person.attributes) for person in people],
                [json.dumps(person.attribute_facts) for person in people],
                [person.pk in different for person in people],
            ],
        )


def _remember(gone: list[Gone]) -> None:
    """Keep the values that gave way. One statement for any number."""
    if not gone:
        return
    columns = list(zip(*gone, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_attributechange (profile_id, key, before, after, before_at, before_source, at, source)"
            " SELECT id, key, before::jsonb, after::jsonb, nullif(before_at, '')::timestamptz, left(said, 80), at,"
            " left(source, 80) FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
            " %s::timestamptz[], %s::text[]) AS gone (id, key, before, after, before_at, said, at, source)",
            [
                list(columns[0]),
                list(columns[1]),
                [json.dumps(value) for value in columns[2]],
                [None if value is None else json.dumps(value) for value in columns[3]],
                *(list(column) for column in columns[4:]),
            ],
        )


def _announce(changes: Sequence[Change], different: dict[int, set[str]], now: datetime) -> None:
    if not different:
        return
    search.refresh([pk for pk, keys in different.items() if keys & NAME_KEYS])
    keys = set().union(*different.values())
    schema.learn_attributes(types=schema.types_of(change.values for change in changes), now=now)
    news.profile_changed(profile_ids=list(different), attributes=keys, now=now)
