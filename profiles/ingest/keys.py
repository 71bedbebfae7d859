"""Whose write key is this? Looked up once every few seconds per process, so that a flood of calls is no flood of queries."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass

from profiles.models import Source

REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 1_000


@dataclass(frozen=True)
class Holder:
    """What accepting needs to know of a source; `origins` are the sites whose pages may use its key (none: all)."""

    source_id: int
    kind: str
    origins: tuple[str, ...] = ()

    def admits(self, origin: str) -> bool:
        """Say whether a page of this origin may use the key; a program that is no browser names none."""
        return not origin or not self.origins or origin.lower() in self.origins


_remembered: dict[str, tuple[float, Holder | None]] = {}


def holder_of(key: str) -> Holder | None:
    """Return who has this write key; None when it is unknown or revoked (for REMEMBERED_SECONDS after a change)."""
    if not key:
        return None
    digest = Source.digest(key)
    known = _remembered.get(digest)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    row = Source.objects.filter(key_hash=digest, revoked_at=None).values_list("pk", "kind", "origins").first()
    found = None if row is None else Holder(row[0], row[1], tuple(row[2]))
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[digest] = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def forget() -> None:
    """Look every key up anew; what this process revoked is refused at once."""
    _remembered.clear()


def from_header(authorization: str) -> str:
    """Return the user name of HTTP Basic, which is where the SDKs put the key, or a Bearer token; '' when there is none."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
