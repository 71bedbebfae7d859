"""Which profile do these identifiers mean; when and how do two become one, and one become two again?"""

from __future__ import annotations

from profiles.identity.normal import normalize
from profiles.identity.plan import Claim, Key
from profiles.identity.resolve import ContentionError, Newcomer, Onlooker, origins_of, resolve

__all__ = ["Claim", "ContentionError", "Key", "Newcomer", "Onlooker", "normalize", "origins_of", "resolve"]
