"""How many identifiers may one person have, and which values name nobody? What the company set, over what the house knows.

Read from the database at most every FRESH_SECONDS in each process; in between, asking costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from profiles.models import BlockedValue, Identifier, IdentifierRule

FRESH_SECONDS = 10.0


@dataclass(frozen=True)
class Limit:
    """At most `most` within `window` (None: ever), and at most `ever` in all (None: no such limit)."""

    most: int
    window: timedelta | None = None
    ever: int | None = None


YEAR, WEEK = timedelta(days=365), timedelta(days=7)
DEFAULTS: dict[str, Limit] = {
    Identifier.Type.USER_ID: Limit(1),
    Identifier.Type.EMAIL: Limit(5, YEAR),
    Identifier.Type.PHONE: Limit(3, YEAR),
    Identifier.Type.TELEGRAM: Limit(3, YEAR),
    Identifier.Type.LINKEDIN: Limit(3, YEAR),
    Identifier.Type.DEVICE_ID: Limit(5, YEAR),
    Identifier.Type.ANONYMOUS_ID: Limit(5, WEEK, ever=300),
}
OTHER_TYPES = Limit(50)


@dataclass(frozen=True)
class Rules:
    """`blocked` holds (type, value); type '' is every type."""

    limits: Mapping[str, Limit] = field(default_factory=lambda: DEFAULTS)
    blocked: frozenset[tuple[str, str]] = frozenset()

    def limit(self, kind: str) -> Limit:
        return self.limits.get(kind, OTHER_TYPES)

    def blocks(self, kind: str, value: str) -> bool:
        return bool(self.blocked) and ((kind, value) in self.blocked or ("", value) in self.blocked)


_known = Rules()
_fresh_until = 0.0


def current() -> Rules:
    """Return the rules; two queries when they were not looked at for FRESH_SECONDS."""
    global _known, _fresh_until
    if time.monotonic() >= _fresh_until:
        own = {row.type: _limit(row) for row in IdentifierRule.objects.all()}
        blocked = BlockedValue.objects.values_list("type", "value")
        _known = Rules({**DEFAULTS, **own}, frozenset(blocked))
        _fresh_until = time.monotonic() + FRESH_SECONDS
    return _known


def remembered() -> Rules:
    """Return the rules as this process knows them, without asking the database."""
    return _known


def forget() -> None:
    """Ask the database again next time."""
    global _known, _fresh_until
    _known, _fresh_until = Rules(), 0.0


def _limit(row: IdentifierRule) -> Limit:
    window = timedelta(days=row.window_days) if row.window_days else None
    return Limit(row.most, window, row.ever)
