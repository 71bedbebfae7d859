"""Does the owner of this address want a pause, and until when?

A pause takes nothing back: what was allowed is allowed again when it is over. Whoever begins or ends one holds the gate of
the address, as a withdrawal does.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from profiles import changes, consent
from profiles.models import ContactPoint, Snooze

LONGEST = timedelta(days=365)


def snooze(
    *, channel: str, addresses: Collection[str], until: datetime, method: str, proof: dict[str, Any], now: datetime
) -> None:
    """Pause these normalized addresses until then, a year at most; another pause under way ends with this one's beginning."""
    until = min(until, now + LONGEST)
    with transaction.atomic():
        consent.lock(channel=channel, addresses=addresses)
        _end(channel, addresses, now)
        Snooze.objects.bulk_create(
            Snooze(channel=channel, address=address, starts_at=now, ends_at=until, method=method, proof=proof)
            for address in sorted(set(addresses))
        )
        _announce(channel, addresses, now)


def wake(*, channel: str, addresses: Collection[str], now: datetime) -> bool:
    """End the pause of these addresses now; False when there was none."""
    with transaction.atomic():
        consent.lock(channel=channel, addresses=addresses)
        if not _end(channel, addresses, now):
            return False
        _announce(channel, addresses, now)
        return True


def until(*, addresses: Collection[str], now: datetime) -> dict[tuple[str, str], datetime]:
    """Return {(channel, address): end of the pause} for those that pause now. One query."""
    rows = Snooze.objects.filter(address__in=addresses, starts_at__lte=now, ends_at__gt=now).order_by("ends_at")
    return {(row.channel, row.address): row.ends_at for row in rows}


def _end(channel: str, addresses: Collection[str], now: datetime) -> int:
    under_way = Snooze.objects.filter(channel=channel, address__in=addresses, ends_at__gt=now)
    return under_way.update(ends_at=now)


def _announce(channel: str, addresses: Collection[str], now: datetime) -> None:
    owners = ContactPoint.objects.filter(kind=channel, address__in=addresses).values_list("profile_id", flat=True)
    changes.consent_changed(profile_ids=list(owners), subjects=[channel], now=now)
