"""What did a person ask us to do with their data, and who answers it?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from profiles import consent
from profiles.models import PrivacyRequest

ANSWER_WITHIN = timedelta(days=30)


def ask(
    *, kind: str, profile_id: int | None, channel: str, address: str, verified: str, proof: dict[str, Any], now: datetime
) -> tuple[PrivacyRequest, bool]:
    """File a request, and say whether it is new: asking again while it is not answered is the same one.

    `kind` is a PrivacyRequest.Kind, `verified` a PrivacyRequest.Verified.
    """
    with transaction.atomic():
        # The lock of the address, so that two presses of a button are one request.
        consent.lock(channel=channel, addresses=[address])
        return PrivacyRequest.objects.get_or_create(
            kind=kind,
            channel=channel,
            address=address,
            state=PrivacyRequest.State.NEW,
            defaults={"profile_id": profile_id, "asked_at": now, "verified": verified, "proof": proof},
        )


def due_at(request: PrivacyRequest) -> datetime:
    """Return until when the law gives us time."""
    return request.asked_at + ANSWER_WITHIN


def waiting(*, channel: str, address: str) -> dict[str, PrivacyRequest]:
    """Return what this address asked for and nobody answered yet, by kind. One query."""
    rows = PrivacyRequest.objects.filter(channel=channel, address=address, state=PrivacyRequest.State.NEW)
    return {row.kind: row for row in rows}
