"""How is an import taken back, so that a crash costs nothing?

People are gone through in order of id, some hundred in a transaction that also moves the progress on. What others said
since stays: a person who has anything else is kept, a value that was changed since is left alone, and an opt-out is never
lifted. Since when somebody is known cannot be restored, and letters that were sent stay sent.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from profiles import attributes, bulk, changes, consent, identity, search
from profiles.identity import parting
from profiles.imports import leases, retraction, traces
from profiles.models import Consent, ContactPoint, Identifier, Import, ImportedPerson, ImportUndo, Merge, Profile

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from omni.models import User

logger = logging.getLogger(__name__)

CHUNK_PEOPLE = 1_000
MOST_TRIES = 5
MOST_LOOKED_AT = 20_000
REMEMBERED_FOR = timedelta(days=30)

Clock = Callable[[], datetime]
Outcome = ImportUndo.Outcome

# Only what still carries the word of this import: whoever changed it since keeps the last word.
_RESTORE = """
WITH cell AS (
    SELECT p.id, was.key, (was.value ->> 0)::boolean AS existed, was.value -> 1 AS value, was.value -> 2 AS fact
    FROM profiles_importedperson i CROSS JOIN LATERAL jsonb_each(i.before) AS was JOIN profiles_profile p ON p.id = i.profile_id
    WHERE i.of_id = %(import)s AND i.profile_id = ANY(%(ids)s::bigint[]) AND p.attribute_facts -> was.key ->> 1 = %(source)s
), old AS (
    SELECT id, array_agg(key) AS keys, coalesce(jsonb_object_agg(key, value) FILTER (WHERE existed), '{}') AS attributes,
        coalesce(jsonb_object_agg(key, fact) FILTER (WHERE jsonb_typeof(fact) = 'array'), '{}') AS facts
    FROM cell GROUP BY id
)
UPDATE profiles_profile p SET attributes = (p.attributes - old.keys) || old.attributes,
    attribute_facts = (p.attribute_facts - old.keys) || old.facts, version = p.version + 1, updated_at = %(now)s
FROM old WHERE p.id = old.id RETURNING p.id, old.keys
"""


@dataclass(frozen=True)
class Outlook:
    """What taking the import back would do; `kept` was counted among `looked_at` of the people it made."""

    people: int
    created: int
    changed: int
    kept: int
    looked_at: int
    identifiers: int
    consents: int
    merges: int

    @property
    def removed(self) -> int:
        return self.created - self.kept


def may(an_import: Import, *, now: datetime) -> bool:
    """Say whether the import can be taken back: it has stopped, not long ago, and was not taken back before."""
    has_stopped = an_import.state in (Import.State.DONE, Import.State.CANCELLED, Import.State.FAILED)
    is_fresh = an_import.created_at > now - REMEMBERED_FOR
    return has_stopped and is_fresh and not ImportUndo.objects.filter(of=an_import).exists()


def outlook(an_import: Import) -> Outlook:
    """Count what would happen; of very large imports those who would be kept among the first MOST_LOOKED_AT only."""
    people = ImportedPerson.objects.filter(of=an_import)
    made = people.filter(outcome=ImportedPerson.Outcome.CREATED).order_by("profile_id")
    looked_at = list(made.values_list("profile_id", flat=True)[:MOST_LOOKED_AT])
    others = people.exclude(outcome=ImportedPerson.Outcome.CREATED).values("profile_id")
    return Outlook(
        people=people.count(),
        created=made.count(),
        changed=people.filter(before__isnull=False).count(),
        kept=len(_kept(looked_at, an_import.pk)),
        looked_at=len(looked_at),
        identifiers=Identifier.objects.filter(profile_id__in=others, source=_source(an_import.pk)).count(),
        consents=Consent.objects.filter(
            profile_id__in=people.values("profile_id"), proof__import=an_import.pk, status=consent.GRANTED
        ).count(),
        merges=_merges(an_import.pk).count(),
    )


def queue(*, an_import: Import, by: User | None, now: datetime) -> bool:
    """Take the import back in the background; False when it cannot be (any more)."""
    with transaction.atomic():
        held = Import.objects.select_for_update().get(pk=an_import.pk)
        if not may(held, now=now):
            return False
        total = ImportedPerson.objects.filter(of=held).count()
        ImportUndo.objects.create(of=held, by=by, people_total=total, created_at=now)
    return True


def run(*, clock: Clock, until: datetime) -> bool:
    """Work on one undo that is due until it is finished or `until` has come; False when none is due.

    1. Part the profiles that the import found to be one, newest first.
    2. Chunk by chunk: take back consents, restore values, remove identifiers, remove people who have nothing else.
    """
    work = leases.claim(ImportUndo, now=clock())
    if work is None:
        return False
    try:
        if not work.latest_profile_id:
            _part(work, clock())
        _run(work, clock, until)
    except leases.LostError:
        logger.info("undo %s was taken over", work.pk)
    except Exception as error:  # the edge of a batch: the undo steps aside and says why
        logger.exception("undo %s stopped", work.pk)
        leases.fail(work, error=f"{type(error).__name__}: {error}", now=clock())
    return True


def forget(*, now: datetime) -> int:
    """Forget what old imports wrote over; return for how many people. It is needed by an undo only."""
    old = Import.objects.filter(created_at__lt=now - REMEMBERED_FOR).values("pk")
    return ImportedPerson.objects.filter(of__in=old, before__isnull=False).update(before=None)


def _merges(import_id: int) -> QuerySet[Merge]:
    return Merge.objects.filter(evidence__source=_source(import_id), reversed_at=None)


def _part(work: ImportUndo, now: datetime) -> None:
    by = f"staff:{work.by_id}" if work.by_id else "import undo"
    for merge in _merges(work.of_id).order_by("-pk"):
        try:
            parting.part(merge_id=merge.pk, by=by, now=now)
        except parting.CannotPartError:
            logger.info("merge %s of import %s stays", merge.pk, work.of_id)


def _run(work: ImportUndo, clock: Clock, until: datetime) -> None:
    while people := _next(work):
        _take_back(work, people, clock())
        if clock() >= until:
            leases.save(work, now=clock(), state=ImportUndo.State.QUEUED)
            return
    now = clock()
    leases.save(work, now=now, state=ImportUndo.State.DONE, finished_at=now)


def _next(work: ImportUndo) -> list[ImportedPerson]:
    rest = ImportedPerson.objects.filter(of_id=work.of_id, profile_id__gt=work.latest_profile_id).order_by("profile_id")
    return list(rest.defer("before")[:CHUNK_PEOPLE])


def _take_back(work: ImportUndo, people: Sequence[ImportedPerson], now: datetime) -> None:
    for tries_left in reversed(range(MOST_TRIES)):
        try:
            with transaction.atomic():
                _chunk(work, people, now)
        except (OperationalError, IntegrityError, identity.ContentionError):
            # Somebody gave one of them something at this very moment; seen on the next try.
            if not tries_left:
                raise
        else:
            work.latest_profile_id = people[-1].profile_id
            return


def _chunk(work: ImportUndo, people: Sequence[ImportedPerson], now: datetime) -> None:
    ids = [person.profile_id for person in people]
    list(Profile.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
    taken_back = retraction.retract(import_id=work.of_id, profile_ids=ids, now=now)
    made = [person.profile_id for person in people if person.outcome == ImportedPerson.Outcome.CREATED]
    kept = _kept(made, work.of_id)
    gone = [pk for pk in made if pk not in kept]
    others = [pk for pk in ids if pk not in set(made)]
    dropped = _drop_identifiers(others, work.of_id)
    different = _restore(work.of_id, others, now)
    search.refresh(sorted({pk for pk, keys in different.items() if keys & attributes.NAME_KEYS} | dropped.keys()))
    _remove(gone)
    keys = set().union(*different.values())
    changes.profile_changed(profile_ids=list(different), attributes=keys, now=now)
    changes.profile_changed(profile_ids=[*gone, *dropped], attributes=[changes.ANYTHING], now=now)
    restored = sorted(different.keys() | dropped.keys())
    for outcome, whose in ((Outcome.REMOVED, gone), (Outcome.KEPT, sorted(kept)), (Outcome.RESTORED, restored)):
        ImportedPerson.objects.filter(of_id=work.of_id, profile_id__in=whose).update(undone=outcome)
    leases.save(
        work,
        now=now,
        latest_profile_id=ids[-1],
        people_done=F("people_done") + len(ids),
        people_removed=F("people_removed") + len(gone),
        people_kept=F("people_kept") + len(kept),
        people_restored=F("people_restored") + len(restored),
        identifiers_removed=F("identifiers_removed") + sum(dropped.values()),
        consents_taken_back=F("consents_taken_back") + taken_back,
    )


def _kept(made: Sequence[int], import_id: int) -> set[int]:
    return traces.beside_import(profile_ids=made, import_id=import_id, undo_method=retraction.METHOD)


def _source(import_id: int) -> str:
    return f"import:{import_id}"


def _restore(import_id: int, ids: Sequence[int], now: datetime) -> dict[int, set[str]]:
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE, {"import": import_id, "source": _source(import_id), "ids": bulk.numbers(ids), "now": now})
        return {pk: set(keys) for pk, keys in cursor.fetchall()}


def _drop_identifiers(ids: Sequence[int], import_id: int) -> dict[int, int]:
    """Take back what the import added to people known before; return {profile id: how many}. Nobody is left without any."""
    theirs = Identifier.objects.filter(profile_id__in=ids)
    named_otherwise = set(theirs.exclude(source=_source(import_id)).values_list("profile_id", flat=True))
    added = [one for one in theirs.filter(source=_source(import_id)) if one.profile_id in named_otherwise]
    names = {(one.type, one.value) for one in added}
    points = ContactPoint.objects.filter(profile_id__in=ids, address__in=[value for _type, value in names])
    gone = [point.pk for point in points if (point.kind, point.address) in names]
    ContactPoint.objects.filter(pk__in=gone).delete()
    Identifier.objects.filter(pk__in=[one.pk for one in added]).delete()
    return Counter(one.profile_id for one in added)


def _remove(ids: Sequence[int]) -> None:
    if not ids:
        return
    # The ledger keeps what was said about the addresses, and no longer says whose they were.
    with consent.erasing():
        Consent.objects.filter(profile_id__in=ids).update(profile_id=None)
    Profile.objects.filter(pk__in=ids).delete()
