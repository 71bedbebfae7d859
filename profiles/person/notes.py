"""What did staff note about a person? Everybody reads, the author edits; a note that was thrown away can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import Note
from profiles.person import timeline
from profiles.person.timeline import Entry

if TYPE_CHECKING:
    from omni.models import User
    from profiles.models import Profile

LONGEST = 5_000
SHOWN = 50


def register() -> None:
    """Tell the timeline; called once, when the app is ready."""
    timeline.register("note", gettext_lazy("Notes"), "notes", fetch)


def of(profile_ids: Sequence[int]) -> QuerySet[Note]:
    """Return the notes about a person and its origins, pinned ones first."""
    rows = Note.objects.filter(profile_id__in=list(profile_ids), deleted_at=None).select_related("author")
    return rows.order_by(F("pinned_at").desc(nulls_last=True), "-created_at", "-pk")


def add(*, person: Profile, text: str, by: User, now: datetime) -> Note:
    return Note.objects.create(profile=person, text=text[:LONGEST], author=by, created_at=now)


def edit(*, note: Note, text: str, by: User, now: datetime) -> bool:
    """Change the words of a note; only its author may. Return whether it was done."""
    own = Note.objects.filter(pk=note.pk, author=by, deleted_at=None)
    return bool(own.update(text=text[:LONGEST], edited_at=now))


def pin(*, note: Note, is_pinned: bool, now: datetime) -> None:
    Note.objects.filter(pk=note.pk).update(pinned_at=now if is_pinned else None)


def delete(*, note: Note, by: User, now: datetime) -> bool:
    """Throw a note away; only its author may. Return whether it was done."""
    return bool(Note.objects.filter(pk=note.pk, author=by, deleted_at=None).update(deleted_at=now))


def restore(*, note: Note, by: User) -> bool:
    """Take back a note that its author threw away. Return whether it was done."""
    return bool(Note.objects.filter(pk=note.pk, author=by).exclude(deleted_at=None).update(deleted_at=None))


def fetch(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Return the notes as entries of the timeline. Two queries at most."""
    rows = Note.objects.filter(profile_id__in=list(profile_ids), deleted_at=None).select_related("author")
    return [
        Entry(
            row.created_at,
            "note",
            "notes",
            _("%(name)s noted") % {"name": row.author or _("Somebody who left")},
            row.text,
        )
        for row in timeline.newest(rows, "created_at", before=before, limit=limit)
    ]
