"""How does a person get a copy of everything held about them: as JSON for programs, as a page for people?

Made in the background, row by row into two files, so that any number takes no memory. The files go after KEPT_FOR.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import File
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q

from omni import audit
from profiles.models import AccessExport, Profile
from profiles.privacy import holdings, paper, subjects

if TYPE_CHECKING:
    from omni.models import User
    from profiles.privacy.holdings import Holding, Subject

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=7)
LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 3
PROGRESS_EVERY = 2_000
STATE = AccessExport.State

Clock = Callable[[], datetime]


def ask(*, person: Profile, by: User | None, by_label: str, now: datetime) -> AccessExport:
    """Queue a copy of this person's data; one that is under way is given back instead. Writes the audit entry."""
    with transaction.atomic():
        Profile.objects.select_for_update(no_key=True).get(pk=person.pk)
        under_way = AccessExport.objects.filter(profile_id=person.pk, state__in=[STATE.QUEUED, STATE.RUNNING]).first()
        if under_way is not None:
            return under_way
        new = AccessExport.objects.create(
            profile_id=person.pk, by=by, by_label=by_label[:160], created_at=now, expires_at=now + KEPT_FOR
        )
        audit.record(actor=by, action="person.copy", obj=person, after={"copy": new.pk}, now=now)
    return new


def run(*, clock: Clock) -> bool:
    """Make one copy that is due; False when none is."""
    work = _claim(clock())
    if work is None:
        return False
    try:
        _make(work, clock)
    except Exception as error:  # the edge of a batch: the copy steps aside and says why
        logger.exception("copy %s stopped", work.pk)
        _held(work).update(state=STATE.FAILED, error=f"{type(error).__name__}: {error}"[:500], lease_until=None)
    return True


def forget(*, now: datetime) -> int:
    """Delete the copies whose time is over, files and all; return how many."""
    over = list(AccessExport.objects.filter(expires_at__lte=now)[:500])
    for copy in over:
        for file in (copy.as_json, copy.as_page):
            if file:
                file.delete(save=False)
        copy.delete()
    return len(over)


def _claim(now: datetime) -> AccessExport | None:
    is_free = Q(state=STATE.QUEUED) | Q(state=STATE.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        work = AccessExport.objects.filter(is_free).order_by("pk").select_for_update(skip_locked=True).first()
        if work is None:
            return None
        work.attempts += 1
        work.state = STATE.RUNNING if work.attempts <= MOST_ATTEMPTS else STATE.FAILED
        work.error = "" if work.state == STATE.RUNNING else f"It was tried {MOST_ATTEMPTS} times."
        work.lease_until = now + LEASE
        work.save(update_fields=["attempts", "state", "error", "lease_until"])
    return work if work.state == STATE.RUNNING else None


def _held(work: AccessExport) -> Any:
    return AccessExport.objects.filter(pk=work.pk, state=STATE.RUNNING, attempts=work.attempts)


def _make(work: AccessExport, clock: Clock) -> None:
    person = Profile.objects.filter(pk=work.profile_id).first()
    root = person.merged_into_id or person.pk if person else work.profile_id
    subject = subjects.of_person(root)
    parts = [(holding, holding.rows(subject).count()) for holding in holdings.every()]
    parts = [(holding, count) for holding, count in parts if count]
    _held(work).update(rows_total=sum(count for _, count in parts), rows_done=0)
    with tempfile.TemporaryFile("w+b") as as_json, tempfile.TemporaryFile("w+b") as as_page:
        _write(work, subject, parts, as_json, as_page, clock)
        _keep(work, as_json, as_page, clock())


def _write(
    work: AccessExport, subject: Subject, parts: list[tuple[Holding, int]], as_json: IO[bytes], as_page: IO[bytes], clock: Clock
) -> None:
    made_at = clock()
    head = {"person": subject.profile_ids[0], "profiles": list(subject.profile_ids), "made_at": made_at}
    as_json.write(_dump(head)[:-1].encode() + b', "data": {')
    start, end = paper.render("profiles/paper_copy.html", {"subject": subject, "made_at": made_at, "parts": parts}).split(
        "<!--rows-->"
    )
    as_page.write(start.encode())
    done = 0
    for place, (holding, count) in enumerate(parts):
        as_json.write(f"{', ' if place else ''}{json.dumps(holding.key)}: [".encode())
        context = {"holding": holding, "count": count, "columns": [_heading(name) for name in holding.told()]}
        table_start, table_end = paper.render("profiles/paper_table.html", context).split("<!--rows-->")
        as_page.write(table_start.encode())
        for number, row in enumerate(_rows(holding, subject)):
            as_json.write((", " if number else "").encode() + _dump(row).encode())
            cells = [_cell(value) for value in row.values()]
            as_page.write(paper.render("profiles/paper_row.html", {"cells": cells}).encode())
            done += 1
            if done % PROGRESS_EVERY == 0:
                _held(work).update(rows_done=done, lease_until=clock() + LEASE)
        as_json.write(b"]")
        as_page.write(table_end.encode())
    as_json.write(b"}}")
    as_page.write(end.encode())
    _held(work).update(rows_done=done)


def _rows(holding: Holding, subject: Subject) -> Iterator[dict[str, Any]]:
    yield from holding.rows(subject).order_by("pk").values(*holding.told()).iterator(chunk_size=1_000)


def _keep(work: AccessExport, as_json: IO[bytes], as_page: IO[bytes], now: datetime) -> None:
    with transaction.atomic():
        held = AccessExport.objects.select_for_update().filter(pk=work.pk, state=STATE.RUNNING, attempts=work.attempts).first()
        if held is None:
            return  # erased meanwhile, or somebody else has it
        as_json.seek(0)
        as_page.seek(0)
        held.as_json.save(f"person-{held.profile_id}.json", File(as_json), save=False)
        held.as_page.save(f"person-{held.profile_id}.html", File(as_page), save=False)
        held.state, held.finished_at, held.lease_until = STATE.READY, now, None
        held.save()


def _dump(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _heading(name: str) -> str:
    return name.replace("__name", "").replace("__", " ").replace("_", " ")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return _dump(value) if isinstance(value, dict | list) else str(value)
