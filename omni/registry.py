"""Which kinds are there? A named, ordered set of plug-in classes that refuses duplicates."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.utils.functional import _StrPromise

logger = logging.getLogger(__name__)


class Plugin(Protocol):
    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]


P = TypeVar("P", bound=Plugin)


class DuplicateKeyError(Exception):
    """Two plug-ins of one registry carry the same key."""


class UnknownKeyError(KeyError):
    """A stored key names no plug-in of this registry."""


class Registry(Generic[P]):
    """Plug-ins by key, in the order of the menu.

    `registry["email"]` raises UnknownKeyError for a key that is not there; `registry.find("email")` logs it and
    returns None, so that a stored key whose plug-in is gone matches nobody.
    """

    def __init__(self, name: str, plugins: Iterable[P]) -> None:
        self.name = name
        self._by_key: dict[str, P] = {}
        for plugin in plugins:
            if plugin.key in self._by_key:
                raise DuplicateKeyError(f"{name}: the key {plugin.key!r} is taken twice")
            self._by_key[plugin.key] = plugin

    def __getitem__(self, key: str) -> P:
        try:
            return self._by_key[key]
        except KeyError:
            raise UnknownKeyError(f"{self.name}: no kind {key!r}") from None

    def find(self, key: str) -> P | None:
        plugin = self._by_key.get(key)
        if plugin is None:
            logger.warning("unknown key %r in registry %s", key, self.name)
        return plugin

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[P]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)
