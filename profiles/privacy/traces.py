"""Where do identifiers of a person stand in text that nobody took apart: rejected rows, calls that could not be used?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast, Lower

from profiles.ingest import envelope
from profiles.models import DeadLetter, HookPayload, ImportFault, RecentCall

if TYPE_CHECKING:
    from profiles.privacy.holdings import Subject

FEWEST_DIGITS = 7
_NO_DIGIT = re.compile(rb"[^0-9]+")
_IDENTIFIER = rb'"(?:user_?id|anonymous_?id|previous_?id|id)"\s*:\s*"?%s"?\s*[,}\]]'


class Needles:
    """Says whether a text names the subject: by an address anywhere in it, or by an id where an id is expected."""

    def __init__(self, subject: Subject) -> None:
        emails = [value.lower().encode() for _kind, value in subject.keys if "@" in value]
        self._emails = [re.compile(rb"(?<![\w.+-])" + re.escape(email) + rb"(?![\w-])(?!\.\w)") for email in emails]
        digits = [re.sub(r"\D", "", value) for _kind, value in subject.keys if value.startswith("+")]
        self._phones = [found.encode() for found in digits if len(found) >= FEWEST_DIGITS]
        ids = [value for _kind, value in subject.keys if "@" not in value and not value.startswith("+")]
        self._ids = [re.compile(_IDENTIFIER % re.escape(json.dumps(value)[1:-1].encode()), re.IGNORECASE) for value in ids]

    def are_in(self, text: bytes) -> bool:
        low = text.lower()
        if any(email.search(low) for email in self._emails) or any(one.search(text) for one in self._ids):
            return True
        return bool(self._phones) and any(phone in _NO_DIGIT.sub(b"", text) for phone in self._phones)


def dead_letters(subject: Subject) -> QuerySet[Any]:
    """Return the letters that name the subject. Reads every letter, which are kept for a month."""
    return _naming(DeadLetter.objects.all(), subject)


def recent_calls(subject: Subject) -> QuerySet[Any]:
    """Return the latest calls that are theirs or name them. Reads all that are kept, a few hundred a source."""
    named = _naming(RecentCall.objects.all(), subject).values("pk")
    return RecentCall.objects.filter(Q(profile_id__in=subject.profile_ids) | Q(pk__in=named))


def payloads(subject: Subject) -> QuerySet[Any]:
    """Return the latest payloads of webhooks that name them. Reads all that are kept."""
    return _naming(HookPayload.objects.all(), subject)


def _naming(rows: QuerySet[Any], subject: Subject) -> QuerySet[Any]:
    return rows.filter(pk__in=list(_found(rows, Needles(subject))) if subject.keys else [])


def _found(rows: QuerySet[Any], needles: Needles) -> Iterable[int]:
    for pk, body in rows.order_by("pk").values_list("pk", "body").iterator(chunk_size=500):
        raw = body.encode() if isinstance(body, str) else bytes(body)
        try:
            text = envelope.inflate(raw, encoding="")
        except envelope.RefusedError:
            text = raw
        if needles.are_in(text):
            yield pk


def import_faults(subject: Subject) -> QuerySet[Any]:
    """Return the rejected rows with a cell that names the subject. Reads all of them."""
    named = Q(pk__in=[])
    for kind, value in sorted(subject.keys):
        if kind == "anonymous_id":
            continue
        named |= Q(cells__contains=[value])
        if "@" in value:
            named |= Q(text__regex=rf"(^|[^a-z0-9._+-]){re.escape(value.lower())}($|[^a-z0-9.-])")
        elif value.startswith("+"):
            named |= Q(text__regex="[^0-9]*".join(value[1:]))
    return ImportFault.objects.annotate(text=Lower(Cast(F("cells"), TextField()))).filter(named)
