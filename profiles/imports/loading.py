"""How do many usable rows become people, attributes and consents at once? COPY and sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from profiles import attributes, bulk, changes, consent, identity, search, tombstones
from profiles.imports.mapping import Decision, Plan
from profiles.imports.rows import Row
from profiles.models import ImportedPerson

Outcome = ImportedPerson.Outcome

METHOD = "import"

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_stage (
    profile_id bigint PRIMARY KEY, attributes jsonb NOT NULL, created_at timestamptz
) ON COMMIT DELETE ROWS
"""
# The same rule as profiles.attributes.apply: per attribute the later word wins, and a confirmed value carries its newer time.
_WRITE_ATTRIBUTES = """
WITH newer AS (
    SELECT s.profile_id, jsonb_object_agg(cell.key, cell.value) AS attributes,
        jsonb_object_agg(cell.key, %(fact)s::jsonb) AS facts,
        coalesce(array_agg(cell.key) FILTER (WHERE p.attributes -> cell.key IS DISTINCT FROM cell.value), '{}') AS different,
        jsonb_object_agg(
            cell.key, jsonb_build_array(p.attributes ? cell.key, p.attributes -> cell.key, p.attribute_facts -> cell.key)
        ) FILTER (WHERE p.attributes -> cell.key IS DISTINCT FROM cell.value) AS before
    FROM import_stage s JOIN profiles_profile p ON p.id = s.profile_id CROSS JOIN LATERAL jsonb_each(s.attributes) AS cell
    WHERE coalesce((p.attribute_facts -> cell.key ->> 0)::timestamptz <= %(at)s, true) AND (
        p.attributes -> cell.key IS DISTINCT FROM cell.value OR p.attribute_facts -> cell.key IS DISTINCT FROM %(fact)s::jsonb
    )
    GROUP BY s.profile_id
), gone AS (
    INSERT INTO profiles_attributechange (profile_id, key, before, after, before_at, before_source, at, source)
    SELECT p.id, key, p.attributes -> key, newer.attributes -> key, (p.attribute_facts -> key ->> 0)::timestamptz,
        left(coalesce(p.attribute_facts -> key ->> 1, ''), 80), %(at)s, %(source)s
    FROM newer JOIN profiles_profile p ON p.id = newer.profile_id CROSS JOIN LATERAL unnest(newer.different) AS key
    WHERE p.attributes ? key
)
UPDATE profiles_profile p SET
    attributes = p.attributes || newer.attributes, attribute_facts = p.attribute_facts || newer.facts,
    version = p.version + (cardinality(newer.different) > 0)::int,
    updated_at = CASE WHEN cardinality(newer.different) > 0 THEN %(now)s ELSE p.updated_at END
FROM newer WHERE p.id = newer.profile_id
RETURNING p.id, newer.different, newer.before::text
"""
_WRITE_BEGINNINGS = """
UPDATE profiles_profile p SET created_at = s.created_at
FROM import_stage s WHERE p.id = s.profile_id AND s.created_at < p.created_at
"""
_WRITE_PEOPLE = """
INSERT INTO profiles_importedperson AS held (of_id, profile_id, outcome, before)
SELECT %s, profile_id, outcome, before::jsonb
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (profile_id, outcome, before)
ON CONFLICT (of_id, profile_id) DO UPDATE SET before = excluded.before || coalesce(held.before, '{}')
WHERE excluded.before IS NOT NULL
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
    SELECT profile_id, channel, address, topic, 'granted', %(at)s, %(now)s, 'import', %(source)s, %(proof)s::jsonb
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
    """Some of the people were merged or erased while the rows were loaded; doing the transaction again helps."""

    permanent = False


@dataclass
class Loaded:
    """How many rows had which outcome, and how many profiles turned out to be one with another."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    erased: list[Row] = field(default_factory=list)  # rows about people who were erased, of which nothing was taken
    newcomers: list[tuple[identity.Key, ...]] = field(default_factory=list)  # what the new people are known by


@dataclass
class _Person:
    """What the rows of a batch say about one person; the later row wins."""

    is_new: bool
    identifiers: set[str] = field(default_factory=set)
    has_new_identifier: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    repeats_that_change: int = 0
    repeats: int = -1  # a person has one row at least

    def take(self, row: Row) -> None:
        known = self.attributes
        if self.repeats >= 0:
            self.repeats_that_change += any(key not in known or known[key] != value for key, value in row.attributes.items())
        self.repeats += 1
        known.update(row.attributes)
        if row.created_at:
            self.created_at = min(self.created_at or row.created_at, row.created_at)

    @property
    def words(self) -> set[str]:
        """The words of the name."""
        names = [value for key, value in self.attributes.items() if key in attributes.NAME_KEYS and isinstance(value, str)]
        return {word for name in names for word in search.split(name)}


class _Different(NamedTuple):
    """The keys of a person's attributes that differ now, and what they were before: ImportedPerson.before, as JSON."""

    keys: set[str]
    before: str


def load(*, rows: Sequence[Row], plan: Plan, import_id: int, at: datetime, now: datetime) -> Loaded:
    """Write what the rows say as of `at`; call it in a transaction. Raises ChangedMeanwhileError and identity.ContentionError.

    1. Find, make and merge the people (profiles.identity); new people are written whole, by COPY.
    2. COPY one line per known person into the staging table; write attributes, and since when the person is known.
    3. Refresh the search and record the consents.
    4. Remember whom the import meant; publish `profile_changed` and `consent_changed`.

    About ten statements for new people and twenty for known ones, for a batch of any size. Rows about people who were
    erased are given back, and the others loaded without them.
    """
    try:
        return _load(rows, plan, import_id, at, now) if rows else Loaded()
    except identity.ErasedError as error:
        tombstones.count_refusals(Counter(key for keys in error.places.values() for key in keys), now=now)
        living = [row for place, row in enumerate(rows) if place not in error.places]
        loaded = load(rows=living, plan=plan, import_id=import_id, at=at, now=now)
        loaded.erased += [rows[place] for place in error.places]
        return loaded


def _load(rows: Sequence[Row], plan: Plan, import_id: int, at: datetime, now: datetime) -> Loaded:
    source = f"{METHOD}:{import_id}"
    batch = _Batch(rows, [at.isoformat(), source], now)
    claims = [identity.Claim(row.identifiers, source, min(row.created_at or at, at)) for row in rows]
    batch.gather(identity.resolve(claims=claims, now=now, refreshes_search=False, onlooker=batch))
    different = _write_known(batch.known, source, at, now)
    _record_consents(rows, plan.consent, import_id, now)
    _tell(different, now)
    _remember(import_id, batch.people, different)
    loaded = _count(batch.people, different, _merged(batch.owners))
    loaded.newcomers = batch.newcomers
    return loaded


class _Batch:
    """Rows on their way to people; hears from profiles.identity who is new, and writes those."""

    def __init__(self, rows: Sequence[Row], fact: list[str], now: datetime) -> None:
        self.rows, self.now = rows, now
        self.facts = _Facts(fact)
        self.owners: Mapping[identity.Key, int] = {}
        self.people: dict[int, _Person] = {}
        self.newcomers: list[tuple[identity.Key, ...]] = []

    @property
    def known(self) -> dict[int, _Person]:
        return {pk: person for pk, person in self.people.items() if not person.is_new}

    def found(self, owners: Mapping[identity.Key, int]) -> None:
        self.owners = owners
        self.people, self.newcomers = {}, []

    def make(self, newcomers: Sequence[identity.Newcomer]) -> None:
        self.newcomers = [newcomer.identifiers for newcomer in newcomers]
        for newcomer in newcomers:
            person = self.people[newcomer.id] = _Person(is_new=True, has_new_identifier=True)
            for index in newcomer.claims:
                person.take(self.rows[index])
        now = self.now.isoformat()
        bulk.copy(
            "profiles_profile",
            ("id", "created_at", "updated_at", "attributes", "attribute_facts", "version", "is_test", "search"),
            (self._line(newcomer, self.people[newcomer.id], now) for newcomer in newcomers),
        )

    def gather(self, profile_ids: Sequence[int]) -> None:
        """Take the rows of people who are not new."""
        new = set(self.people)
        for row, profile_id in zip(self.rows, profile_ids, strict=True):
            if profile_id in new:
                continue
            person = self.people.get(profile_id)
            if person is None:
                person = self.people[profile_id] = _Person(is_new=False)
            person.has_new_identifier |= any(key not in self.owners for key in row.identifiers)
            person.take(row)

    def _line(self, newcomer: identity.Newcomer, person: _Person, now: str) -> tuple[str, ...]:
        words = person.words
        for _type, value in newcomer.identifiers:
            words.update(search.words_of(value))
        return (
            str(newcomer.id),
            newcomer.since.isoformat(),
            now,
            json.dumps(person.attributes, ensure_ascii=False),
            self.facts.of(person.attributes),
            "1",
            "f",
            " ".join([f"'{word}'" for word in words]),
        )


class _Facts:
    """The facts of attributes that all come from one import, as JSON; people of one file mostly have the same keys."""

    def __init__(self, fact: list[str]) -> None:
        self._fact = fact
        self._known: dict[tuple[str, ...], str] = {}

    def of(self, keys: Iterable[str]) -> str:
        wanted = tuple(keys)
        if wanted not in self._known:
            self._known[wanted] = json.dumps(dict.fromkeys(wanted, self._fact), ensure_ascii=False)
        return self._known[wanted]


def _write_known(people: dict[int, _Person], source: str, at: datetime, now: datetime) -> dict[int, _Different]:
    """Write to people who were there before; return what differs now, by profile id."""
    if not people:
        return {}
    _lock(people)
    _stage(people)
    different = _write(source, at, now)
    renamed = {profile_id for profile_id, found in different.items() if found.keys & attributes.NAME_KEYS}
    search.refresh([pk for pk, person in people.items() if person.has_new_identifier or pk in renamed])
    return different


def _lock(people: Iterable[int]) -> None:
    """Lock in order of id, so that two batches wait for each other instead of dying in a deadlock."""
    wanted = sorted(people)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM profiles_profile WHERE id = ANY(%s::bigint[]) AND merged_into_id IS NULL"
            " ORDER BY id FOR NO KEY UPDATE",
            [bulk.numbers(wanted)],
        )
        if [pk for (pk,) in cursor.fetchall()] != wanted:
            raise ChangedMeanwhileError


def _stage(people: dict[int, _Person]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("TRUNCATE import_stage")
        bulk.copy(
            "import_stage",
            ("profile_id", "attributes", "created_at"),
            (
                (
                    str(profile_id),
                    json.dumps(person.attributes, ensure_ascii=False),
                    person.created_at.isoformat() if person.created_at else None,
                )
                for profile_id, person in people.items()
            ),
        )
        cursor.execute("ANALYZE import_stage")


def _write(source: str, at: datetime, now: datetime) -> dict[int, _Different]:
    """Return what differs now, by profile id, without people nothing changed for."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ATTRIBUTES, {"fact": json.dumps([at.isoformat(), source]), "at": at, "now": now, "source": source})
        different = {pk: _Different(set(keys), before) for pk, keys, before in cursor.fetchall() if keys}
        cursor.execute(_WRITE_BEGINNINGS)
    return different


def _record_consents(rows: Sequence[Row], decision: Decision, import_id: int, now: datetime) -> None:
    addresses = sorted({key for row in rows for key in row.identifiers if key[0] in decision.channels})
    if not addresses or not decision.subjects:
        return
    addresses = sorted(set(addresses) - tombstones.among(addresses))
    at = decision.at(now=now)
    if decision.status == consent.GRANTED:
        _grant(addresses, decision, import_id, at, now)
        return
    words = [
        consent.Change(
            channel, address, decision.status, at, METHOD, topic=topic, source=decision.source, proof={"import": import_id}
        )
        for channel, topic in decision.subjects
        for kind, address in addresses
        if kind == channel
    ]
    consent.record(changes=words, now=now)


def _grant(addresses: list[identity.Key], decision: Decision, import_id: int, at: datetime, now: datetime) -> None:
    topics = ["", *decision.topics]
    with connection.cursor() as cursor:
        cursor.execute(
            _GRANT,
            {
                "channels": bulk.texts(channel for channel, _ in addresses),
                "addresses": bulk.texts(address for _, address in addresses),
                "topics": topics,
                "at": at,
                "now": now,
                "source": decision.source[:200],
                "proof": json.dumps({"import": import_id}),
                "claimed": sorted(consent.CLAIMED_BY_PROGRAMS),
                "evidence": sorted(consent.EVIDENCE),
            },
        )
        turned = [profile_id for (profile_id,) in cursor.fetchall()]
    subjects = [f"{channel}:{topic}" if topic else channel for channel, topic in decision.subjects]
    changes.consent_changed(profile_ids=turned, subjects=subjects, now=now)


def _tell(different: dict[int, _Different], now: datetime) -> None:
    # New people were published whole by identity.resolve.
    keys = set().union(*(found.keys for found in different.values()))
    changes.profile_changed(profile_ids=list(different), attributes=keys, now=now)


def _outcome(person: _Person, has_changed: bool) -> str:
    if person.is_new:
        return Outcome.CREATED
    return Outcome.UPDATED if has_changed or person.has_new_identifier else Outcome.UNCHANGED


def _remember(import_id: int, people: dict[int, _Person], different: dict[int, _Different]) -> None:
    outcomes = [str(_outcome(person, profile_id in different)) for profile_id, person in people.items()]
    with connection.cursor() as cursor:
        before = bulk.texts(different[pk].before if pk in different else None for pk in people)
        cursor.execute(_WRITE_PEOPLE, [import_id, bulk.numbers(people), bulk.texts(outcomes), before])


def _merged(owners: Mapping[identity.Key, int]) -> int:
    """Return how many of these people were merged into another just now."""
    if not owners:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM profiles_profile WHERE id = ANY(%s::bigint[]) AND merged_into_id IS NOT NULL",
            [bulk.numbers(set(owners.values()))],
        )
        (count,) = cursor.fetchone()
    return int(count)


def _count(people: dict[int, _Person], different: dict[int, _Different], merged: int) -> Loaded:
    counts = Loaded(merged=merged)
    for profile_id, person in people.items():
        outcome = _outcome(person, profile_id in different)
        counts.created += outcome == Outcome.CREATED
        counts.updated += (outcome == Outcome.UPDATED) + person.repeats_that_change
        counts.unchanged += (outcome == Outcome.UNCHANGED) + person.repeats - person.repeats_that_change
    return counts
