"""Which addresses is nothing sent to, who put them there, and how do many go on or off the list at once?

"@shop.test" stands for every address of the domain. A domain is blocked without the gates of its addresses, so a letter
that is being handed over at that moment may still go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from profiles import changes, consent, csv_export, identity
from profiles.models import ContactPoint, Suppression

EMAIL = "email"
CHUNK = 2_000
Reason = Suppression.Reason


@dataclass(frozen=True)
class Entry:
    """One address to block: `reason` is a Suppression.Reason, `detail` says why in words."""

    channel: str
    address: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Read:
    """What a pasted list came to."""

    entries: list[Entry]
    unusable: list[str]


def add(*, entries: Sequence[Entry], source: str, now: datetime) -> list[str]:
    """Block these normalized addresses; return those that were not blocked before. The first reason stays.

    Holds the gates of the addresses until the transaction ends. Five statements a channel for any number.
    """
    added: list[str] = []
    with transaction.atomic():
        for channel in sorted({entry.channel for entry in entries}):
            wanted = {entry.address: entry for entry in entries if entry.channel == channel}
            consent.lock(channel=channel, addresses=wanted)
            rows = [wanted[address] for address in sorted(wanted)]
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO profiles_suppression (channel, address, reason, detail, source, at)"
                    " SELECT %s, address, reason, detail, %s, %s FROM unnest(%s::text[], %s::text[], %s::text[])"
                    " AS new (address, reason, detail)"
                    " ON CONFLICT (channel, address) WHERE lifted_at IS NULL DO NOTHING RETURNING address",
                    [
                        *(channel, source[:80], now),
                        [row.address for row in rows],
                        [row.reason for row in rows],
                        [row.detail[:500] for row in rows],
                    ],
                )
                fresh = [address for (address,) in cursor.fetchall()]
            _tell(channel, fresh, now)
            added += fresh
    return added


def lift(*, channel: str, addresses: Iterable[str], now: datetime, source: str = "") -> int:
    """Let these addresses be reached again, with `source` only those that it blocked; return how many were blocked."""
    wanted = sorted(set(addresses))
    with transaction.atomic():
        consent.lock(channel=channel, addresses=wanted)
        rows = Suppression.objects.filter(channel=channel, address__in=wanted, lifted_at=None)
        if source:
            rows = rows.filter(source=source)
        lifted = list(rows.values_list("address", flat=True))
        rows.update(lifted_at=now)
        _tell(channel, lifted, now)
    return len(lifted)


def lift_source(*, channel: str, source: str, now: datetime) -> int:
    """Lift everything that `source` blocked, CHUNK at a time; return how many."""
    count = 0
    rows = Suppression.objects.filter(channel=channel, source=source, lifted_at=None).order_by("address")
    while addresses := list(rows.values_list("address", flat=True)[:CHUNK]):
        count += lift(channel=channel, addresses=addresses, now=now, source=source)
    return count


def read(*, channel: str, lines: Iterable[str], reason: str, detail: str = "") -> Read:
    """Return what the lines name: an address each, or "@shop.test" (also "*@shop.test") for a whole domain."""
    entries: dict[str, Entry] = {}
    unusable = []
    for line in lines:
        text = csv_export.unsafe(line.strip().strip('"'))
        if not text:
            continue
        address = _domain(text) if channel == EMAIL and text.lstrip("*").startswith("@") else identity.normalize(channel, text)
        if address is None:
            unusable.append(text[:255])
        else:
            why = Reason.DOMAIN if address.startswith("@") else reason
            entries[address] = Entry(channel, address, why, detail)
    return Read(list(entries.values()), unusable)


def found_by(query: Mapping[str, str]) -> QuerySet[Suppression]:
    """Return the blocks that stand: of a `channel`, for a `reason`, or of exactly one address or domain (`q`)."""
    rows = Suppression.objects.filter(lifted_at=None)
    if channel := query.get("channel", ""):
        rows = rows.filter(channel=channel)
    if reason := query.get("reason", ""):
        rows = rows.filter(reason=reason)
    if text := query.get("q", "").strip()[:255]:
        spellings = {text.lower(), identity.normalize(EMAIL, text), identity.normalize("phone", text)}
        rows = rows.filter(address__in=[spelling for spelling in spellings if spelling])
    return rows


def as_csv(rows: Iterable[Suppression]) -> Iterator[str]:
    """Yield the list as a file that `read` understands line by line, reasons beside."""
    header = ["address", "channel", "reason", "detail", "source", "since"]
    return csv_export.lines(
        header,
        ([row.address, row.channel, row.reason, row.detail, row.source, row.at.isoformat(timespec="seconds")] for row in rows),
    )


def _domain(text: str) -> str | None:
    whole = identity.normalize(EMAIL, f"a{text.lstrip('*')}")
    return f"@{whole.rpartition('@')[2]}" if whole else None


def _tell(channel: str, addresses: Sequence[str], now: datetime) -> None:
    """Publish the change for those who have these addresses; people of a whole domain in chunks."""
    single = [address for address in addresses if not address.startswith("@")]
    owners = set(ContactPoint.objects.filter(kind=channel, address__in=single).values_list("profile_id", flat=True))
    for domain in (address for address in addresses if address.startswith("@")):
        owners |= set(ContactPoint.objects.filter(kind=channel, address__endswith=domain).values_list("profile_id", flat=True))
    listed = sorted(owners)
    for start in range(0, len(listed), CHUNK):
        changes.consent_changed(profile_ids=listed[start : start + CHUNK], subjects=[channel], now=now)
