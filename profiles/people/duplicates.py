# ruff: noqa: S608 - what is put together is all constants of this file
"""Which two people might be one? Pairs for a person to look at; nothing is ever merged by likeness.

Candidates come from SQL, which compares only people who share something (the tail of a phone number, the name in an
address, a device that two people used); what they share is then weighed in Python. What was decided once stays decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.fuzz import token_sort_ratio

from profiles.identity.parting import keep_apart
from profiles.models import DuplicatePair, KeptApart

NAME_AND_PHONE, EMAIL_TYPO, DEVICE_AND_CITY = "name_phone", "email_typo", "device_city"
REJECTED = "rejected"
MOST_CANDIDATES = 20_000  # of each kind, the newest people first
LARGEST_BLOCK = 20  # so many people with one mailbox name say nothing: info@, sales@
LEAST_SCORE = 50
LIKE_NAMES = 85  # of 100

_NAME = (
    "lower(btrim(coalesce(nullif(btrim({0}.attributes ->> 'name'), ''),"
    " coalesce({0}.attributes ->> 'first_name', '') || ' ' || coalesce({0}.attributes ->> 'last_name', ''))))"
)
_PAIR = (
    "SELECT DISTINCT ON (greatest(a.id, b.id), least(a.id, b.id)) least(a.id, b.id), greatest(a.id, b.id),"
    f" CASE WHEN a.id < b.id THEN {_NAME.format('a')} ELSE {_NAME.format('b')} END,"
    f" CASE WHEN a.id < b.id THEN {_NAME.format('b')} ELSE {_NAME.format('a')} END,"
    " CASE WHEN a.id < b.id THEN {one} ELSE {other} END, CASE WHEN a.id < b.id THEN {other} ELSE {one} END {joined}"
    " ORDER BY greatest(a.id, b.id) DESC, least(a.id, b.id) DESC LIMIT %(most)s"
)
_BOTH = (
    " JOIN profiles_profile a ON a.id = {0} AND a.merged_into_id IS NULL"
    " JOIN profiles_profile b ON b.id = {1} AND b.merged_into_id IS NULL"
)
_PHONES = _PAIR.format(
    one="x.value",
    other="y.value",
    joined="FROM profiles_identifier x JOIN profiles_identifier y ON y.type = 'phone' AND right(y.value, 7) = right(x.value, 7)"
    " AND y.profile_id > x.profile_id" + _BOTH.format("x.profile_id", "y.profile_id") + " WHERE x.type = 'phone'",
)
_MAILBOXES = _PAIR.format(
    one="x.address",
    other="y.address",
    joined="FROM (SELECT split_part(address, '@', 1) AS local FROM profiles_contactpoint WHERE kind = 'email'"
    " GROUP BY 1 HAVING count(*) BETWEEN 2 AND %(block)s) AS block"
    " JOIN profiles_contactpoint x ON x.kind = 'email' AND split_part(x.address, '@', 1) = block.local"
    " JOIN profiles_contactpoint y ON y.kind = 'email' AND split_part(y.address, '@', 1) = block.local"
    " AND y.profile_id > x.profile_id" + _BOTH.format("x.profile_id", "y.profile_id") + " WHERE length(block.local) >= 4",
)
_NAMESAKES = _PAIR.format(
    one="x.address",
    other="y.address",
    joined=f"FROM (SELECT {_NAME.format('p')} AS name, array_agg(p.id) AS ids FROM profiles_profile p"
    f" WHERE p.merged_into_id IS NULL AND {_NAME.format('p')} <> '' GROUP BY 1 HAVING count(*) BETWEEN 2 AND %(block)s) AS block"
    " JOIN profiles_contactpoint x ON x.kind = 'email' AND x.profile_id = ANY(block.ids)"
    " JOIN profiles_contactpoint y ON y.kind = 'email' AND y.profile_id = ANY(block.ids) AND y.profile_id > x.profile_id"
    + _BOTH.format("x.profile_id", "y.profile_id")
    + " WHERE split_part(x.address, '@', 2) = split_part(y.address, '@', 2)",
)
_DEVICES = _PAIR.format(
    one="refused.value",
    other="a.attributes ->> 'city'",
    joined="FROM profiles_refusal refused JOIN profiles_profile p ON p.id = refused.profile_id"
    " JOIN profiles_profile o ON o.id = refused.owner_id"
    + _BOTH.format("coalesce(p.merged_into_id, p.id)", "coalesce(o.merged_into_id, o.id)")
    + " WHERE refused.rule = 'shared_device' AND a.id <> b.id"
    " AND lower(a.attributes ->> 'city') = lower(b.attributes ->> 'city')",
)


@dataclass(frozen=True)
class Candidate:
    """Two people, the elder first: their names, and what each has of the thing they share."""

    one: int
    other: int
    name: str
    other_name: str
    value: str
    other_value: str


def suggest(*, now: datetime) -> int:
    """Look for pairs and write down those that are new; return how many there are new ones. Seven statements.

    An open pair gets its score afresh; a decided one, and people kept apart, are left alone.
    """
    found: dict[tuple[int, int], dict[str, tuple[int, str]]] = {}
    for sql, weigh, code in (
        (_PHONES, weigh_phones, NAME_AND_PHONE),
        (_MAILBOXES, weigh_emails, EMAIL_TYPO),
        (_NAMESAKES, weigh_emails, EMAIL_TYPO),
        (_DEVICES, weigh_devices, DEVICE_AND_CITY),
    ):
        for candidate in _candidates(sql):
            score, words = weigh(candidate)
            if score:
                reasons = found.setdefault((candidate.one, candidate.other), {})
                reasons[code] = max(reasons.get(code, (0, "")), (score, words))
    return _write({pair: reasons for pair, reasons in found.items() if total(reasons) >= LEAST_SCORE}, now)


def total(reasons: dict[str, tuple[int, str]]) -> int:
    """Return the score of a pair: how likely it is that not all of its reasons are chance."""
    doubt = 1.0
    for score, _words in reasons.values():
        doubt *= 1 - score / 100
    return min(99, round(100 * (1 - doubt)))


def weigh_phones(pair: Candidate) -> tuple[int, str]:
    """The same tail of a number and a name that reads alike: one of the numbers was written without its country."""
    likeness = _likeness(pair)
    return (round(likeness * 0.9), f"{pair.value} / {pair.other_value}") if likeness >= LIKE_NAMES else (0, "")


def weigh_emails(pair: Candidate) -> tuple[int, str]:
    """Addresses one or two slips of the finger apart; the more so when the names are alike, never when they differ."""
    slips = DamerauLevenshtein.distance(pair.value, pair.other_value, score_cutoff=2)
    if slips > 2:
        return 0, ""
    score = 70 if slips == 1 else 55
    if pair.name and pair.other_name:
        likeness = _likeness(pair)
        score = score + 20 if likeness >= LIKE_NAMES else 0
    return score, f"{pair.value} / {pair.other_value}" if score else ""


def weigh_devices(pair: Candidate) -> tuple[int, str]:
    """One device and one city: a household as often as a person, unless the names agree."""
    if not (pair.name and pair.other_name):
        return 50, pair.value
    return (80, pair.value) if _likeness(pair) >= LIKE_NAMES else (0, "")


def reject(*, pair_ids: Iterable[int], by: str, now: datetime) -> int:
    """Remember that these are two people each; no rule joins them any more. Return how many pairs were open."""
    with transaction.atomic():
        rows = DuplicatePair.objects.filter(pk__in=list(pair_ids), state=DuplicatePair.State.OPEN)
        pairs = list(rows.order_by("pk").select_for_update())
        DuplicatePair.objects.filter(pk__in=[pair.pk for pair in pairs]).update(
            state=DuplicatePair.State.REJECTED, decided_at=now, decided_by=by[:80]
        )
        keep_apart([(pair.one_id, pair.other_id) for pair in pairs], reason=REJECTED, by=by, now=now)
    return len(pairs)


def reopen(*, pair_ids: Iterable[int]) -> int:
    """Take rejections back; return how many."""
    with transaction.atomic():
        rows = DuplicatePair.objects.filter(pk__in=list(pair_ids), state=DuplicatePair.State.REJECTED)
        pairs = list(rows.order_by("pk").select_for_update())
        for pair in pairs:
            KeptApart.objects.filter(one=pair.one_id, other=pair.other_id, reason=REJECTED).delete()
        DuplicatePair.objects.filter(pk__in=[pair.pk for pair in pairs]).update(
            state=DuplicatePair.State.OPEN, decided_at=None, decided_by=""
        )
    return len(pairs)


def accepted(*, one: int, other: int, by: str, now: datetime) -> bool:
    """Note that the two were merged; False when nobody had suggested them."""
    pair = DuplicatePair.objects.filter(one=min(one, other), other=max(one, other))
    return bool(pair.update(state=DuplicatePair.State.ACCEPTED, decided_at=now, decided_by=by[:80]))


def in_words(reasons: Sequence[Sequence[str]]) -> list[str]:
    """Return the reasons of a pair as sentences."""
    words = {
        NAME_AND_PHONE: _("Alike names, and phones that end alike: %(what)s"),
        EMAIL_TYPO: _("Addresses a slip of the finger apart: %(what)s"),
        DEVICE_AND_CITY: _("One device and one city: %(what)s"),
    }
    return [words.get(code, code) % {"what": what} if code in words else code for code, what in reasons]


def labels() -> list[tuple[str, str]]:
    """Return the kinds of reasons for the filter."""
    return [
        (NAME_AND_PHONE, _("Name and phone")),
        (EMAIL_TYPO, _("Misspelled e-mail")),
        (DEVICE_AND_CITY, _("Device and city")),
    ]


def _likeness(pair: Candidate) -> float:
    return float(token_sort_ratio(pair.name, pair.other_name)) if pair.name and pair.other_name else 0.0


def _candidates(sql: str) -> list[Candidate]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"most": MOST_CANDIDATES, "block": LARGEST_BLOCK})
        return [Candidate(one, other, *(text or "" for text in rest)) for one, other, *rest in cursor.fetchall()]


def _write(found: dict[tuple[int, int], dict[str, tuple[int, str]]], now: datetime) -> int:
    if not found:
        return 0
    ids = {pk for pair in found for pk in pair}
    apart = set(KeptApart.objects.filter(Q(one__in=ids) & Q(other__in=ids)).values_list("one_id", "other_id"))
    known = {(one, other): state for one, other, state in DuplicatePair.objects.values_list("one_id", "other_id", "state")}
    rows = [
        DuplicatePair(one_id=one, other_id=other, score=total(reasons), reasons=_as_json(reasons), found_at=now)
        for (one, other), reasons in sorted(found.items())
        if (one, other) not in apart and known.get((one, other), DuplicatePair.State.OPEN) == DuplicatePair.State.OPEN
    ]
    DuplicatePair.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["one", "other"], update_fields=["score", "reasons"], batch_size=1000
    )
    return sum((row.one_id, row.other_id) not in known for row in rows)


def _as_json(reasons: dict[str, tuple[int, str]]) -> list[Any]:
    return [[code, words[:200]] for code, (_score, words) in sorted(reasons.items(), key=lambda item: -item[1][0])]
