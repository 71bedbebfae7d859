"""Which steps did a batch of people pass in one go, and how is that written with a statement per kind of row?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.models import Enrolment, Step

_MOVE = """
UPDATE campaigns_enrolment e SET state = n.state, step_id = n.step, visit = n.visit, due_at = n.due, attempts = n.attempts,
    ended_at = n.ended, reason = n.reason
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::timestamptz[], %s::int[], %s::timestamptz[], %s::text[])
    AS n(id, state, step, visit, due, attempts, ended, reason)
WHERE e.id = n.id
"""
_LEAVE = """
UPDATE campaigns_visit v SET left_at = %s, port = n.port
FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS n(enrolment, number, port)
WHERE v.enrolment_id = n.enrolment AND v.number = n.number
"""
_ARRIVE = """
INSERT INTO campaigns_visit (enrolment_id, number, step_id, profile_id, entered_at, left_at, port)
SELECT n.enrolment, n.number, n.step, n.profile, %s, n.left_at, n.port
FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[])
    AS n(enrolment, number, step, profile, left_at, port)
"""


@dataclass
class _Stay:
    enrolment: int
    number: int
    step: int
    profile: int
    left_at: datetime | None = None
    port: str = ""


class Trails:
    """What a batch did, in memory until `write`. The first stay of everybody is in the table already."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.left: list[tuple[int, int, str]] = []
        self.stays: list[_Stay] = []
        self._at: dict[int, _Stay] = {}

    def step(self, enrolment: Enrolment, following: Step, *, port: str) -> None:
        """Leave the present step by `port` and stand at the following one, due at once."""
        self._leave(enrolment, port)
        enrolment.visit += 1
        enrolment.step_id = following.pk
        enrolment.due_at = self.now
        enrolment.visit_entered_at = self.now
        stay = _Stay(enrolment.pk, enrolment.visit, following.pk, enrolment.profile_id)
        self._at[enrolment.pk] = stay
        self.stays.append(stay)

    def end(self, enrolment: Enrolment, *, reason: str, finished: bool, port: str = "") -> None:
        self._leave(enrolment, port)
        enrolment.state = Enrolment.State.FINISHED if finished else Enrolment.State.LEFT
        enrolment.reason = reason
        enrolment.ended_at = self.now
        enrolment.due_at = None

    def write(self, batch: Sequence[Enrolment]) -> None:
        """Write the batch back: three statements, however many people and steps."""
        moved = [
            (each.pk, each.state, each.step_id, each.visit, each.due_at, each.attempts, each.ended_at, each.reason)
            for each in batch
        ]
        stays = [(s.enrolment, s.number, s.step, s.profile, s.left_at, s.port) for s in self.stays]
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, _columns(moved))
            if self.left:
                cursor.execute(_LEAVE, [self.now, *_columns(self.left)])
            if stays:
                cursor.execute(_ARRIVE, [self.now, *_columns(stays)])

    def _leave(self, enrolment: Enrolment, port: str) -> None:
        stay = self._at.get(enrolment.pk)
        if stay is None:
            self.left.append((enrolment.pk, enrolment.visit, port))
        else:
            stay.left_at, stay.port = self.now, port


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return each column as an array literal. The driver would write them one value at a time, five times slower."""
    return ["{" + ",".join(map(_literal, column)) + "}" for column in zip(*rows)]


def _literal(value: int | str | datetime | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value.isoformat() if isinstance(value, datetime) else str(value)
