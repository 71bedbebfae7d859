"""How do many usable rows become people, attributes and consents at once? COPY into a staging table, then sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from profiles import attributes, changes, consent, identity, search
from profiles.imports.mapping import Decision, Plan
from profiles.imports.rows import Row
from profiles.models import ImportedPerson, Profile

Outcome = ImportedPerson.Outcome

METHOD = "import"

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_stage (
    profile_id bigint PRIMARY KEY, attributes jsonb NOT NULL, created_at timestamptz, words text
) ON COMMIT DELETE ROWS
"""
# The same rule as profiles.attributes.apply: per attribute the later word wins, and a confirmed value carries its newer time.
_WRITE_ATTRIBUTES = """
WITH newer AS (
    SELECT s.profile_id, s.words, jsonb_object_agg(cell.key, cell.value) AS attributes,
        jsonb_object_agg(cell.key, %(fact)s::jsonb) AS facts,
        coalesce(array_agg(cell.key) FILTER (WHERE p.attributes -> cell.key IS DISTINCT FROM cell.value), '{}') AS different
    FROM import_stage s JOIN profiles_profile p ON p.id = s.profile_id CROSS JOIN LATERAL jsonb_each(s.attributes) AS cell
    WHERE coalesce((p.attribute_facts -> cell.key ->> 0)::timestamptz <= %(at)s, true) AND (
        p.attributes -> cell.key IS DISTINCT FROM cell.value OR p.attribute_facts -> cell.key IS DISTINCT FROM %(fact)s::jsonb
    )
    GROUP BY s.profile_id, s.words
)
UPDATE profiles_profile p SET
    attributes = p.attributes || newer.attributes, attribute_facts = p.attribute_facts || newer.facts,
    version = p.version + (cardinality(newer.different) > 0)::int,
    search = CASE WHEN newer.words IS NULL THEN p.search ELSE array_to_tsvector(string_to_array(newer.words, ' ')) END,
    updated_at = CASE WHEN cardinality(newer.different) > 0 THEN %(now)s ELSE p.updated_at END
FROM newer WHERE p.id = newer.profile_id
RETURNING p.id, newer.different
"""
_WRITE_BEGINNINGS = """
UPDATE profiles_profile p SET created_at = s.created_at
FROM import_stage s WHERE p.id = s.profile_id AND s.created_at < p.created_at
"""
_WRITE_PEOPLE = """
INSERT INTO profiles_importedperson (of_id, profile_id, outcome)
SELECT %s, profile_id, outcome FROM unnest(%s::bigint[], %s::text[]) AS new (profile_id, outcome)
ON CONFLICT (of_id, profile_id) DO NOTHING
"""
# A claim without proof outweighs only an older claim of its kind (profiles.consent.weight): the fold in one statement.
_GRANT = """
WITH subjects AS (
    SELECT point.profile_id, wanted.channel, wanted.address, topic.key AS topic
    FROM unnest(%(channels)s::text[], %(addresses)s::text[]) AS wanted (channel, address)
    LEFT JOIN profiles_contactpoint point ON point.kind = wanted.channel AND point.address = wanted.address
    CROSS JOIN unnest(%(topics)s::text[]) AS topic (key)
), entries AS (
    INSERT INTO profiles_consent (profile_id, channel, address, topic, status, at, recorded_at, method, source, proof)
    SELECT profile_id, channel, address, topic, 'granted', %(at)s, %(now)s, 'import', %(source)s, '{}'
    FROM subjects ORDER BY channel, address, topic
    RETURNING id, profile_id, channel, address, topic
), states AS (
    INSERT INTO profiles_consentstate (channel, address, topic, status, since_at, consent_id)
    SELECT channel, address, topic, 'granted', %(at)s, id FROM entries
    ON CONFLICT (channel, address, topic) DO UPDATE
    SET status = excluded.status, since_at = excluded.since_at, consent_id = excluded.consent_id
    WHERE profiles_consentstate.status = 'pending'
        OR profiles_consentstate.status = 'granted' AND profiles_consentstate.since_at < excluded.since_at
        AND EXISTS (
            SELECT FROM profiles_consent held WHERE held.id = profiles_consentstate.consent_id
            AND held.method = ANY(%(claimed)s) AND NOT held.proof ?| %(evidence)s
        )
    RETURNING channel, address, topic
)
SELECT DISTINCT entries.profile_id FROM states JOIN entries USING (channel, address, topic)
LEFT JOIN profiles_consentstate was USING (channel, address, topic)
WHERE was.status IS DISTINCT FROM 'granted' AND entries.profile_id IS NOT NULL
"""


class ChangedMeanwhileError(Exception):
    """Some of the people were merged while the rows were loaded; doing the transaction again helps."""

    permanent = False


@dataclass
class Loaded:
    """How many rows had which outcome, and how many profiles turned out to be one with another."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0


@dataclass
class _Person:
    """What the rows of a batch say about one person; the later row wins."""

    is_new: bool
    identifiers: set[str] = field(default_factory=set)
    has_new_identifier: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    repeats_that_change: int = 0
    repeats: int = 0

    @property
    def words(self) -> str | None:
        """The words a new person is found by, written with the attributes; None: refreshed afterwards."""
        if not self.is_new or not self.attributes:
            return None
        names = [value for key, value in self.attributes.items() if key in attributes.NAME_KEYS and isinstance(value, str)]
        return " ".join(sorted({word for text in (*names, *self.identifiers) for word in search.split(text)}))


def load(*, rows: Sequence[Row], plan: Plan, import_id: int, at: datetime, now: datetime) -> Loaded:
    """Write what the rows say as of `at`; call it in a transaction. Raises ChangedMeanwhileError and identity.ContentionError.

    1. Find, make and merge the people (profiles.identity).
    2. COPY one line per person into the staging table; write attributes, and since when the person is known.
    3. Refresh the search and record the consents.
    4. Remember whom the import meant; publish `profile_changed` and `consent_changed`.

    About thirty statements for a batch of any size.
    """
    if not rows:
        return Loaded()
    source = f"{METHOD}:{import_id}"
    owners = _owners(rows)
    claims = [identity.Claim(row.identifiers, source, min(row.created_at or at, at)) for row in rows]
    profile_ids = identity.resolve(claims=claims, now=now, refreshes_search=False)
    people = _gather(rows, profile_ids, owners)
    _lock(people)
    _stage(people)
    different = _write(source, at, now)
    _refresh_search(people, different)
    _record_consents(rows, plan.consent, now)
    _tell(people, different, now)
    _remember(import_id, people, different)
    merged = Profile.objects.filter(pk__in=set(owners.values()), merged_into__isnull=False).count()
    return _count(people, different, merged)


def _owners(rows: Sequence[Row]) -> dict[identity.Key, int]:
    keys = sorted({key for row in rows for key in row.identifiers})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.type, i.value, i.profile_id FROM unnest(%s::text[], %s::text[]) AS wanted (type, value)"
            " JOIN profiles_identifier i ON i.type = wanted.type AND i.value = wanted.value",
            [[key[0] for key in keys], [key[1] for key in keys]],
        )
        return {(kind, value): profile_id for kind, value, profile_id in cursor.fetchall()}


def _gather(rows: Sequence[Row], profile_ids: Sequence[int], owners: dict[identity.Key, int]) -> dict[int, _Person]:
    known = set(owners.values())
    people: dict[int, _Person] = {}
    for row, profile_id in zip(rows, profile_ids, strict=True):
        adds = any(key not in owners for key in row.identifiers)
        person = people.get(profile_id)
        if person is None:
            person = people[profile_id] = _Person(is_new=profile_id not in known)
        else:
            person.repeats += 1
            says_more = any(
                key not in person.attributes or person.attributes[key] != row.attributes[key] for key in row.attributes
            )
            person.repeats_that_change += says_more
        person.has_new_identifier |= adds
        person.identifiers.update(value for _type, value in row.identifiers)
        person.attributes.update(row.attributes)
        if row.created_at:
            person.created_at = min(person.created_at or row.created_at, row.created_at)
    return people


def _lock(people: Iterable[int]) -> None:
    """Lock in order of id, so that two batches wait for each other instead of dying in a deadlock."""
    rows = Profile.objects.filter(pk__in=list(people)).order_by("pk").select_for_update(no_key=True)
    if any(merged for merged in rows.values_list("merged_into_id", flat=True)):
        raise ChangedMeanwhileError


def _stage(people: dict[int, _Person]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("TRUNCATE import_stage")
        with cursor.copy("COPY import_stage (profile_id, attributes, created_at, words) FROM STDIN") as copy:
            for profile_id, person in people.items():
                created_at = person.created_at.isoformat() if person.created_at else None
                copy.write_row((profile_id, json.dumps(person.attributes, ensure_ascii=False), created_at, person.words))
        cursor.execute("ANALYZE import_stage")


def _write(source: str, at: datetime, now: datetime) -> dict[int, set[str]]:
    """Return {profile id: keys of the attributes that differ now}, without people nothing changed for."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ATTRIBUTES, {"fact": json.dumps([at.isoformat(), source]), "at": at, "now": now})
        different = {profile_id: set(keys) for profile_id, keys in cursor.fetchall() if keys}
        cursor.execute(_WRITE_BEGINNINGS)
    return different


def _refresh_search(people: dict[int, _Person], different: dict[int, set[str]]) -> None:
    renamed = {profile_id for profile_id, keys in different.items() if keys & attributes.NAME_KEYS}
    search.refresh(
        [
            pk
            for pk, person in people.items()
            if (person.has_new_identifier or pk in renamed) and not (person.is_new and person.attributes)
        ]
    )


def _record_consents(rows: Sequence[Row], decision: Decision, now: datetime) -> None:
    addresses = sorted({key for row in rows for key in row.identifiers if key[0] in decision.channels})
    if not addresses or not decision.subjects:
        return
    at = decision.at(now=now)
    if decision.status == consent.GRANTED:
        _grant(addresses, decision, at, now)
        return
    words = [
        consent.Change(channel, address, decision.status, at, METHOD, topic=topic, source=decision.source)
        for channel, topic in decision.subjects
        for kind, address in addresses
        if kind == channel
    ]
    consent.record(changes=words, now=now)


def _grant(addresses: list[identity.Key], decision: Decision, at: datetime, now: datetime) -> None:
    topics = ["", *decision.topics]
    with connection.cursor() as cursor:
        cursor.execute(
            _GRANT,
            {
                "channels": [channel for channel, _ in addresses],
                "addresses": [address for _, address in addresses],
                "topics": topics,
                "at": at,
                "now": now,
                "source": decision.source[:200],
                "claimed": sorted(consent.CLAIMED_BY_PROGRAMS),
                "evidence": sorted(consent.EVIDENCE),
            },
        )
        turned = [profile_id for (profile_id,) in cursor.fetchall()]
    subjects = [f"{channel}:{topic}" if topic else channel for channel, topic in decision.subjects]
    changes.consent_changed(profile_ids=turned, subjects=subjects, now=now)


def _tell(people: dict[int, _Person], different: dict[int, set[str]], now: datetime) -> None:
    # New people were published whole by identity.resolve.
    known = [profile_id for profile_id in different if not people[profile_id].is_new]
    keys = set().union(*(different[profile_id] for profile_id in known)) if known else set()
    changes.profile_changed(profile_ids=known, attributes=keys, now=now)


def _outcome(person: _Person, has_changed: bool) -> str:
    if person.is_new:
        return Outcome.CREATED
    return Outcome.UPDATED if has_changed or person.has_new_identifier else Outcome.UNCHANGED


def _remember(import_id: int, people: dict[int, _Person], different: dict[int, set[str]]) -> None:
    outcomes = [str(_outcome(person, profile_id in different)) for profile_id, person in people.items()]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_PEOPLE, [import_id, list(people), outcomes])


def _count(people: dict[int, _Person], different: dict[int, set[str]], merged: int) -> Loaded:
    counts = Loaded(merged=merged)
    for profile_id, person in people.items():
        outcome = _outcome(person, profile_id in different)
        counts.created += outcome == Outcome.CREATED
        counts.updated += (outcome == Outcome.UPDATED) + person.repeats_that_change
        counts.unchanged += (outcome == Outcome.UNCHANGED) + person.repeats - person.repeats_that_change
    return counts
