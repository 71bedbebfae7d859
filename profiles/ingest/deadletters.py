"""What was accepted and could not be used, why, and how does it get another chance?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profiles.ingest.clean import clean
from profiles.ingest.spec import Drop
from profiles.models import DeadLetter, IngestRaw

KEPT_FOR = timedelta(days=30)
LONGEST_DETAIL = 2_000
REPLAY_PATH = "replay"
MOST_PER_REPLAY = 10_000

REASONS: dict[str, str | Promise] = {
    Drop.UNREADABLE: _("The request could not be read"),
    Drop.NOT_AN_OBJECT: _("The call is not a JSON object"),
    Drop.TOO_LARGE: _("The call is too large"),
    Drop.TOO_DEEP: _("The call is nested too deeply"),
    Drop.TOO_MANY_PROPERTIES: _("The call has too many properties"),
    Drop.UNKNOWN_TYPE: _("The type of the call is unknown"),
    Drop.NO_IDENTIFIER: _("Nothing usable says who it was"),
    Drop.NO_EVENT_NAME: _("The event has no name"),
    Drop.NAME_TOO_LONG: _("The name of the event is too long"),
    Drop.RESERVED_NAME: _("The name of the event is reserved"),
    Drop.TOO_MANY_NAMES: _("There are too many event names"),
    Drop.TIME_OUT_OF_RANGE: _("The time of the call is too long ago"),
    Drop.UNPROVEN: _("A visitor claimed to be somebody else"),
    Drop.ERASED: _("The person was erased"),
    Drop.UNMAPPED: _("Nobody has said yet what this payload means"),
    Drop.FAILED: _("Something went wrong on our side"),
}
REMEDIES: dict[str, str | Promise] = {
    Drop.UNREADABLE: _("Send a JSON object in UTF-8, plain or as gzip."),
    Drop.NOT_AN_OBJECT: _("Each call of a batch is a JSON object with a “type”."),
    Drop.TOO_LARGE: _("A call holds at most 32 KB. Leave out what nobody will ask for, such as whole pages or pictures."),
    Drop.TOO_DEEP: _("Values may be nested 32 levels deep."),
    Drop.TOO_MANY_PROPERTIES: _("A call holds at most 255 properties or traits."),
    Drop.UNKNOWN_TYPE: _("The types are track, identify, page, screen, group and alias."),
    Drop.NO_IDENTIFIER: _("Send “userId” or “anonymousId”. Fillers such as “null”, “0” or “anonymous” name nobody."),
    Drop.NO_EVENT_NAME: _("Send the name in “event”, such as “Order Completed”."),
    Drop.NAME_TOO_LONG: _("A name has at most 255 characters. Put what differs from case to case into a property."),
    Drop.RESERVED_NAME: _("Omni itself records events of this name. Send yours under another one."),
    Drop.TOO_MANY_NAMES: _("Put what differs from case to case into a property instead of the name."),
    Drop.TIME_OUT_OF_RANGE: _("Times before 1990 are not kept."),
    Drop.UNPROVEN: _("Sign the user id on your server, or send an “anonymousId” along: then at least the visit is kept."),
    Drop.ERASED: _("Nothing is kept of it. Stop sending what belongs to people who asked to be forgotten."),
    Drop.UNMAPPED: _("Map a payload on the page of the webhook, then process these again."),
    Drop.FAILED: _("It may go through when it is processed again. If it does not, the detail says what happened."),
}


@dataclass(frozen=True)
class Letter:
    """What to keep: the call (a JSON value), or the whole request as bytes when its calls could not be told apart."""

    source_id: int
    received_at: datetime
    reason: Drop
    body: Any
    detail: str = ""


def keep(letters: Sequence[Letter]) -> None:
    """Store these where people can see them, except what is about erased people. One insert."""
    DeadLetter.objects.bulk_create(
        DeadLetter(
            source_id=letter.source_id,
            received_at=letter.received_at,
            reason=letter.reason,
            detail=clean(letter.detail)[:LONGEST_DETAIL],
            body=letter.body if isinstance(letter.body, bytes) else json.dumps(letter.body).encode(),
        )
        for letter in letters
        if letter.reason != Drop.ERASED
    )


def words_of(reason: str) -> str | Promise:
    """Return the reason in words; the code itself when it is of another version of this house."""
    return REASONS.get(reason, reason)


def remedy_for(reason: str) -> str | Promise:
    """Return what its sender can do about it."""
    return REMEDIES.get(reason, "")


def replay(letters: QuerySet[DeadLetter], *, now: datetime) -> int:
    """Put these back into the inbox as they came, with their time of arrival; return how many. At most MOST_PER_REPLAY.

    A letter is replayed once: what fails again becomes a new letter.
    """
    with transaction.atomic():
        waiting = letters.filter(replayed_at=None).order_by("pk").select_for_update(skip_locked=True)[:MOST_PER_REPLAY]
        taken = list(waiting)
        IngestRaw.objects.bulk_create(
            IngestRaw(source_id=letter.source_id, received_at=letter.received_at, path=REPLAY_PATH, body=letter.body, due_at=now)
            for letter in taken
        )
        DeadLetter.objects.filter(pk__in=[letter.pk for letter in taken]).update(replayed_at=now)
        return len(taken)
