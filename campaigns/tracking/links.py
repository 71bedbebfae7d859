"""Which letter does this address in a letter belong to, and did we make it?

A token holds the number of the delivery and of the link, nothing about the person and no target; the tag covers the kind,
so that a click address never works as a way to unsubscribe. Tokens do not expire. After a change of SECRET_KEY the old
ones hold as long as the old key is among SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from django.conf import settings

TAG_BYTES = 16
TRAP_POSITION = 65_535  # the link that nobody sees
_PAYLOAD = struct.Struct(">QH")
_TOKEN_CHARS = -(-(_PAYLOAD.size + TAG_BYTES) * 4 // 3)


class Kind(StrEnum):
    CLICK = "click"
    OPEN = "open"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    CONFIRM = "confirm"  # of a sign-up: the place is the number of its entry in the ledger
    ADDRESS = "address"  # of a change of address: the place is the number of the letter that carries it


@dataclass(frozen=True)
class Place:
    """Which delivery, and which of its links."""

    delivery_id: int
    position: int = 0


def signer() -> str:
    """Name the key that signs now. A letter keeps it, so that a retry after a change of keys has the same addresses."""
    return _name(settings.SECRET_KEY)


def sign(*, kind: Kind, place: Place, signer: str = "") -> str:
    """Return the token of a place. `signer` names the key; the present one when it is '' or gone."""
    payload = _PAYLOAD.pack(place.delivery_id, place.position)
    secret = next((secret for secret in _secrets() if _name(secret) == signer), settings.SECRET_KEY)
    return urlsafe_b64encode(payload + _tag(secret, kind, payload)).decode("ascii").rstrip("=")


def read(*, kind: Kind, token: str) -> Place | None:
    """Return what the token says, or None when it was not made here for this kind. Takes the same time either way."""
    if len(token) != _TOKEN_CHARS:
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    # The last character has bits to spare: only the canonical spelling counts.
    if urlsafe_b64encode(raw).decode("ascii").rstrip("=") != token:
        return None
    payload, tag = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
    matches = [hmac.compare_digest(tag, _tag(secret, kind, payload)) for secret in _secrets()]
    return Place(*_PAYLOAD.unpack(payload)) if any(matches) else None


def click_url(place: Place, *, signer: str = "") -> str:
    return f"{settings.BASE_URL}/t/c/{sign(kind=Kind.CLICK, place=place, signer=signer)}"


def open_url(place: Place, *, signer: str = "") -> str:
    return f"{settings.BASE_URL}/t/o/{sign(kind=Kind.OPEN, place=place, signer=signer)}.gif"


def unsubscribe_url(place: Place, *, signer: str = "") -> str:
    return f"{settings.BASE_URL}/u/{sign(kind=Kind.UNSUBSCRIBE, place=place, signer=signer)}"


_PATHS = {Kind.PREFERENCES: "p", Kind.CONFIRM: "confirm", Kind.ADDRESS: "address"}


def address(kind: Kind, place: Place, *, signer: str = "") -> str:
    """Return the address of a page that belongs to one place."""
    return f"{settings.BASE_URL}/{_PATHS[kind]}/{sign(kind=kind, place=place, signer=signer)}"


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]


@lru_cache(maxsize=16)
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"omni.tracking.1\0" + secret.encode()).digest()


@lru_cache(maxsize=16)
def _name(secret: str) -> str:
    return hashlib.sha256(b"omni.tracking.name\0" + _key(secret)).hexdigest()[:12]


def _tag(secret: str, kind: Kind, payload: bytes) -> bytes:
    return hmac.digest(_key(secret), f"{kind}\0".encode() + payload, "sha256")[:TAG_BYTES]
