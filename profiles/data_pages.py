"""Which pages live below Data, in which group, and who may open them?

A module with pages adds them when the app is ready (profiles.apps), in the order in which they are to stand:

    data_pages.register(
        Page("profiles:order-list", _("Orders"), "receipt", _("What was bought, for how much."), Right.VIEW, Group.SHOP)
    )

The index at /data/ and the palette show what is registered; the way back of such a page is "profiles:data" ("Data").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omni import search
from omni.roles import Right, may

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.models import User


class Group(Enum):
    """The headings of the index, in order."""

    ARRIVING = _("What arrives")
    MEANING = _("What it means")
    SHOP = _("What is sold")


@dataclass(frozen=True)
class Page:
    """One page: `icon` is a name of the sprite, `description` one short sentence, `right` what one needs to open it."""

    url_name: str
    label: str | _StrPromise
    icon: str
    description: str | _StrPromise
    right: Right = Right.VIEW
    group: Group = Group.ARRIVING

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_pages: dict[str, Page] = {}


def register(page: Page) -> None:
    """Add a page to the index; registering the same url name again replaces it."""
    _pages[page.url_name] = page


def for_user(user: User) -> list[tuple[Group, list[Page]]]:
    """Return the groups with the pages this person may open; empty groups are left out."""
    visible = [page for page in _pages.values() if may(user, page.right) and _is_mounted(page)]
    grouped = [(group, [page for page in visible if page.group is group]) for group in Group]
    return [(group, pages) for group, pages in grouped if pages]


def find(query: str, user: User, limit: int) -> list[search.Hit]:
    """Return the pages for the palette."""
    pages = [page for _group, pages in for_user(user) for page in pages]
    hits = [search.Hit(page.label, page.url, page.icon, gettext("Data"), keywords=page.description) for page in pages]
    return search.matching(hits, query, limit)


def _is_mounted(page: Page) -> bool:
    try:
        return bool(page.url)
    except NoReverseMatch:
        return False
