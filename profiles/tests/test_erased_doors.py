"""What the doors do with what belongs to somebody who was erased: the tracking call, the file, the API."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from omni.models import ApiKey, User
from profiles import tombstones
from profiles.ingest import inbox
from profiles.models import DeadLetter, Erasure, Event, Import, Profile, Source, SourceTally, Tombstone
from profiles.tests.imports.files import import_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def grave(now: datetime) -> Erasure:
    erasure = Erasure.objects.create(profile_ids=[1], by_label="Olga", begun_at=now, backups_expire_date=now.date())
    keys = [("email", "ann@shop.test"), ("user_id", "a-1")]
    tombstones.bury(keys=keys, addresses=keys[:1], suppressed={}, erasure=erasure, now=now)
    return erasure


def test_a_late_call_is_counted_and_not_kept(grave: Erasure, now: datetime) -> None:
    source, _key = Source.issue(name="Shop")
    body = b'{"batch": [{"type": "track", "event": "Order Completed", "userId": "a-1", "properties": {"secret": 1}},' + (
        b'{"type": "track", "event": "Order Completed", "userId": "b-1"}]}'
    )
    inbox.accept(source_id=source.pk, path="batch", headers={}, body=body, now=now)

    inbox.drain(now=now)

    assert Profile.objects.count() == Event.objects.count() == 1
    assert not DeadLetter.objects.exists()
    tally = SourceTally.objects.get()
    assert (tally.used, tally.refused) == (1, 1)
    assert Tombstone.objects.get(type="user_id").refusals == 1


def test_a_row_of_a_file_is_rejected_without_its_cells(grave: Erasure, now: datetime) -> None:
    work = import_file("email,name\nAnn@Shop.test,Ann\nbob@shop.test,Bob\n", now=now)

    assert Profile.objects.count() == 1
    assert (work.state, work.rows_created, work.rows_rejected) == (Import.State.DONE, 1, 1)
    fault = work.faults.get()
    assert (fault.row, fault.reason, fault.cells) == (2, "erased", [])


def test_the_api_says_why(grave: Erasure, owner: User) -> None:
    _row, secret = ApiKey.issue(name="CRM", scopes=["people:write"], by=owner)
    answer = Client().post(
        "/api/v1/people",
        {"identifiers": {"email": "ann@shop.test"}, "attributes": {"name": "Ann"}},
        content_type="application/json",
        headers={"authorization": f"Bearer {secret}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "erased")
    assert not Profile.objects.exists()
    assert Tombstone.objects.get(type="email").refusals == 1
