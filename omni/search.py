"""What does Ctrl+K find? Every app registers a provider for its own things; pages and actions are registered here.

    search.register("segments", _("Segments"), find_segments)      # from AppConfig.ready
    def find_segments(query: str, user: User, limit: int) -> list[Hit]: ...

A provider runs one indexed query, returns at most `limit` hits, and only what `user` may open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.models import User

logger = logging.getLogger(__name__)

MOST_PER_PROVIDER = 6
MOST_QUERY_LENGTH = 100


@dataclass(frozen=True)
class Hit:
    """One line of the palette. `keywords` are further words it is found by."""

    title: str | _StrPromise
    url: str
    icon: str = "chevron-right"
    subtitle: str | _StrPromise = ""
    keywords: str | _StrPromise = ""


Provider = Callable[[str, "User", int], Sequence[Hit]]


@dataclass(frozen=True)
class Found:
    """The hits of one provider under its heading."""

    name: str
    label: str | _StrPromise
    hits: Sequence[Hit]


_providers: dict[str, tuple[str | _StrPromise, Provider]] = {}


def register(name: str, label: str | _StrPromise, provider: Provider) -> None:
    """Let the palette ask `provider`; the order of registration is the order of the groups."""
    _providers[name] = (label, provider)


def find(query: str, *, user: User, limit: int = MOST_PER_PROVIDER) -> list[Found]:
    """Return the groups with hits. A provider that fails is logged and left out, so that the rest still answer."""
    asked = query.strip()[:MOST_QUERY_LENGTH]
    found = []
    for name, (label, provider) in _providers.items():
        try:
            hits = list(provider(asked, user, limit))[:limit]
        except Exception:  # one broken provider must not take the palette down
            logger.exception("search provider %s failed", name)
            continue
        if hits:
            found.append(Found(name, label, hits))
    return found


def matching(hits: Sequence[Hit], query: str, limit: int) -> list[Hit]:
    """Return those of a fixed list whose words contain every word of `query`; titles that begin with it come first."""
    words = query.casefold().split()
    if not words:
        return list(hits[:limit])
    scored = []
    for position, hit in enumerate(hits):
        title = str(hit.title).casefold()
        text = f"{title} {hit.subtitle} {hit.keywords}".casefold()
        if all(word in text for word in words):
            scored.append((not title.startswith(words[0]), words[0] not in title, position, hit))
    return [hit for *_, hit in sorted(scored, key=lambda row: row[:3])[:limit]]
