"""What does a kind of condition declare and do?

A condition answers, for many people at once, who matches. It compiles to a set of ids of surviving profiles, so that
leaves are combined by set algebra and `profiles` is touched last, if at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django import forms
    from django.utils.functional import _StrPromise

Params = dict[str, Any]


@dataclass(frozen=True)
class Sql:
    """A piece of SQL with its parameters. Text is ours; every value a person chose is a parameter."""

    text: str
    params: tuple[Any, ...] = ()


class Condition(ABC):
    """One kind of question about a person.

    `params` are what `Form` accepted (its `cleaned_data` made JSON-safe); a stored leaf is
    {"kind": key, "params": {...}}. Implementations never read the clock and never build SQL from a chosen text.
    """

    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    icon: ClassVar[str]
    Form: ClassVar[type[forms.Form]]

    @abstractmethod
    def reads(self, params: Params) -> set[str]:
        """Return the changes that can alter the answer, as "<feed kind>:<name>" ("event_recorded:Order Completed")."""

    @abstractmethod
    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        """Return `SELECT <id of a surviving profile>` of all who match; only among `among` when it is given."""

    def flips_at(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql | None:
        """Return `SELECT profile_id, moment` of the next moment after `now` at which time alone may change each answer.

        None when time never does. A moment too early is harmless (the person is looked at once more); one too late is not.
        """
        return None

    @abstractmethod
    def describe(self, params: Params) -> str:
        """Return the condition in words, as the middle of a sentence: "country is Poland"."""

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        """Return why each of a few people matches ("bought on 3 and 9 Nov"); people without a note are left out."""
        return {}
