"""How does a segment come to be, change and go?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from omni import audit
from omni.models import User
from segments import tree, usage
from segments.models import Segment, SegmentVersion

DEEPEST_CHAIN = 5


class InUseError(Exception):
    """Something live asks about the segment; `uses` says what."""

    permanent = True

    def __init__(self, uses: list[usage.Use]) -> None:
        super().__init__(", ".join(use.name for use in uses))
        self.uses = uses


@transaction.atomic
def create(*, name: str, definition: Any, by: User | None, now: datetime, description: str = "") -> Segment:
    """Store a new segment; it fills by itself. Raises tree.InvalidDefinitionError."""
    sound = check(definition)
    segment = Segment.objects.create(
        name=name, description=description, definition=sound, reads=tree.reads(sound), stale_since=now, created_by=by
    )
    SegmentVersion.objects.create(segment=segment, number=1, definition=sound, from_at=now, by=by)
    audit.record(actor=by, action="segment.create", obj=segment, after={"name": name, "definition": sound}, now=now)
    return segment


@transaction.atomic
def change(segment: Segment, *, name: str, definition: Any, by: User | None, now: datetime, description: str = "") -> Segment:
    """Store what is different; a different definition makes a new version and is owed a full refresh.

    Raises tree.InvalidDefinitionError, also when the segment would come to ask about itself.
    """
    held: Segment = Segment.objects.select_for_update().get(pk=segment.pk)
    sound = check(definition, segment_id=held.pk)
    before = {"name": held.name, "description": held.description, "definition": held.definition}
    after = {"name": name, "description": description, "definition": sound}
    if before == after:
        return held
    held.name, held.description = name, description
    if held.definition != sound:
        held.versions.filter(until_at=None).update(until_at=now)
        held.version += 1
        held.definition, held.reads, held.stale_since = sound, tree.reads(sound), now
        SegmentVersion.objects.create(segment=held, number=held.version, definition=sound, from_at=now, by=by)
    held.save(update_fields=["name", "description", "version", "definition", "reads", "stale_since", "updated_at"])
    audit.record(actor=by, action="segment.change", obj=held, before=before, after=after, now=now)
    return held


@transaction.atomic
def archive(segment: Segment, *, by: User | None, now: datetime) -> None:
    """Put a segment away: it is no longer kept fresh, its history stays. Raises InUseError."""
    uses = [use for use in usage.uses([segment.pk]) if use.is_live]
    if uses:
        raise InUseError(uses)
    if Segment.objects.filter(pk=segment.pk, archived_at=None).update(archived_at=now, updated_at=now):
        audit.record(actor=by, action="segment.archive", obj=segment, now=now)


@transaction.atomic
def restore(segment: Segment, *, by: User | None, now: datetime) -> None:
    """Bring an archived segment back; who is in is found again, and nobody is told."""
    changed = {"archived_at": None, "stale_since": now, "refreshed_at": None, "updated_at": now}
    if Segment.objects.filter(pk=segment.pk, archived_at__isnull=False).update(**changed):
        audit.record(actor=by, action="segment.restore", obj=segment, now=now)


def check(definition: Any, *, segment_id: int | None = None) -> tree.Definition:
    """Return the definition as it is stored; raises tree.InvalidDefinitionError with every fault."""
    sound = tree.clean(definition)
    faults = [
        tree.Fault(path, "segment", message)
        for path, node in tree.walk(sound["root"])
        if node.get("kind") == "membership" and (message := _fault_of_chain(node["params"]["segment"], segment_id))
    ]
    if faults:
        raise tree.InvalidDefinitionError(faults)
    return sound


def _fault_of_chain(asked: int, segment_id: int | None) -> str:
    """Say what is wrong with asking about `asked`: a circle, or too long a chain; "" when nothing is. A query per level."""
    level: Collection[int] = {asked}
    for _depth in range(DEEPEST_CHAIN):
        if segment_id in level:
            return _("This segment would ask about itself.")
        rows = Segment.objects.filter(pk__in=level).values_list("definition", flat=True)
        level = set().union(*(tree.segments_of(definition) for definition in rows))
        if not level:
            return ""
    return _("These segments ask about each other in too long a chain.")
