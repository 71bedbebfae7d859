"""Who matches this definition? A tree becomes one statement, for everyone or for given people.

Leaves that one row of `profiles` answers are gathered into one predicate; the others are sets of ids, combined by set
algebra. A set may be inverted (those who do not match), so that "everybody but" is subtracted from what the neighbors
found, and from everybody only when nothing else is left.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from profiles.models import Profile
from segments import tree
from segments.conditions import CONDITIONS
from segments.conditions.base import NOBODY, Sql, people_where

logger = logging.getLogger(__name__)

WORK_MEMORY = "128MB"
ANSWER_SECONDS = 10
REACH = {"kind": "reachable", "params": {"relation": "may", "channel": "email", "topic": ""}}


class TooSlowError(Exception):
    """The question takes longer than somebody waits for it; asking again while the database is busy may help."""

    permanent = False


@dataclass(frozen=True)
class Rows:
    """People of whom one row of `profiles` tells that they match: a predicate over `profiles_profile p`."""

    where: Sql


Part = Rows | Sql


@dataclass(frozen=True)
class Example:
    """A person who matches, and why: what each condition found about them."""

    profile: Profile
    reasons: tuple[str, ...]

    @property
    def face(self) -> str:
        """Initials for the round mark beside the name."""
        return "".join(word[0] for word in self.profile.name.split()[:2]).upper() or "?"


@dataclass(frozen=True)
class Preview:
    """How many match, of how many, how many of them e-mail may reach, and a few of them."""

    size: int
    everybody: int
    by_email: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Finding:
    """Whether one part of a definition holds for a person. `match` is set for groups, `clause` and `note` for conditions."""

    path: str
    holds: bool
    clause: str = ""
    note: str = ""
    match: str = ""

    @property
    def depth(self) -> int:
        return self.path.count(".") + bool(self.path)


def people(definition: Any, *, now: datetime, among: Collection[int] | None = None) -> QuerySet[Profile]:
    """Return the surviving profiles that match; only among `among` when it is given. Compiling costs a query per event leaf."""
    found = sql(definition, now=now, among=among)
    matching: QuerySet[Profile] = Profile.objects.filter(pk__in=RawSQL(found.text, found.params))  # noqa: S611
    return matching


def ids(definition: Any, *, now: datetime, among: Collection[int] | None = None) -> set[int]:
    """Return the ids of the surviving profiles that match; only among `among` when it is given."""
    found = sql(definition, now=now, among=among)
    with room(), connection.cursor() as cursor:
        cursor.execute(found.text, found.params)
        return {row[0] for row in cursor.fetchall()}


def count(definition: Any, *, now: datetime) -> int:
    """Return how many match; raises TooSlowError after ANSWER_SECONDS."""
    found = sql(definition, now=now)
    with room(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({found.text}) AS found", found.params)
        return int(cursor.fetchone()[0])


def sample(definition: Any, *, now: datetime, most: int = 10) -> list[Example]:
    """Return the newest people who match, each with the reasons; raises TooSlowError."""
    found = sql(definition, now=now)
    with room(), connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM ({found.text}) AS found ORDER BY id DESC LIMIT %s", (*found.params, most))
        newest = [row[0] for row in cursor.fetchall()]
    return _examples(definition, newest, now)


def preview(definition: Any, *, now: datetime, most: int = 10) -> Preview:
    """Return the size, the reach and a few people in one look at the tables; raises TooSlowError after ANSWER_SECONDS."""
    found = sql(definition, now=now)
    reach = CONDITIONS["reachable"].ids(REACH["params"], now=now, among=None)  # type: ignore[arg-type]
    text = (
        f"WITH found AS MATERIALIZED ({found.text})"
        " SELECT (SELECT count(*) FROM found),"
        " (SELECT count(*) FROM profiles_profile WHERE merged_into_id IS NULL),"
        f" (SELECT count(*) FROM found WHERE id IN ({reach.text})),"
        " ARRAY(SELECT id FROM found ORDER BY id DESC LIMIT %s)"
    )
    with room(), connection.cursor() as cursor:
        cursor.execute(text, (*found.params, *reach.params, most))
        size, everybody, by_email, newest = cursor.fetchone()
    return Preview(size, everybody, by_email, tuple(_examples(definition, newest, now)))


def sql(definition: Any, *, now: datetime, among: Collection[int] | None = None) -> Sql:
    """Return `SELECT id` of everybody who matches.

    A definition with a kind that is not there, or with parameters its form refuses, matches nobody and is logged:
    leaving out a condition could turn a few people into everybody.
    """
    try:
        sound = tree.clean(definition)
    except tree.InvalidDefinitionError as error:
        logger.warning("a definition that cannot be used matches nobody: %s", error)
        return NOBODY
    part = _part(sound["root"], now, among)
    if isinstance(part, Rows):
        return people_where(part.where, among)
    if part.inverted:
        return _except(_everybody(among), part)
    return part


def _part(node: tree.Node, now: datetime, among: Collection[int] | None) -> Part:
    if "items" not in node:
        condition, params = CONDITIONS[node["kind"]], node["params"]
        where = condition.where(params, now=now)
        return Rows(where) if where is not None else condition.ids(params, now=now, among=among)
    parts = [_part(item, now, among) for item in node["items"]]
    if node["match"] == "all":
        return _all(parts, among)
    found = _any(parts, among)
    return _turned(found) if node["match"] == "none" else found


def _turned(part: Part) -> Part:
    if isinstance(part, Rows):
        return Rows(Sql(f"({part.where.text}) IS NOT TRUE", part.where.params))
    return Sql(part.text, part.params, not part.inverted)


def _all(parts: list[Part], among: Collection[int] | None) -> Part:
    rows = [part.where for part in parts if isinstance(part, Rows)]
    sets = [part for part in parts if isinstance(part, Sql) and not part.inverted]
    without = [part for part in parts if isinstance(part, Sql) and part.inverted]
    predicate = _join_rows("AND", rows) if rows else None
    if predicate is not None and not sets and not without:
        return Rows(predicate)
    if predicate is not None:
        found = _narrow(sets, predicate, among)
    elif sets:
        found = reduce(lambda a, b: _join("INTERSECT", a, b), sets)
    else:
        either = reduce(lambda a, b: _join("UNION", a, b), without)
        return Sql(either.text, either.params, inverted=True)
    return reduce(_except, without, found)


def _any(parts: list[Part], among: Collection[int] | None) -> Part:
    sets = [part for part in parts if isinstance(part, Sql)]
    if not sets or any(part.inverted for part in sets):
        # a or not b is everybody but those of b who are not a: no need to list everybody.
        return _turned(_all([_turned(part) for part in parts], among))
    rows = [part.where for part in parts if isinstance(part, Rows)]
    if rows:
        sets = [people_where(_join_rows("OR", rows), among), *sets]
    return reduce(lambda a, b: _join("UNION", a, b), sets)


def _narrow(sets: list[Sql], predicate: Sql, among: Collection[int] | None) -> Sql:
    """Return the people of all the sets for whom the predicate holds; without a set, all for whom it holds."""
    if not sets:
        return people_where(predicate, among)
    found = reduce(lambda a, b: _join("INTERSECT", a, b), sets)
    return people_where(Sql(f"p.id IN ({found.text}) AND {predicate.text}", (*found.params, *predicate.params)), None)


def _join_rows(word: str, predicates: list[Sql]) -> Sql:
    text = f" {word} ".join(f"({predicate.text})" for predicate in predicates)
    return Sql(f"({text})", tuple(value for predicate in predicates for value in predicate.params))


def _join(word: str, one: Sql, other: Sql) -> Sql:
    return Sql(f"({one.text}) {word} ({other.text})", (*one.params, *other.params))


def _except(found: Sql, without: Sql) -> Sql:
    return _join("EXCEPT", found, without)


def _everybody(among: Collection[int] | None) -> Sql:
    return people_where(Sql("true"), among)


def _examples(definition: Any, profile_ids: list[int], now: datetime) -> list[Example]:
    """Return these people in this order with the reasons. Costs two or three queries per leaf, for any number of people."""
    reasons: dict[int, list[str]] = {pk: [] for pk in profile_ids}
    for leaf in tree.leaves(tree.clean(definition)) if profile_ids else []:
        condition = CONDITIONS[leaf["kind"]]
        alone: tree.Definition = {"version": tree.VERSION, "root": {"match": "all", "items": [leaf]}}
        matching = ids(alone, now=now, among=profile_ids)
        for pk, note in condition.evidence(leaf["params"], now=now, profile_ids=matching).items():
            if pk in reasons:
                reasons[pk].append(note)
    found = Profile.objects.in_bulk(profile_ids)
    return [Example(found[pk], tuple(reasons[pk])) for pk in profile_ids if pk in found]


def explain(definition: Any, *, profile_id: int, now: datetime) -> list[Finding]:
    """Return every group and condition, parents first, with whether it holds for this person. Two queries per leaf or so."""
    sound = tree.clean(definition)
    found = []
    for path, node in tree.walk(sound["root"]):
        alone: tree.Definition = {"version": tree.VERSION, "root": node if "items" in node else {"match": "all", "items": [node]}}
        holds = profile_id in ids(alone, now=now, among=[profile_id])
        if "items" in node:
            found.append(Finding(path, holds, match=node["match"]))
            continue
        condition = CONDITIONS[node["kind"]]
        notes = condition.evidence(node["params"], now=now, profile_ids=[profile_id])
        found.append(Finding(path, holds, condition.describe(node["params"]), notes.get(profile_id, "")))
    return found


@contextmanager
def room(seconds: float = ANSWER_SECONDS) -> Iterator[None]:
    """Give the statements inside memory to sort and hash in, and stop them after `seconds`; raises TooSlowError then."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('work_mem'), current_setting('statement_timeout')")
                before = cursor.fetchone()
                _set_local(cursor, WORK_MEMORY, f"{int(seconds * 1000)}ms")
            yield
            # A caller's transaction goes on after this block, so its own settings come back.
            with connection.cursor() as cursor:
                _set_local(cursor, *before)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014":  # query_canceled
            raise TooSlowError from error
        raise


def _set_local(cursor: Any, memory: str, timeout: str) -> None:
    cursor.execute("SELECT set_config('work_mem', %s, true), set_config('statement_timeout', %s, true)", [memory, timeout])
