"""What was ever said about the addresses of a person, word by word, with what proves it?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from profiles import csv_export
from profiles.models import Consent, Topic
from profiles.person import timeline

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ORDER = ("-at", "-id")


def of_person(profile_ids: Sequence[int]) -> QuerySet[Consent]:
    """Return every entry of these profiles (a person and the origins merged into them) and of the addresses they have.

    An address may have spoken before anybody was known to have it, or while it was another's: before a merge was undone.
    """
    return timeline.words_about(profile_ids)


def as_csv(entries: QuerySet[Consent]) -> Iterator[str]:
    """Yield these entries as lines of a file, newest first: what was said is never shortened."""
    topics = dict(Topic.objects.values_list("key", "name"))
    header = [
        _("said at"), _("written down at"), _("channel"), _("address"), _("topic"), _("word"), _("how"), _("source"), _("proof"),
    ]  # fmt: skip
    rows = (
        [
            entry.at.isoformat(),
            entry.recorded_at.isoformat(),
            entry.channel,
            entry.address,
            topics.get(entry.topic, entry.topic),
            entry.get_status_display(),
            timeline.method_in_words(entry.method),
            entry.source,
            json.dumps(entry.proof, ensure_ascii=False, sort_keys=True) if entry.proof else "",
        ]
        for entry in entries.order_by(*ORDER).iterator(chunk_size=1000)
    )
    return csv_export.lines(header, rows)


def proof_in_words(proof: dict[str, object]) -> list[tuple[str, object]]:
    """Return what proves an entry, named as people name it; what we have no word for keeps its name."""
    names: dict[str, str | _StrPromise] = {
        "ip": _("Network address"),
        "user_agent": _("Browser"),
        "url": _("Page"),
        "text_version": _("Text that was read"),
        "actor": _("Written down by"),
        "delivery": _("Letter"),
        "asked": _("Sign-up entry"),
        "asked_at": _("Signed up at"),
        "token": _("Link"),
        "reason": _("Reason"),
        "document": _("Document"),
        "recording": _("Recording"),
    }
    return [(str(names.get(name, name)), value) for name, value in proof.items()]
