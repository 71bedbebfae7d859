"""Which places are there, and which of them may this person open?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.models import User


@dataclass(frozen=True)
class Place:
    label: str | _StrPromise
    icon: str
    url: str
    prefix: str | tuple[str, ...]
    shortcut: str  # "g" then this letter goes there
    is_current: bool = False


@dataclass(frozen=True)
class Tab:
    """One view of an object; see templates/components/_tabs.html."""

    label: str | _StrPromise
    url: str
    is_current: bool = False
    count: int | None = None


# (label, icon, url name, path prefix, shortcut)
PLACES = (
    (_("Home"), "home", "home", "/", "h"),
    (_("People"), "users", "profiles:person-list", "/people/", "p"),
    (_("Segments"), "filter", "segments:segment-list", "/segments/", "s"),
    (_("Campaigns"), "speakerphone", "campaigns:campaign-list", ("/campaigns/", "/templates/"), "c"),
    (_("Reports"), "chart-bar", "campaigns:report-list", "/reports/", "r"),
    (_("Data"), "database", "profiles:data", "/data/", "d"),
    (_("Settings"), "settings", "settings", "/settings/", "t"),
)


def for_user(user: User, *, path: str) -> list[Place]:
    """Return the places of the top navigation, the one that holds `path` marked as current."""
    places = []
    for label, icon, name, prefix, shortcut in PLACES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        is_current = path == prefix if prefix == "/" else path.startswith(prefix)
        places.append(Place(label, icon, url, prefix, shortcut, is_current))
    return places
