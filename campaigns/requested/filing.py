"""May this letter be asked for, and who remembers it until it is posted?"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from campaigns.models import RequestedLetter
from campaigns.tracking import links

CONFIRM_WITHIN = timedelta(days=7)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_TO_ADDRESS_PER_HOUR = 3
MOST_TO_ADDRESS_PER_DAY = 6
MOST_FROM_PLACE_PER_HOUR = 30  # an office or a phone network shares one


def file(
    *, kind: str, address: str, context: dict[str, Any], language: str, asked_from: str, now: datetime
) -> RequestedLetter | None:
    """Write down that this address asked for a letter; None when it got enough of them lately. Two queries.

    Whoever asks must not learn which it was: an answer is the same for both.
    """
    recent = list(RequestedLetter.objects.filter(address=address, created_at__gt=now - DAY).values_list("created_at", flat=True))
    in_hour = sum(moment > now - HOUR for moment in recent)
    if in_hour >= MOST_TO_ADDRESS_PER_HOUR or len(recent) >= MOST_TO_ADDRESS_PER_DAY:
        return None
    return RequestedLetter.objects.create(
        kind=kind,
        address=address,
        language=language,
        context={**context, "signer": links.signer()},
        key=uuid.uuid4(),
        asked_from=asked_from[:64],
        due_at=now,
        created_at=now,
        expires_at=now + CONFIRM_WITHIN,
    )


def is_flood(*, asked_from: str, now: datetime) -> bool:
    """Say whether too many letters were asked for from this network address within an hour. One query."""
    recent = RequestedLetter.objects.filter(asked_from=asked_from[:64], created_at__gt=now - HOUR)
    return recent.count() >= MOST_FROM_PLACE_PER_HOUR
