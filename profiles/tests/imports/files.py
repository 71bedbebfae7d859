"""The way of a file from upload to its end, for the tests of imports."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.core.files.base import File

from profiles import imports
from profiles.imports import mapping
from profiles.models import Import, Profile

Outcome = tuple[int | None, int, int, int, int]


def import_file(
    text: str | bytes,
    *,
    now: datetime,
    to: dict[int, str] | None = None,
    consent_given: dict[str, Any] | None = None,
    chunk: int = 0,
) -> Import:
    """Import a file as guessed, `to` overriding columns, and run it to its end."""
    queued = queue(text, now=now, to=to, consent_given=consent_given)
    while imports.run(clock=lambda: now, until=now + timedelta(seconds=1)):
        pass
    queued.refresh_from_db()
    return queued


def queue(
    text: str | bytes, *, now: datetime, to: dict[int, str] | None = None, consent_given: dict[str, Any] | None = None
) -> Import:
    data = text.encode() if isinstance(text, str) else text
    new = imports.upload(file=File(BytesIO(data), "people.csv"), name="people.csv", by=None)
    Import.objects.filter(pk=new.pk).update(created_at=now)
    new.refresh_from_db()
    for index, target in (to or {}).items():
        new.mapping[str(index)]["to"] = target
    plan = mapping.build(header=new.header, mapping=new.mapping, consent=consent_given or {"status": "unknown"})
    assert imports.start(an_import=new, plan=plan, now=now)
    return new


def counts(done: Import) -> Outcome:
    assert done.state == Import.State.DONE, done.error
    return (done.rows_total, done.rows_created, done.rows_updated, done.rows_unchanged, done.rows_rejected)


def person_of(value: str) -> Profile:
    return Profile.objects.get(identifiers__value=value)
