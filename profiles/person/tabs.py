"""What stands on a person's page? Blocks and tabs, each told by whoever knows about it.

An app registers from AppConfig.ready, without knowing the page:

    person_tabs.register_block(Block("orders", "side", 30, "profiles/_orders.html", orders_of))
    person_tabs.register_tab(Tab("identity", _("Identity"), "profiles/_identity.html", identity_of))

    def orders_of(asked: Asked) -> dict[str, Any] | None:
        return {"orders": Order.objects.of_people(asked.profile_ids)[:5]}       # None: nothing to show

A template gets what its function returned and besides `person` and `may_edit`. A fixed number of queries each.
Places of blocks: "menu" (items of the menu behind the title), "facts" (items of the list of identifiers), "top" (below it),
"main" (where the timeline is) and "side". Within a place the smaller `order` stands first.
A view that refuses a form shows the page again with `forms={"orders": form}`; the block reads `asked.forms.get("orders")`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.forms import BaseForm
    from django.utils.functional import _StrPromise

    from omni.middleware import StaffRequest
    from profiles.models import Profile

PLACES = ("menu", "facts", "top", "main", "side")


@dataclass(frozen=True)
class Asked:
    """Whose page is shown to whom. `profile_ids` are the person and the origins merged into it."""

    request: StaffRequest
    person: Profile
    profile_ids: Sequence[int]
    may_edit: bool
    forms: Mapping[str, BaseForm] = field(default_factory=dict)


Tell = Callable[[Asked], dict[str, Any] | None]


@dataclass(frozen=True)
class Block:
    """A part of the page. `template` is a fragment; `tell` gives its variables, None when there is nothing to show."""

    key: str
    place: str
    order: int
    template: str
    tell: Tell


@dataclass(frozen=True)
class Tab:
    """A view of the person with an address of its own, beside the overview. `count` goes behind the label."""

    key: str
    label: str | _StrPromise
    template: str
    tell: Tell
    order: int = 50
    count: Callable[[Asked], int | None] | None = None


_blocks: dict[str, Block] = {}
_tabs: dict[str, Tab] = {}


def register_block(block: Block) -> None:
    """Put the block on the page; one of the same key is replaced."""
    if block.place not in PLACES:
        raise ValueError(f"no place {block.place!r} on the page of a person")
    _blocks[block.key] = block


def register_tab(tab: Tab) -> None:
    """Put the tab on the page; one of the same key is replaced."""
    _tabs[tab.key] = tab


def blocks_in(place: str) -> list[Block]:
    return sorted((block for block in _blocks.values() if block.place == place), key=lambda block: block.order)


def tabs() -> list[Tab]:
    return sorted(_tabs.values(), key=lambda tab: tab.order)


def find_tab(key: str) -> Tab | None:
    return _tabs.get(key)
