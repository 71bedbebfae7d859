"""Whose addresses can be cleaned? Apps downstream add their own kinds of groups from AppConfig.ready.

audiences.register(Audience("segment", _("A segment"), choices=..., people=...))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from profiles.models import ContactPoint, Import, ImportedPerson, Profile

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

EVERYONE, LIST = "everyone", "list"
IMPORTS_OFFERED = 20


@dataclass(frozen=True)
class Audience:
    """A kind of group. `choices` returns (id, name) of those to offer; `people` the ids of the people in one."""

    key: str
    label: str | _StrPromise
    choices: Callable[[], list[tuple[int, str]]]
    people: Callable[[int], QuerySet[Any, Any]]


_audiences: dict[str, Audience] = {}


def register(audience: Audience) -> None:
    """Add a kind of group; registering the same key again replaces it."""
    _audiences[audience.key] = audience


def offered() -> list[tuple[str, str]]:
    """Return (source, name) of every group that can be chosen, everyone first."""
    found = [(EVERYONE, _("Everyone"))]
    for audience in _audiences.values():
        found += [(f"{audience.key}:{pk}", f"{audience.label}: {name}") for pk, name in audience.choices()]
    return found


def points_of(source: str) -> QuerySet[ContactPoint]:
    """Return the contact points of the people of this source; of a group that is gone, none."""
    if source == EVERYONE:
        return ContactPoint.objects.all()
    key, _colon, pk = source.partition(":")
    audience = _audiences.get(key)
    if audience is None or not pk.isdigit():
        return ContactPoint.objects.none()
    # Who was merged away meanwhile has his addresses at the survivor.
    people = Profile.objects.filter(pk__in=audience.people(int(pk))).annotate(now_id=Coalesce("merged_into_id", F("id")))
    return ContactPoint.objects.filter(profile_id__in=people.values("now_id"))


def _imports() -> list[tuple[int, str]]:
    done = Import.objects.filter(state=Import.State.DONE).order_by("-created_at", "-pk")
    return list(done.values_list("pk", "name")[:IMPORTS_OFFERED])


def _imported(pk: int) -> QuerySet[Any, Any]:
    return ImportedPerson.objects.filter(of=pk).values("profile_id")


def register_own() -> None:
    from django.utils.translation import gettext_lazy

    register(Audience("import", gettext_lazy("Import"), _imports, _imported))
