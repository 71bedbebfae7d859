"""Which tables hold data of people, whose rows are they, and what does an erasure do to them?

Every app declares its own from AppConfig.ready; the order is that of a copy of the data. A test walks all models and fails
for a column that names a person or an address and is declared nowhere. Tables that point to Profile by a foreign key need
no declaration: their rows go with the person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from profiles.models import Profile

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from profiles.identity import Key

CHUNK = 5_000
APPS = ("omni", "profiles", "segments", "campaigns")


class Fate(Enum):
    """What an erasure does to the rows."""

    ERASED = _("Erased")
    NAMELESS = _("Made nameless")
    KEPT = _("Kept")


@dataclass(frozen=True)
class Subject:
    """Whose data it is: the profiles, every identifier they had, and those of them one can be reached at."""

    profile_ids: tuple[int, ...]
    keys: frozenset[Key] = frozenset()
    addresses: frozenset[Key] = frozenset()


Rows = Callable[[Subject], "QuerySet[Any]"]
Take = Callable[[Subject, datetime], int]


@dataclass(frozen=True)
class Holding:
    """One table. `blank` are the values that make a row nameless; `fields` what a copy of the data shows.

    `take` erases a portion and returns how many rows it was, 0 when nothing is left; without it rows are deleted, or
    `blank` is written. What is `at_once` goes in the transaction that begins an erasure, else in the background.
    """

    key: str
    label: str | _StrPromise
    model: type[models.Model]
    rows: Rows
    fate: Fate = Fate.ERASED
    fields: tuple[str, ...] = ()
    blank: Mapping[str, Any] = field(default_factory=dict)
    take: Take | None = None
    at_once: bool = False
    why: str | _StrPromise = ""  # of what is not erased: the reason, in words

    def erase(self, subject: Subject, now: datetime) -> int:
        """Erase a portion of at most CHUNK rows; return how many. In the caller's transaction."""
        if self.fate is Fate.KEPT:
            return 0
        if self.take is not None:
            return self.take(subject, now)
        rows = self.rows(subject)
        if self.blank:
            rows = rows.exclude(**self.blank) if len(self.blank) == 1 else rows.exclude(Q(**dict(self.blank)))
        chunk = list(rows.order_by().values_list("pk", flat=True)[:CHUNK])
        if not chunk:
            return 0
        some = self.model._base_manager.filter(pk__in=chunk)
        if self.blank:
            return int(some.update(**self.blank))
        some.delete()
        return len(chunk)

    def told(self) -> tuple[str, ...]:
        """Return the fields of a copy; all plain ones when none are named."""
        if self.fields:
            return self.fields
        return tuple(column.attname for column in self.model._meta.concrete_fields if not column.primary_key)


_holdings: dict[str, Holding] = {}


def register(holding: Holding) -> None:
    _holdings[holding.key] = holding


def every() -> list[Holding]:
    """Return what was declared, and then every other table that points to Profile."""
    return [*_holdings.values(), *_pointing({holding.model for holding in _holdings.values()})]


def by_profile(model: type[models.Model], column: str = "profile_id") -> Rows:
    return lambda subject: model._base_manager.filter(**{f"{column}__in": subject.profile_ids})


def by_address(model: type[models.Model], kind: str = "channel", column: str = "address") -> Rows:
    """Rows about the addresses of the subject, whoever they say it is."""
    return lambda subject: model._base_manager.filter(of_addresses(subject, kind, column))


def of_addresses(subject: Subject, kind: str, column: str) -> Q:
    groups: dict[str, list[str]] = {}
    for channel, address in subject.addresses:
        groups.setdefault(channel, []).append(address)
    return reduce(or_, (Q(**{kind: one, f"{column}__in": some}) for one, some in groups.items()), Q(pk__in=[]))


def pointers(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, models.ForeignKey) and column.related_model is Profile
    ]


def _pointing(declared: Iterable[type[models.Model]]) -> Iterator[Holding]:
    known = {*declared, Profile}
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            found = pointers(model)
            if model in known or not found or not model._meta.managed:
                continue
            yield _of_pointers(model, found)


def _of_pointers(model: type[models.Model], found: list[models.ForeignKey[Any, Any]]) -> Holding:
    owning = [column for column in found if not column.null] or found

    def rows(subject: Subject) -> QuerySet[Any]:
        wanted = [Q(**{f"{column.attname}__in": subject.profile_ids}) for column in owning]
        return model._base_manager.filter(reduce(or_, wanted))

    return Holding(model._meta.label_lower, str(model._meta.verbose_name_plural).capitalize(), model, rows, at_once=True)
