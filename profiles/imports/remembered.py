"""What did the columns of such a file become the last time?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db.models import F

from profiles.imports.mapping import SKIP, Column, Plan
from profiles.models import Import, SavedMapping

if TYPE_CHECKING:
    from omni.models import User

ALIKE = 0.8  # of all the columns that either file has
MOST_COMPARED = 500


def remember(*, an_import: Import, plan: Plan, by: User | None, now: datetime) -> SavedMapping:
    """Keep the mapping under the fingerprint of its columns, named after the file when it is the first of its kind."""
    columns = {column.name: {"to": column.to, "type": column.type} for column in plan.columns}
    kept, is_new = SavedMapping.objects.get_or_create(
        fingerprint=fingerprint([column.name for column in plan.columns]),
        defaults={
            "name": _name(an_import.name), "columns": columns, "times_used": 1, "latest_used_at": now, "created_by": by,
        },
    )  # fmt: skip
    if not is_new:
        SavedMapping.objects.filter(pk=kept.pk).update(columns=columns, times_used=F("times_used") + 1, latest_used_at=now)
    return kept


def find(header: Sequence[str]) -> SavedMapping | None:
    """Return the mapping of the most similar file: the same columns in any order, or nearly; the latest of equal ones."""
    exact = SavedMapping.objects.filter(fingerprint=fingerprint(header)).first()
    if exact is not None:
        return exact
    wanted = {_spelling(name) for name in header}
    best, best_share = None, ALIKE
    for kept in SavedMapping.objects.order_by("-latest_used_at", "-pk")[:MOST_COMPARED]:
        known = {_spelling(name) for name in kept.columns}
        share = len(wanted & known) / len(wanted | known)
        if share > best_share or (best is None and share == best_share):
            best, best_share = kept, share
    return best


def apply(kept: SavedMapping, *, guessed: Sequence[Column]) -> list[Column]:
    """Return the columns as they were mapped before; those that are new as guessed, unless their place is taken."""
    before = {_spelling(name): target for name, target in kept.columns.items()}
    taken = {str(before[name]["to"]) for name in (_spelling(column.name) for column in guessed) if name in before}
    columns = []
    for column in guessed:
        target = before.get(_spelling(column.name))
        if target is not None:
            columns.append(Column(column.index, column.name, target["to"], target["type"]))
        else:
            columns.append(column if column.to not in taken else Column(column.index, column.name, SKIP))
    return columns


def fingerprint(header: Sequence[str]) -> str:
    return sha256("\x00".join(sorted(_spelling(name) for name in header)).encode()).hexdigest()


def _spelling(name: str) -> str:
    return " ".join(name.casefold().split())


def _name(file: str) -> str:
    return file.rsplit(".", 1)[0][:120] or file[:120]
