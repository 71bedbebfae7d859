"""Which pages live below Settings, in which group, and who may open them?

An app adds its pages from its AppConfig.ready:

    settings_pages.register(
        Page("campaigns:provider-list", _("Providers"), "send", _("Who carries the mail."), Right.ADMINISTER, Group.SENDING)
    )
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from omni.roles import Right, may

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.models import User


class Group(Enum):
    """The headings of the index, in order."""

    COMPANY = _("Company")
    SENDING = _("Sending")
    DEVELOPERS = _("Developers")
    SYSTEM = _("System")


@dataclass(frozen=True)
class Page:
    """One page: `icon` is a name of the sprite, `description` one short sentence, `right` what one needs to open it."""

    url_name: str
    label: str | _StrPromise
    icon: str
    description: str | _StrPromise
    right: Right = Right.ADMINISTER
    group: Group = Group.SYSTEM

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


def _is_mounted(page: Page) -> bool:
    try:
        return bool(page.url)
    except NoReverseMatch:
        return False
