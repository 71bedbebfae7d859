"""Whose write key is this? Looked up once every few seconds per process, so that a flood of calls is no flood of queries."""

from __future__ import annotations

import base64
import binascii
import time

from profiles.models import Source

REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 1_000

_remembered: dict[str, tuple[float, int | None]] = {}


def source_id_of(key: str) -> int | None:
    """Return the source with this write key; None when it is unknown or revoked (for REMEMBERED_SECONDS after a change)."""
    if not key:
        return None
    digest = Source.digest(key)
    known = _remembered.get(digest)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    found = Source.objects.filter(key_hash=digest, revoked_at=None).values_list("pk", flat=True).first()
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
