"""Which profile do these identifiers mean; when and how do two become one, and one become two again?"""

from __future__ import annotations

from profiles.identity.normal import normalize
from profiles.identity.plan import Claim, Key
from profiles.identity.resolve import ContentionError, ErasedError, Newcomer, Onlooker, origins_of, resolve, resolve_living

__all__ = [
    "Claim",
    "ContentionError",
    "ErasedError",
    "Key",
    "Newcomer",
    "Onlooker",
    "normalize",
    "origins_of",
    "resolve",
    "resolve_living",
]
