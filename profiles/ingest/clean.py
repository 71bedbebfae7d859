"""What of a foreign JSON value can be stored? No NUL, no half characters, no endless numbers, no abyss."""

from __future__ import annotations

import math
import re
from typing import Any

DEEPEST = 32
LONGEST_KEY = 255

# PostgreSQL stores no NUL in text and no lone surrogate in UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class TooDeepError(ValueError):
    """The value is nested deeper than DEEPEST."""

    permanent = True


def clean(value: Any, *, depth: int = 0) -> Any:
    """Return `value` without what cannot be stored; raises TooDeepError."""
    kind = type(value)
    if kind is str:
        return _UNSTORABLE.sub("\ufffd", value) if _UNSTORABLE.search(value) else value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict:
        if depth >= DEEPEST:
            raise TooDeepError
        return {_key(key): clean(inner, depth=depth + 1) for key, inner in value.items() if len(key) <= LONGEST_KEY}
    if kind is list:
        if depth >= DEEPEST:
            raise TooDeepError
        return [clean(inner, depth=depth + 1) for inner in value]
    return value


def _key(key: str) -> str:
    return _UNSTORABLE.sub("\ufffd", key) if _UNSTORABLE.search(key) else key
