"""How does a person take another address, when both have answered that they are theirs?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from profiles import consent, identity, tombstones
from profiles.consent.preferences import METHOD
from profiles.consent.subscribing import DOUBLE_OPT_IN
from profiles.models import ConsentState, Identifier

CAME_BACK = "moved here and confirmed it"
OWNER = "the owner of the address"


def move(*, channel: str, old: str, new: str, source: str, proof: dict[str, Any], now: datetime) -> int:
    """Let the person of the address `old` be reached at `new` instead; return who it is. Both are normalized.

    1. Both addresses belong to one person; two profiles become one, within the limits of every merge. An address of
       somebody who was erased may be used again: its owner has just said so.
    2. What was allowed or refused at the old address is so at the new one: a no is taken over as a no.
    3. Nothing is sent to the old one any more.
    """
    with transaction.atomic():
        tombstones.lift(key=(channel, new), reason=CAME_BACK, by=OWNER, now=now)
        claim = identity.Claim(((channel, old), (channel, new)), source[:80], now)
        (profile_id,) = identity.resolve(claims=[claim], now=now)
        held = ConsentState.objects.filter(channel=channel, address=old).exclude(status=consent.PENDING)
        said = [
            consent.Change(
                channel,
                new,
                state.status,
                now,
                DOUBLE_OPT_IN if state.status == consent.GRANTED else METHOD,
                topic=state.topic,
                source=source,
                proof=proof,
                profile_id=profile_id,
            )
            for state in held.order_by("topic")
        ]
        said.append(
            consent.Change(
                channel,
                old,
                consent.WITHDRAWN,
                now,
                METHOD,
                source=source,
                proof=proof | {"reason": "moved"},
                profile_id=profile_id,
            )
        )
        consent.record(changes=said, now=now)
        Identifier.objects.filter(type=channel, value__in=[old, new], verified_at=None).update(verified_at=now)
    return profile_id
