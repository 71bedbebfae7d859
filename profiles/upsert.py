"""How does one person get known or mended by hand or by a program?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from profiles import attributes, identity
from profiles.models import Identifier


@dataclass(frozen=True)
class Upserted:
    profile_id: int
    is_new: bool


def upsert(*, identifiers: Sequence[identity.Key], values: dict[str, Any], source: str, at: datetime, now: datetime) -> Upserted:
    """Find or make the person of these normalized identifiers, at least one, and set the attributes as of `at`.

    One transaction; a value of None takes an attribute away. The rules are those of every other door (profiles.identity).
    Raises identity.ErasedError, and counts it, when that person was erased.
    """
    claim = identity.Claim(tuple(identifiers), source, at)
    with transaction.atomic():
        is_new = not any(Identifier.objects.filter(type=kind, value=value).exists() for kind, value in identifiers)
        (profile_id,) = identity.resolve_living(claims=[claim], now=now)
        if profile_id is not None and values:
            attributes.apply(changes=[attributes.Change(profile_id, values, at, source)], now=now)
    if profile_id is None:
        raise identity.ErasedError({0: list(identifiers)})
    return Upserted(profile_id, is_new)
