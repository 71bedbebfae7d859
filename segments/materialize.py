"""Who is in a segment, as stored: refresh everybody or given people, and tell downstream who entered and left.

One statement computes who matches, closes and opens the memberships, so an evaluation sees one snapshot. A transaction
lock per segment keeps two refreshes of one segment apart; the snapshot is taken after the lock, hence what a refresh
leaves behind is what asking everybody at that moment would find, whichever way it came about.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from profiles.models import Profile
from segments import changes, clock, compiler, tree
from segments.models import Segment, SizeHistory

logger = logging.getLogger(__name__)

LOCK = 0x5365676D  # "Segm", the first half of the key of the lock
REFRESH_SECONDS = 60
PARTED_LATELY = timedelta(minutes=10)  # within this the feed tells of a merge that was undone
RETRY = timedelta(minutes=1)
MOST_PEOPLE = 50_000  # of more, asking everybody is the shorter question


@dataclass(frozen=True)
class Outcome:
    """How many entered and left; the first fill of a segment is quiet and counts none."""

    entered: int = 0
    left: int = 0


def refresh_all(segment: Segment, *, now: datetime) -> Outcome:
    """Bring every membership of a segment up to date.

    1. Lock the segment, read its definition as it is now.
    2. In one statement: find who matches, close and open memberships.
    3. Write down when time alone will change answers.
    4. Publish who entered and left, unless this is the first fill; a first fill makes the segments that ask about this
       one stale instead.

    Raises compiler.TooSlowError after REFRESH_SECONDS and tree.InvalidDefinitionError for a definition that cannot be
    used; memberships then stay as they were.
    """
    with transaction.atomic(), compiler.room(REFRESH_SECONDS):
        _lock([segment.pk])
        fresh = Segment.objects.filter(pk=segment.pk, archived_at=None).first()
        if fresh is None:
            return Outcome()
        return _refresh(fresh, None, now)


def refresh_people(wanted: Mapping[int, Collection[int]], *, now: datetime) -> None:
    """Bring the memberships of given people up to date: {segment id: profile ids}.

    A merged profile stands for its survivor, and a survivor for everybody merged into it. Segments that are owed a full
    refresh are passed over: it will see these people too. Raises as refresh_all does.
    """
    if not wanted:
        return
    with transaction.atomic(), compiler.room(REFRESH_SECONDS):
        _lock(wanted)
        segments = Segment.objects.filter(pk__in=wanted, archived_at=None, stale_since=None, refreshed_at__isnull=False)
        for segment in by_dependency(segments):
            people = with_origins(wanted[segment.pk])
            try:
                with transaction.atomic():
                    _refresh(segment, people if len(people) <= MOST_PEOPLE else None, now)
            except tree.InvalidDefinitionError as error:
                _give_up(segment, error, now)


def refresh_stale(*, now: datetime) -> int:
    """Refresh every segment that is owed a full refresh, those that others ask about first; return how many were done."""
    owed = Segment.objects.filter(Q(stale_since__lte=now) | Q(refreshed_at=None, stale_since=None), archived_at=None)
    done = 0
    for segment in by_dependency(owed):
        try:
            refresh_all(segment, now=now)
            done += 1
        except (compiler.TooSlowError, tree.InvalidDefinitionError) as error:
            _give_up(segment, error, now)
    return done


def difference(segment: Segment, definition: tree.Definition, *, now: datetime) -> Outcome:
    """Return how many would enter and leave if this were the definition; raises compiler.TooSlowError."""
    found = compiler.sql(definition, now=now)
    text = (
        f"WITH wanted AS MATERIALIZED ({found.text}), held AS MATERIALIZED"
        " (SELECT profile_id AS id FROM segments_membership WHERE segment_id = %s AND until_at IS NULL)"
        " SELECT (SELECT count(*) FROM (SELECT id FROM wanted EXCEPT SELECT id FROM held) AS entering),"
        " (SELECT count(*) FROM (SELECT id FROM held EXCEPT SELECT id FROM wanted) AS leaving)"
    )
    with compiler.room(), connection.cursor() as cursor:
        cursor.execute(text, [*found.params, segment.pk])
        return Outcome(*cursor.fetchone())


def by_dependency(segments: Iterable[Segment]) -> list[Segment]:
    """Return the segments so that one comes after those among them that it asks about."""
    left = {segment.pk: segment for segment in sorted(segments, key=lambda segment: segment.pk)}
    asked = {pk: asks_about(segment) & left.keys() for pk, segment in left.items()}
    ordered: list[Segment] = []
    while left:
        # Cycles are refused when a definition is saved; should one exist, its members come in order of age.
        ready = [pk for pk in left if not asked[pk] & left.keys()] or [min(left)]
        ordered += [left.pop(pk) for pk in ready]
    return ordered


def asks_about(segment: Segment) -> set[int]:
    """Return the ids of the segments whose memberships this one reads."""
    return {int(name.partition(":")[2]) for name in segment.reads if name.startswith(f"{changes.SEGMENT_ENTERED}:")}


def with_origins(profile_ids: Collection[int]) -> list[int]:
    """Return these people, their survivors, and everybody merged into those."""
    given = set(profile_ids)
    roots = set(Profile.objects.filter(pk__in=given, merged_into__isnull=False).values_list("merged_into_id", flat=True))
    origins = Profile.objects.filter(merged_into_id__in=given | roots).values_list("pk", flat=True)
    return sorted(given | roots | set(origins))


def _lock(segment_ids: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        # A full refresh may hold the lock longer than other statements wait for theirs.
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{REFRESH_SECONDS}s"])
        for pk in sorted(segment_ids):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, pk])


def _refresh(segment: Segment, among: list[int] | None, now: datetime) -> Outcome:
    """Needs the lock of the segment."""
    definition = tree.clean(segment.definition)
    is_first = segment.refreshed_at is None
    entered, left = _move(segment, definition, among, now)
    _set_flips(segment, definition, among, now)
    entered_count, left_count = len(entered), len(left)
    if is_first:
        outcome = Outcome()
        asking = Segment.objects.filter(reads__contains=[f"{changes.SEGMENT_ENTERED}:{segment.pk}"], archived_at=None)
        asking.filter(stale_since=None).update(stale_since=now)
    else:
        entered, left = _without_merges(entered, left)
        entered = _without_partings(segment, entered, now)
        changes.entered(segment_id=segment.pk, profile_ids=entered, now=now)
        changes.left(segment_id=segment.pk, profile_ids=left, now=now)
        outcome = Outcome(len(entered), len(left))
    fields: dict[str, object] = {"size": F("size") + entered_count - left_count, "refreshed_at": now}
    if among is None:
        fields |= {"stale_since": None, "refresh_error": ""}
    Segment.objects.filter(pk=segment.pk).update(**fields)
    if is_first or entered_count or left_count:
        _note_size(segment, outcome, now)
    return outcome


def _move(segment: Segment, definition: tree.Definition, among: list[int] | None, now: datetime) -> tuple[list[int], list[int]]:
    """Close and open memberships; return who entered and who left."""
    wanted = compiler.sql(definition, now=now, among=among)
    these = "" if among is None else " AND member.profile_id = ANY(%(among)s)"
    text = (
        f"WITH wanted AS MATERIALIZED ({wanted.text}),"
        " gone AS (UPDATE segments_membership member SET until_at = GREATEST(member.from_at, %s)"
        f" WHERE member.segment_id = %s AND member.until_at IS NULL{these.replace('%(among)s', '%s')}"
        " AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id = member.profile_id) RETURNING member.profile_id),"
        " came AS (INSERT INTO segments_membership (segment_id, profile_id, from_at)"
        " SELECT %s, wanted.id, %s FROM wanted WHERE NOT EXISTS (SELECT FROM segments_membership member"
        " WHERE member.segment_id = %s AND member.profile_id = wanted.id AND member.until_at IS NULL)"
        # Out and in again at the very same moment is one stay.
        " ON CONFLICT (segment_id, profile_id, from_at) DO UPDATE SET until_at = NULL RETURNING profile_id)"
        " SELECT true, profile_id FROM came UNION ALL SELECT false, profile_id FROM gone"
    )
    values = [*wanted.params, now, segment.pk, *([among] if among is not None else []), segment.pk, now, segment.pk]
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        rows = cursor.fetchall()
    return [pk for came, pk in rows if came], [pk for came, pk in rows if not came]


def _set_flips(segment: Segment, definition: tree.Definition, among: list[int] | None, now: datetime) -> None:
    found = clock.flips(definition, now=now, among=among)
    with connection.cursor() as cursor:
        if among is None:
            cursor.execute("DELETE FROM segments_flip WHERE segment_id = %s", [segment.pk])
        else:
            cursor.execute("DELETE FROM segments_flip WHERE segment_id = %s AND profile_id = ANY(%s)", [segment.pk, among])
        if found is not None:
            cursor.execute(
                "INSERT INTO segments_flip (segment_id, profile_id, due_at)"
                f" SELECT %s, profile_id, due_at FROM ({found.text}) AS found",
                [segment.pk, *found.params],
            )


def _without_merges(entered: list[int], left: list[int]) -> tuple[list[int], list[int]]:
    """Return who entered and left as people: one whose other profile was in before the merge did neither."""
    merged = dict(Profile.objects.filter(pk__in=left, merged_into__isnull=False).values_list("pk", "merged_into_id"))
    stayed = set(merged.values())
    return [pk for pk in entered if pk not in stayed], [pk for pk in left if pk not in merged]


def _without_partings(segment: Segment, entered: list[int], now: datetime) -> list[int]:
    """Return who entered as people: one who was parted just now from somebody who was in is in as before."""
    if not entered:
        return entered
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.origin_id FROM profiles_merge m JOIN segments_membership held ON held.segment_id = %(segment)s"
            " AND held.profile_id = m.root_id AND held.from_at <= m.reversed_at"
            " AND (held.until_at IS NULL OR held.until_at >= m.reversed_at)"
            " WHERE m.origin_id = ANY(%(entered)s) AND m.reversed_at > %(lately)s AND NOT EXISTS ("
            " SELECT FROM segments_membership own WHERE own.segment_id = %(segment)s AND own.profile_id = m.origin_id"
            " AND own.from_at >= m.reversed_at AND own.from_at < %(now)s)",
            {"segment": segment.pk, "entered": entered, "lately": now - PARTED_LATELY, "now": now},
        )
        stayed = {pk for (pk,) in cursor.fetchall()}
    return [pk for pk in entered if pk not in stayed]


def _note_size(segment: Segment, outcome: Outcome, now: datetime) -> None:
    """Keep one row an hour."""
    size = Segment.objects.values_list("size", flat=True).get(pk=segment.pk)
    hour = now.replace(minute=0, second=0, microsecond=0)
    counts = {"size": size, "entered": F("entered") + outcome.entered, "left": F("left") + outcome.left}
    if not SizeHistory.objects.filter(segment=segment, at=hour).update(**counts):
        SizeHistory.objects.create(segment=segment, at=hour, size=size, entered=outcome.entered, left=outcome.left)


def _give_up(segment: Segment, error: Exception, now: datetime) -> None:
    """Say on the segment why it is not fresh, and try again in a while; who is in stays as it was."""
    logger.error("segment %s was not refreshed: %s", segment.pk, type(error).__name__)
    message = str(error)
    if isinstance(error, compiler.TooSlowError):
        message = _("Finding who matches takes longer than %(seconds)s seconds.") % {"seconds": REFRESH_SECONDS}
    Segment.objects.filter(pk=segment.pk).update(refresh_error=message[:2000], stale_since=now + RETRY)
