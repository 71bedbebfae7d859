"""Who is behind a number? The same relation, selected instead of counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.http import QueryDict

from campaigns.models import Campaign, Version
from campaigns.reports import facts, words
from campaigns.reports.facts import FACTS, End
from profiles.models import ContactPoint, Profile

PAGE = 50
CHUNK = 5_000
GROUPS = ("control", "treated")
NO_REASON = "none"


@dataclass(frozen=True)
class Filter:
    """Which people: with an empty `step` of the campaign as a whole, else of that step. Empty fields do not filter."""

    step: str = ""
    variant: str = ""
    state: str = ""
    reason: str = ""  # NO_REASON: those without one
    group: str = ""  # one of GROUPS
    fact: str = ""  # one of facts.FACTS
    port: str = ""

    @classmethod
    def of_query(cls, query: QueryDict) -> Filter:
        """Read the filter of an address; raises ValueError for a value no person can have."""
        found = cls(**{field.name: query.get(field.name, "") for field in fields(cls)})
        if found.state and found.state not in set(End):
            raise ValueError(f"state: {found.state}")
        if found.fact and found.fact not in FACTS:
            raise ValueError(f"fact: {found.fact}")
        if found.group and found.group not in GROUPS:
            raise ValueError(f"group: {found.group}")
        return found

    def query(self, **changes: str) -> str:
        """Return the filter as the query of an address, without its empty fields."""
        out = QueryDict(mutable=True)
        out.update({key: value for key, value in {**self.as_dict(), **changes}.items() if value})
        return out.urlencode()

    def as_dict(self) -> dict[str, str]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class Line:
    """One person of a list."""

    profile: Profile
    is_known: bool  # False: erased since
    email: str
    entered_at: datetime
    state: End
    reason: str
    variant: str
    converted: bool
    value: float

    @property
    def standing(self) -> str:
        return words.standing(self.state, self.reason)


@dataclass(frozen=True)
class Slice:
    """A page of people; the cursors are None at the ends (see components/_pager.html)."""

    items: list[Line]
    next_cursor: str | None
    previous_cursor: str | None


def count(campaign: Campaign, wanted: Filter, *, version: Version | None = None) -> int:
    """Return how many people the filter selects. Costs two queries."""
    relation, where, params = _selection(wanted)
    statement = f"SELECT count(*) AS people FROM facts WHERE {where}"  # noqa: S608 - constants of _selection
    return int(next(facts.select(relation, statement, facts.scope_of(campaign, version), params))["people"])


def page(
    campaign: Campaign, wanted: Filter, *, query: Mapping[str, str], version: Version | None = None, size: int = PAGE
) -> Slice:
    """Return the people after the id `query["after"]` or before `query["before"]`, by id. Costs four queries."""
    is_backward = _cursor(query.get("before")) > 0
    cursor = _cursor(query.get("before")) if is_backward else _cursor(query.get("after"))
    found = _fetch(campaign, wanted, cursor, size + 1, version=version, is_backward=is_backward)
    has_more, rows = len(found) > size, found[:size]
    if is_backward:
        rows.reverse()
    has_next = has_more or is_backward
    has_previous = has_more if is_backward else cursor > 0
    return Slice(
        _lines(rows),
        str(rows[-1]["profile_id"]) if rows and has_next else None,
        str(rows[0]["profile_id"]) if rows and has_previous else None,
    )


def every(campaign: Campaign, wanted: Filter, *, version: Version | None = None) -> Iterator[Line]:
    """Yield everybody the filter selects, by id, without holding them all. Costs four queries per CHUNK people."""
    after = 0
    while rows := _fetch(campaign, wanted, after, CHUNK, version=version, is_backward=False):
        yield from _lines(rows)
        after = rows[-1]["profile_id"]


def _fetch(
    campaign: Campaign, wanted: Filter, cursor: int, size: int, *, version: Version | None, is_backward: bool
) -> list[dict[str, Any]]:
    relation, where, params = _selection(wanted)
    beyond, direction = ("<", "DESC") if is_backward else (">", "ASC")
    statement = (
        f"SELECT * FROM facts WHERE {where} AND profile_id {beyond} %(cursor)s ORDER BY profile_id {direction} LIMIT %(size)s"  # noqa: S608
    )
    scope = facts.scope_of(campaign, version)
    return list(facts.select(relation, statement, scope, {**params, "cursor": cursor, "size": size}))


def _cursor(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


def _selection(wanted: Filter) -> tuple[str, str, dict[str, Any]]:
    conditions, params = ["true"], wanted.as_dict()
    if wanted.reason == NO_REASON:
        params["reason"] = ""
        conditions.append("reason = ''")
    for name in ("step", "variant", "state", "reason"):
        if params[name]:
            conditions.append(f"{name} = %({name})s")
    if wanted.port:
        conditions.append("port = %(port)s AND NOT is_here")
    if wanted.group:
        conditions.append("is_control" if wanted.group == "control" else "NOT is_control")
    if wanted.fact in FACTS and wanted.fact:
        conditions.append(wanted.fact)
    return (facts.STAYS if wanted.step else facts.PEOPLE), " AND ".join(conditions), params


def _lines(rows: list[dict[str, Any]]) -> list[Line]:
    ids = [row["profile_id"] for row in rows]
    profiles = Profile.objects.in_bulk(ids)
    points = ContactPoint.objects.filter(profile__in=ids, kind="email").order_by("-pk")
    addresses = dict(points.values_list("profile_id", "address"))  # the oldest address of each comes last and stays
    return [
        Line(
            profile=profiles.get(row["profile_id"], Profile(pk=row["profile_id"])),
            is_known=row["profile_id"] in profiles,
            email=addresses.get(row["profile_id"], ""),
            entered_at=row["entered_at"],
            state=End(row["state"]),
            reason=row["reason"],
            variant=row["variant"],
            converted=row["converted"],
            value=float(row["value"]),
        )
        for row in rows
    ]
