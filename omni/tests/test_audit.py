from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from omni import audit
from omni.models import AuditEntry, Company, User

pytestmark = pytest.mark.django_db


def _three_entries(owner: User, now: datetime) -> list[AuditEntry]:
    company = Company.load()
    return [
        audit.record(
            actor=owner,
            action="company.edit",
            obj=company,
            before={"name": "A", "share": Decimal("0.10"), "at": now},
            after={"name": f"B{number}", "ratio": 1e-7, "none": None},
            now=now + timedelta(seconds=number),
            request_id=f"r{number}",
        )
        for number in range(3)
    ]


def test_it_chains_entries_that_hold(owner: User, now: datetime) -> None:
    first, second, third = _three_entries(owner, now)

    assert first.previous_hash == audit.FIRST_HASH
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert audit.verify() == audit.Verdict(checked=3)


@pytest.mark.parametrize("change", [{"action": "company.delete"}, {"after": {"name": "C"}}, {"actor_label": "Nobody"}])
def test_it_finds_a_changed_entry(owner: User, now: datetime, change: dict) -> None:
    _first, second, _third = _three_entries(owner, now)

    AuditEntry.objects.filter(pk=second.pk).update(**change)

    assert audit.verify().broken_at == second.pk


def test_it_finds_a_removed_entry(owner: User, now: datetime) -> None:
    _first, second, third = _three_entries(owner, now)

    second.delete()

    assert audit.verify().broken_at == third.pk


def test_it_finds_a_forged_entry_with_a_hash_of_its_own(owner: User, now: datetime) -> None:
    _first, second, third = _three_entries(owner, now)

    second.after = {"name": "forged"}
    second.hash = audit._hash(second)
    second.save()

    assert audit.verify().broken_at == third.pk


def test_it_keeps_what_people_did_after_their_account_is_gone(owner: User, now: datetime) -> None:
    _three_entries(owner, now)

    User.objects.filter(pk=owner.pk).delete()

    assert set(AuditEntry.objects.values_list("actor_label", flat=True)) == {"Olga Owner"}
    assert audit.verify().holds


def test_it_writes_nothing_when_the_caller_rolls_back(owner: User, now: datetime) -> None:
    from django.db import transaction

    with transaction.atomic():
        audit.record(actor=owner, action="company.edit", obj=Company.load(), now=now)
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()
