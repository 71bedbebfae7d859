"""Which identifiers belonged to somebody who was erased, so that nothing may bring the person back?

Only keyed hashes are kept (HMAC-SHA-256 under TOMBSTONE_KEY): without the key nobody can try addresses or phone numbers
against them. A tombstone is lifted only on purpose, by whoever names the identifier and a reason; what the person had
opted out of, and a block of the address, come back with it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from profiles import bulk
from profiles.models import Consent, ConsentState, Erasure, Suppression, Tombstone

Key = tuple[str, str]  # (type, normalized value)

METHOD = "erasure"  # of the withdrawal that comes back with an address


def digest(key: Key) -> str:
    """Return what is kept of this identifier."""
    secret = settings.TOMBSTONE_KEY.encode()
    return hmac.new(secret, f"{key[0]}:{key[1]}".encode(), hashlib.sha256).hexdigest()


def among(keys: Collection[Key]) -> set[Key]:
    """Return those of these identifiers that are buried. One query; none for nothing, and one more once anybody was erased."""
    if not keys or not Tombstone.objects.exists():
        return set()
    by_hash = {digest(key): key for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hash FROM profiles_tombstone WHERE hash = ANY(%s::text[]) AND lifted_at IS NULL", [bulk.texts(by_hash)]
        )
        return {by_hash[found] for (found,) in cursor.fetchall()}


def count_refusals(times: Mapping[Key, int], *, now: datetime) -> None:
    """Add how often something was refused because of each of these identifiers. One statement."""
    if not times:
        return
    hashes = sorted((digest(key), count) for key, count in times.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_tombstone t SET refusals = t.refusals + met.times, latest_refusal_at = %s FROM"
            " (SELECT held.id, wanted.times FROM unnest(%s::text[], %s::int[]) AS wanted (hash, times)"
            " JOIN profiles_tombstone held ON held.hash = wanted.hash AND held.lifted_at IS NULL"
            " ORDER BY held.id FOR NO KEY UPDATE OF held) AS met WHERE t.id = met.id",
            [now, [one for one, _ in hashes], [count for _, count in hashes]],
        )


def bury(
    *, keys: Collection[Key], addresses: Collection[Key], suppressed: Mapping[Key, str], erasure: Erasure, now: datetime
) -> None:
    """Let none of these identifiers come back; `suppressed` is {address: reason of its block}. One statement."""
    Tombstone.objects.bulk_create(
        [
            Tombstone(
                hash=digest(key),
                type=key[0],
                is_address=key in addresses,
                erasure=erasure,
                buried_at=now,
                suppressed=suppressed.get(key, ""),
            )
            for key in sorted({*keys, *addresses})
        ],
        ignore_conflicts=True,
    )


def lift(*, key: Key, reason: str, by: str, now: datetime) -> Tombstone | None:
    """Let this identifier be used again; None when no tombstone is on it. Four statements, in one transaction.

    To be erased was to take every permission back: an address returns opted out, and blocked when it was, until its owner
    says something newer.
    """
    with transaction.atomic():
        stone = Tombstone.objects.select_for_update().filter(hash=digest(key), lifted_at=None).first()
        if stone is None:
            return None
        stone.lifted_at, stone.lifted_by, stone.lifted_reason = now, by[:160], reason[:300]
        stone.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
        if stone.is_address:
            _opt_out_again(key, stone, now)
    return stone


def _opt_out_again(key: Key, stone: Tombstone, now: datetime) -> None:
    channel, address = key
    entry = Consent.objects.create(
        channel=channel,
        address=address,
        status=Consent.Status.WITHDRAWN,
        at=stone.buried_at,
        recorded_at=now,
        method=METHOD,
        source="",
        proof={"erasure": str(stone.erasure.number)},
    )
    ConsentState.objects.get_or_create(
        channel=channel,
        address=address,
        topic="",
        defaults={"status": Consent.Status.WITHDRAWN, "since_at": stone.buried_at, "consent": entry},
    )
    if stone.suppressed:
        Suppression.objects.get_or_create(
            channel=channel, address=address, lifted_at=None, defaults={"reason": stone.suppressed, "at": now}
        )
