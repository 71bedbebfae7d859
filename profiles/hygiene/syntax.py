"""Is this text an e-mail address at all, and how is it written?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from profiles import identity
from profiles.models import Identifier

LONGEST = 255
_WRAPPED = re.compile(r"^.*<([^<>]+)>\s*$")
_INVISIBLE = re.compile("[\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True)
class Read:
    """`address` is normalized, or, when `is_address` is False, the text itself cut to what can be stored."""

    address: str
    is_address: bool

    @property
    def local(self) -> str:
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2] if self.is_address else ""


def read(text: str) -> Read:
    """Return the address that the text means; "Anna <anna@shop.bg>" and "mailto:" are understood. Idempotent."""
    bare = _INVISIBLE.sub("", text).strip()
    if found := _WRAPPED.match(bare):
        bare = found[1].strip()
    bare = bare.removeprefix("mailto:").strip().strip("'\"")
    normal = identity.normalize(Identifier.Type.EMAIL, bare)
    if normal is None or "." not in normal.rpartition("@")[2]:
        return Read(" ".join(bare.split())[:LONGEST], False)
    return Read(normal, True)
