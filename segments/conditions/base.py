"""What does a kind of condition declare and do?

A condition answers, for many people at once, who matches. It compiles to a set of ids of surviving profiles, or to a
predicate over profiles, so that leaves are combined by set algebra and `profiles` is touched once, if at all.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django import forms
    from django.utils.functional import _StrPromise

    from segments.catalog import Catalog
    from segments.chips import Row

Params = dict[str, Any]


@dataclass(frozen=True)
class Sql:
    """A piece of SQL with its parameters. Text is ours; every value a person chose is a parameter.

    A set of ids that is `inverted` names exactly the people who do *not* match, because they are the cheaper set to
    find; the compiler subtracts them.
    """

    text: str
    params: tuple[Any, ...] = ()
    inverted: bool = False


NOBODY = Sql("SELECT NULL::bigint AS id WHERE false")

# An event, a membership or an address may still hang on a profile that was merged: `{0}` is its column. The join
# reads the small partial index profile_merged only, so it costs nothing where nobody was merged.
ROOT_OF = "LEFT JOIN profiles_profile merged ON merged.id = {0} AND merged.merged_into_id IS NOT NULL"
ROOT = "COALESCE(merged.merged_into_id, {0})"


def of_origins(column: str, among: Collection[int] | None) -> Sql:
    """Return " AND <column is one of `among` or was merged into one of them>"; nothing when `among` is None."""
    if among is None:
        return Sql("")
    ids = list(among)
    return Sql(
        f" AND {column} IN (SELECT unnest(%s::bigint[])"
        " UNION ALL SELECT origin.id FROM profiles_profile origin WHERE origin.merged_into_id = ANY(%s::bigint[]))",
        (ids, ids),
    )


class Condition(ABC):
    """One kind of question about a person.

    `params` are what `Form` accepted (its `cleaned_data` made JSON-safe); a stored leaf is
    {"kind": key, "params": {...}}. Implementations never read the clock and never build SQL from a chosen text.
    """

    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    icon: ClassVar[str]
    Form: ClassVar[type[forms.Form]]
    # {parameter: those that mean nothing any more once somebody chose another one in the builder}
    leads: ClassVar[dict[str, tuple[str, ...]]] = {}

    @abstractmethod
    def reads(self, params: Params) -> set[str]:
        """Return the changes that can alter the answer, as "<feed kind>:<name>" ("event_recorded:Order Completed")."""

    @abstractmethod
    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        """Return `SELECT <id of a surviving profile>` of all who match; only among `among` when it is given."""

    def where(self, params: Params, *, now: datetime) -> Sql | None:
        """Return the answer as a predicate over `profiles_profile p`, when one row of it is enough to tell; else None."""
        return None

    def flips_at(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql | None:
        """Return `SELECT profile_id, moment` of the next moment after `now` at which time alone may change each answer.

        None when time never does. A moment too early is harmless (the person is looked at once more); one too late is not.
        """
        return None

    @abstractmethod
    def fresh(self) -> Params:
        """Return the parameters of a new row of the builder, not complete yet."""

    @abstractmethod
    def settle(self, params: Params, catalog: Catalog) -> Params:
        """Return the parameters with what no longer fits the other choices replaced; they may still be incomplete."""

    @abstractmethod
    def row(self, params: Params, catalog: Catalog) -> Row:
        """Return the chips for settled parameters."""

    @abstractmethod
    def describe(self, params: Params) -> str:
        """Return the condition in words, as the clause after "people": "whose country is Poland"."""

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        """Return why each of a few people matches ("bought on 3 and 9 Nov"); people without a note are left out."""
        return {}


class RowCondition(Condition):
    """A question that the person's own row answers: `where` is all it takes."""

    @abstractmethod
    def where(self, params: Params, *, now: datetime) -> Sql: ...

    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        return people_where(self.where(params, now=now), among)


def people_where(predicate: Sql, among: Collection[int] | None) -> Sql:
    """Return the surviving profiles for which `predicate` is true, only among `among` when it is given."""
    text = f"SELECT p.id FROM profiles_profile p WHERE p.merged_into_id IS NULL AND {predicate.text}"
    if among is None:
        return Sql(text, predicate.params)
    return Sql(f"{text} AND p.id = ANY(%s::bigint[])", (*predicate.params, list(among)))
