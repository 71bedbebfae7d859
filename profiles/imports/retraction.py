"""How are the consents that an import claimed taken back? Nothing is deleted: an entry beside each says so.

A pair of such entries counts for nothing, so the state becomes what the rest of the ledger says: an opt-out stays one,
and an address that nobody else has heard from was never asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from profiles import bulk, changes, consent
from profiles.models import Consent, ConsentState

METHOD = "import_undo"

Subject = tuple[str, str, str]  # (channel, address, topic)


def retract(*, import_id: int, profile_ids: Sequence[int], now: datetime) -> int:
    """Take back what the import granted for these people; return how many entries. Call it in a transaction.

    Costs six statements, and one per channel for the gates.
    """
    claimed = list(
        Consent.objects.filter(profile_id__in=profile_ids, proof__import=import_id, status=consent.GRANTED).order_by("pk")
    )
    if not claimed:
        return 0
    for channel in sorted({entry.channel for entry in claimed}):
        consent.lock(channel=channel, addresses={entry.address for entry in claimed if entry.channel == channel})
    ledger = _ledger(claimed)
    gone = {entry.proof["undoes"] for entries in ledger.values() for entry in entries if entry.method == METHOD}
    back = [entry for entry in claimed if entry.pk not in gone]
    Consent.objects.bulk_create(_counter(entry, import_id, now) for entry in back)
    gone |= {entry.pk for entry in back}
    _settle(ledger, gone)
    owners = sorted({entry.profile_id for entry in back if entry.profile_id})
    subjects = {f"{entry.channel}:{entry.topic}" if entry.topic else entry.channel for entry in back}
    changes.consent_changed(profile_ids=owners, subjects=subjects, now=now)
    return len(back)


def _ledger(claimed: Sequence[Consent]) -> dict[Subject, list[Consent]]:
    """Return all that was ever said about the subjects of these entries."""
    wanted: dict[Subject, list[Consent]] = {(one.channel, one.address, one.topic): [] for one in claimed}
    addresses = {address for _, address, _ in wanted}
    for entry in Consent.objects.filter(channel__in={channel for channel, _, _ in wanted}, address__in=addresses):
        subject = (entry.channel, entry.address, entry.topic)
        if subject in wanted:
            wanted[subject].append(entry)
    return wanted


def _counter(entry: Consent, import_id: int, now: datetime) -> Consent:
    return Consent(
        profile_id=entry.profile_id,
        channel=entry.channel,
        address=entry.address,
        topic=entry.topic,
        status=consent.WITHDRAWN,
        at=now,
        recorded_at=now,
        method=METHOD,
        source=entry.source,
        proof={"import": import_id, "undoes": entry.pk},
    )


def _settle(ledger: dict[Subject, list[Consent]], gone: set[int]) -> None:
    """Make the states what the ledger says without the entries that are gone."""
    empty: list[Subject] = []
    best: list[Consent] = []
    for subject, entries in ledger.items():
        left = [entry for entry in entries if entry.pk not in gone and entry.method != METHOD]
        if left:
            best.append(max(left, key=consent.weight))
        else:
            empty.append(subject)
    ConsentState.objects.bulk_create(
        [
            ConsentState(
                channel=one.channel, address=one.address, topic=one.topic, status=one.status, since_at=one.at, consent=one
            )
            for one in best
        ],
        update_conflicts=True,
        unique_fields=["channel", "address", "topic"],
        update_fields=["status", "since_at", "consent"],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM profiles_consentstate state"
            " USING unnest(%s::text[], %s::text[], %s::text[]) AS unsaid (channel, address, topic)"
            " WHERE state.channel = unsaid.channel AND state.address = unsaid.address AND state.topic = unsaid.topic",
            [bulk.texts(subject[place] for subject in empty) for place in range(3)],
        )
