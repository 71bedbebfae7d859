"""May this address be reached about this topic, and who said so when?

The ledger (`Consent`) is only appended to. `ConsentState` is its fold: per channel, address and topic the entry of the
highest `_weight`, so the order of arrival does not matter. A word that a person gave (or a withdrawal, by whomever) always
outweighs a permission that a program merely claims: an import or a sync never turns an opt-out into an opt-in unless it
carries proof of a newer consent. What waits for a confirmation weighs least: it permits nothing and takes nothing away.

Whoever changes what the delivery gate reads holds the `RecipientGate` row of the address, as the gate does: either the
withdrawal comes first and nothing is sent, or the letter was already handed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from profiles import changes as news
from profiles import tombstones
from profiles.models import Consent, ConsentState, ContactPoint, RecipientGate, Suppression

GRANTED = Consent.Status.GRANTED
WITHDRAWN = Consent.Status.WITHDRAWN
PENDING = Consent.Status.PENDING

CLAIMED_BY_PROGRAMS = frozenset({"import", "api", "sync"})
# Keys of `proof` that show what the person did; who imported it (actor, import, row) shows nothing.
EVIDENCE = frozenset({"ip", "url", "text_version", "token", "document", "recording"})

Subject = tuple[str, str, str]  # (channel, normalized address, topic; '' is the channel as a whole)


@dataclass(frozen=True)
class Standing:
    """The answer for one address; `reason` is a code of the closed list, '' when allowed."""

    is_allowed: bool
    reason: str = ""


@dataclass(frozen=True)
class Change:
    """One word about one address: `status` as of `at`, how it came (`method`), and what proves it."""

    channel: str
    address: str
    status: str
    at: datetime
    method: str
    topic: str = ""
    source: str = ""
    proof: dict[str, Any] = field(default_factory=dict)
    profile_id: int | None = None  # None: whoever has the address now


def standings(*, channel: str, addresses: Collection[str], topic: str = "", now: datetime | None = None) -> dict[str, Standing]:
    """Return for each of these normalized addresses whether marketing about `topic` may reach it. One query.

    Both axes must allow: the channel must be granted, and the topic, when one is given, must not be withdrawn; about a
    topic nobody was asked for, the topic's default decides. An address that is suppressed, itself or by its domain, is never
    allowed. Given `now`, an address that pauses at that moment is not allowed either.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.address, coalesce(s.reason, d.reason), c.status, t.status,"
            " (SELECT is_default FROM profiles_topic WHERE key = %(topic)s),"
            " EXISTS (SELECT FROM profiles_snooze z WHERE z.channel = %(channel)s AND z.address = a.address"
            " AND z.starts_at <= %(now)s AND z.ends_at > %(now)s)"
            " FROM unnest(%(addresses)s::text[]) AS a (address)"
            " LEFT JOIN profiles_suppression s ON s.channel = %(channel)s AND s.address = a.address AND s.lifted_at IS NULL"
            " LEFT JOIN profiles_suppression d ON d.channel = %(channel)s AND d.lifted_at IS NULL"
            " AND d.address = '@' || split_part(a.address, '@', 2)"
            " LEFT JOIN profiles_consentstate c ON c.channel = %(channel)s AND c.address = a.address AND c.topic = ''"
            " LEFT JOIN profiles_consentstate t ON t.channel = %(channel)s AND t.address = a.address AND t.topic = %(topic)s"
            " AND t.topic <> ''",
            {"channel": channel, "addresses": sorted(set(addresses)), "topic": topic, "now": now},
        )
        return {
            address: _standing(suppressed, of_channel, of_topic, bool(topic), bool(is_default), bool(is_paused))
            for address, suppressed, of_channel, of_topic, is_default, is_paused in cursor.fetchall()
        }


def record(*, changes: Sequence[Change], now: datetime) -> int:
    """Append these words to the ledger and fold them into the state; return how many states differ now.

    1. Take the gates of the addresses, in order.
    2. Append to the ledger.
    3. Fold; write the states that a new entry outweighs.
    4. Publish `consent_changed` for the people whose states differ.

    Works for addresses that nobody has, except those of erased people: nothing is kept about them, and everything they
    had allowed is withdrawn anyway. Eight statements at most for a batch of any size.
    """
    if not changes:
        return 0
    with transaction.atomic():
        for channel in sorted({change.channel for change in changes}):
            lock(channel=channel, addresses={change.address for change in changes if change.channel == channel})
        owners = _owners(changes)
        changes = _of_the_living(changes, owners)
        entries = Consent.objects.bulk_create(_entry(change, owners, now) for change in changes)
        turned = _fold(entries)
        _announce(turned, owners, now)
        return len(turned)


def withdraw(
    *, channel: str, address: str, method: str, proof: dict[str, Any], now: datetime, topic: str = "", source: str = ""
) -> None:
    """Take the consent of this address back, for one topic or for the whole channel. Needs no profile; may be repeated."""
    change = Change(channel, address, WITHDRAWN, now, method, topic=topic, source=source, proof=proof)
    record(changes=[change], now=now)


def suppress(*, channel: str, address: str, reason: str, now: datetime, detail: str = "") -> bool:
    """Send nothing to this address any more; False when it already was suppressed (the first reason stays)."""
    with transaction.atomic():
        lock(channel=channel, addresses=[address])
        if Suppression.objects.filter(channel=channel, address=address, lifted_at=None).exists():
            return False
        Suppression.objects.create(channel=channel, address=address, reason=reason, detail=detail[:500], at=now)
        _tell_owner(channel, address, now)
        return True


def lift(*, channel: str, address: str, now: datetime) -> bool:
    """Let the address be reached again; False when it was not suppressed. Consent is another matter and stays as it is."""
    with transaction.atomic():
        lock(channel=channel, addresses=[address])
        if not Suppression.objects.filter(channel=channel, address=address, lifted_at=None).update(lifted_at=now):
            return False
        _tell_owner(channel, address, now)
        return True


def lock(*, channel: str, addresses: Iterable[str]) -> None:
    """Hold the gates of these addresses until the transaction ends; needs one. Taken in order of address. Two statements."""
    wanted = sorted(set(addresses))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO profiles_recipientgate (channel, address) SELECT %s, address FROM unnest(%s::text[]) AS a (address)"
            " ON CONFLICT (channel, address) DO NOTHING",
            [channel, wanted],
        )
    gates = RecipientGate.objects.filter(channel=channel, address__in=wanted).order_by("address").select_for_update()
    list(gates.values_list("pk"))


@contextmanager
def erasing() -> Iterator[None]:
    """Let this transaction change and delete entries of the ledger, which the database refuses otherwise. Needs one.

    Only an erasure does: every other change of mind is a new entry.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL omni.erasing = 'on'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL omni.erasing = 'off'")


def _standing(
    suppressed: str | None, of_channel: str | None, of_topic: str | None, has_topic: bool, is_default: bool, is_paused: bool
) -> Standing:
    if suppressed:
        return Standing(False, suppressed)
    if of_channel == WITHDRAWN:
        return Standing(False, "channel_not_permitted")
    if of_channel is None:
        return Standing(False, "never_asked")
    if of_topic == WITHDRAWN:
        return Standing(False, "topic_unsubscribed")
    if of_channel == PENDING:
        return Standing(False, "double_opt_in_pending")
    if has_topic and of_topic != GRANTED and not is_default:
        return Standing(False, "double_opt_in_pending" if of_topic == PENDING else "never_asked")
    return Standing(False, "snoozed") if is_paused else Standing(True)


def _owners(changes: Sequence[Change]) -> dict[tuple[str, str], int]:
    addresses = {change.address for change in changes}
    points = ContactPoint.objects.filter(kind__in={change.channel for change in changes}, address__in=addresses)
    return {(kind, address): pk for kind, address, pk in points.values_list("kind", "address", "profile_id")}


def _of_the_living(changes: Sequence[Change], owners: dict[tuple[str, str], int]) -> Sequence[Change]:
    """Leave out what is about erased people, unless they sign up anew by themselves."""
    unowned = {(change.channel, change.address) for change in changes} - owners.keys()
    buried = tombstones.among(unowned)
    if not buried:
        return changes
    return [change for change in changes if (change.channel, change.address) not in buried or _is_own_sign_up(change)]


def _is_own_sign_up(change: Change) -> bool:
    return change.status != WITHDRAWN and change.method not in CLAIMED_BY_PROGRAMS


def _entry(change: Change, owners: dict[tuple[str, str], int], now: datetime) -> Consent:
    return Consent(
        profile_id=change.profile_id or owners.get((change.channel, change.address)),
        channel=change.channel,
        address=change.address,
        topic=change.topic,
        status=change.status,
        # Nobody has consented tomorrow; such a clock would outweigh every later withdrawal.
        at=min(change.at, now),
        recorded_at=now,
        method=change.method,
        source=change.source[:200],
        proof=change.proof,
    )


def _fold(entries: Sequence[Consent]) -> list[Subject]:
    """Write the states that these entries change; return the subjects whose status differs from before."""
    best: dict[Subject, Consent] = {}
    for entry in entries:
        subject = _subject(entry)
        if subject not in best or weight(entry) > weight(best[subject]):
            best[subject] = entry
    held = {
        (state.channel, state.address, state.topic): state
        for state in ConsentState.objects.select_related("consent").filter(
            channel__in={subject[0] for subject in best}, address__in={subject[1] for subject in best}
        )
    }
    heavier = {
        subject: entry for subject, entry in best.items() if subject not in held or weight(entry) > weight(held[subject].consent)
    }
    ConsentState.objects.bulk_create(
        [
            ConsentState(channel=channel, address=address, topic=topic, status=entry.status, since_at=entry.at, consent=entry)
            for (channel, address, topic), entry in sorted(heavier.items())
        ],
        update_conflicts=True,
        unique_fields=["channel", "address", "topic"],
        update_fields=["status", "since_at", "consent"],
    )
    return [subject for subject, entry in sorted(heavier.items()) if subject not in held or held[subject].status != entry.status]


def weight(entry: Consent) -> tuple[int, datetime, bool]:
    """Return what decides between two entries: proven over merely claimed over unconfirmed, newer over older, withdrawal
    over permission.
    """
    is_withdrawal = entry.status == WITHDRAWN
    if entry.status == PENDING:
        return (0, entry.at, False)
    is_proven = is_withdrawal or entry.method not in CLAIMED_BY_PROGRAMS or not EVIDENCE.isdisjoint(entry.proof)
    return (2 if is_proven else 1, entry.at, is_withdrawal)


def _subject(entry: Consent) -> Subject:
    return (entry.channel, entry.address, entry.topic)


def _announce(turned: Sequence[Subject], owners: dict[tuple[str, str], int], now: datetime) -> None:
    concerned = [subject for subject in turned if subject[:2] in owners]
    news.consent_changed(
        profile_ids=[owners[subject[:2]] for subject in concerned],
        subjects=[f"{channel}:{topic}" if topic else channel for channel, _, topic in concerned],
        now=now,
    )


def _tell_owner(channel: str, address: str, now: datetime) -> None:
    owners = ContactPoint.objects.filter(kind=channel, address=address).values_list("profile_id", flat=True)
    news.consent_changed(profile_ids=list(owners), subjects=[channel], now=now)
