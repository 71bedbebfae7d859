"""Which columns does the list of people show, and what stands in them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from profiles.models import ContactPoint, Profile
from profiles.person.attribute_story import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict
    from django.utils.functional import _StrPromise

FIXED: dict[str, str | _StrPromise] = {
    "email": _("E-mail"),
    "phone": _("Phone"),
    "place": _("Place"),
    "seen": _("Last seen"),
    "known": _("Known since"),
}
MOMENTS = ("seen", "known")
ATTRIBUTE = "a:"  # then the key of an attribute
MOST = 12
LONGEST_CELL = 80


@dataclass(frozen=True)
class Column:
    key: str
    label: str | _StrPromise

    @property
    def is_moment(self) -> bool:
        return self.key in MOMENTS


@dataclass(frozen=True)
class Line:
    """A person as a row of the list; `cells` are (column, value)."""

    person: Profile
    email: str
    phone: str
    cells: list[tuple[Column, Any]]

    @property
    def title(self) -> str:
        return self.person.name or self.email or self.phone or str(self.person)


def chosen(query: QueryDict) -> list[Column]:
    """Return the columns that the address asks for by `cols`, or the usual ones."""
    asked = [key for key in query.get("cols", "").split(",") if key in FIXED or key.startswith(ATTRIBUTE)]
    asked += [key for key in query.getlist("col") if key in FIXED or key.startswith(ATTRIBUTE)]
    keys = list(dict.fromkeys(asked))[:MOST] or list(FIXED)
    return [Column(key, FIXED.get(key) or key.removeprefix(ATTRIBUTE)) for key in keys]


def offered(shown: Sequence[Column], attribute_keys: Sequence[str]) -> list[tuple[Column, bool]]:
    """Return every column there is, and whether it is shown."""
    on = {column.key for column in shown}
    keys = [*FIXED, *(f"{ATTRIBUTE}{key}" for key in attribute_keys)]
    return [(Column(key, FIXED.get(key) or key.removeprefix(ATTRIBUTE)), key in on) for key in keys]


def lines(people: Sequence[Profile], columns: Sequence[Column]) -> list[Line]:
    """Return the rows of the page. One query, for their addresses."""
    first: dict[tuple[int, str], str] = {}
    points = ContactPoint.objects.filter(profile__in=[person.pk for person in people]).order_by("pk")
    for profile_id, kind, address in points.values_list("profile_id", "kind", "address"):
        first.setdefault((profile_id, kind), address)
    found = []
    for person in people:
        email, phone = first.get((person.pk, "email"), ""), first.get((person.pk, "phone"), "")
        cells = [(column, _cell(column.key, person, email, phone)) for column in columns]
        found.append(Line(person, email, phone, cells))
    return found


def _cell(key: str, person: Profile, email: str, phone: str) -> Any:
    if key.startswith(ATTRIBUTE):
        value = person.attributes.get(key.removeprefix(ATTRIBUTE))
        text = "" if value is None else in_words(value)
        return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
    place = ", ".join(str(part) for part in (person.attributes.get("city"), person.attributes.get("country")) if part)
    fixed = {"email": email, "phone": phone, "place": place, "seen": person.latest_seen_at, "known": person.created_at}
    return fixed[key]
