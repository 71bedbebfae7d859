"""A person is erased: at once for everybody, then to the last row, for good, with a certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from omni.models import AuditEntry, User
from profiles import attributes, consent, identity, tombstones
from profiles.ingest import inbox
from profiles.models import (
    Consent,
    ConsentState,
    ContactPoint,
    DeadLetter,
    Erasure,
    Event,
    EventDef,
    Identifier,
    Import,
    ImportFault,
    Merge,
    Order,
    PrivacyRequest,
    Profile,
    Refusal,
    Source,
    Suppression,
    Tombstone,
)
from profiles.privacy import erasure, holdings
from profiles.tests.imports.files import import_file

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
CSV = "email,name\nAnn@Shop.test,Ann Lee\nbob@shop.test,Bob Ray\n"
CALLS = (
    b'{"batch": [{"type": "identify", "userId": "a-1", "anonymousId": "v-1", "traits": {"email": "ann@shop.test"}},'
    b'{"type": "track", "event": "Order Completed", "userId": "a-1", "messageId": "%s"}]}'
)


def _tell(source: Source, now: datetime, message: bytes = b"m-1") -> None:
    inbox.accept(source_id=source.pk, path="batch", headers={}, body=CALLS % message, now=now)
    inbox.drain(now=now)


@pytest.fixture
def shop(now: datetime) -> Source:
    return Source.issue(name="Shop")[0]


@pytest.fixture
def ann(shop: Source, now: datetime) -> Profile:
    """Ann came by a file and by calls that turned out to be one person, said yes and later no, and left a broken call."""
    import_file(CSV, now=now)
    inbox.accept(
        source_id=shop.pk, path="track", headers={}, now=now, body=b'{"type": "track", "event": "Seen", "anonymousId": "v-1"}'
    )
    inbox.drain(now=now)
    _tell(shop, now)
    DeadLetter.objects.create(source=shop, received_at=now, reason="failed", body=b'{"traits": {"email": "ANN@shop.test"}}')
    DeadLetter.objects.create(source=shop, received_at=now, reason="failed", body=b'{"traits": {"email": "joann@shop.tests"}}')
    of = Import.objects.get()
    ImportFault.objects.create(of=of, row=9, reason="no", cells=["Ann@Shop.test", "x"])
    ImportFault.objects.create(of=of, row=10, reason="no", cells=["cid@shop.test", "x"])
    for status in ("granted", "withdrawn"):
        consent.record(changes=[consent.Change("email", "ann@shop.test", status, now, "staff")], now=now)
    consent.suppress(channel="email", address="ann@shop.test", reason="complained", now=now)
    return Profile.objects.get(identifiers__value="ann@shop.test")


def _erase(person: Profile, now: datetime, by: User | None = None) -> Erasure:
    begun = erasure.begin(person_id=person.pk, reason="asked by letter", by=by, now=now)
    while erasure.run(clock=lambda: now, until=now + timedelta(seconds=9)):
        pass
    begun.refresh_from_db()
    return begun


def test_nothing_of_the_person_is_left_and_the_neighbour_is_whole(ann: Profile, owner: User, now: datetime) -> None:
    origins = list(Profile.objects.filter(merged_into=ann).values_list("pk", flat=True))
    assert origins, "the story has a merge"

    done = _erase(ann, now, owner)

    assert (done.state, done.trace, done.profile_ids) == ("done", None, [ann.pk, *origins])
    assert [person.name for person in Profile.objects.all()] == ["Bob Ray"]
    assert set(Identifier.objects.values_list("value", flat=True)) == {"bob@shop.test"}
    assert not Merge.objects.exists()
    assert not Event.objects.exists()
    assert not ContactPoint.objects.filter(address__startswith="ann").exists()
    assert not Consent.objects.exists()
    assert not ConsentState.objects.exists()
    assert not Suppression.objects.exists()
    assert ImportFault.objects.get().row == 10
    assert b"joann" in bytes(DeadLetter.objects.get().body)
    assert not Import.objects.get().file
    assert done.counts["event"] == 2
    assert AuditEntry.objects.get(action="person.erase").object_label == f"Person {ann.pk}"


def test_what_a_rule_refused_to_others_does_not_name_the_person_any_more(ann: Profile, now: datetime) -> None:
    bob = Profile.objects.get(identifiers__value="bob@shop.test")
    other = {"profile": bob, "rule": "limit", "source": "shop", "first_at": now, "latest_at": now}
    Refusal.objects.create(type="email", value="ann@shop.test", owner=ann, **other)
    Refusal.objects.create(type="email", value="joann@shop.test", **other)

    _erase(ann, now)

    assert [refusal.value for refusal in Refusal.objects.all()] == ["joann@shop.test"]


def test_the_same_file_and_the_same_calls_bring_nobody_back(ann: Profile, shop: Source, now: datetime) -> None:
    _erase(ann, now)

    again = import_file(CSV, now=now)
    _tell(shop, now + timedelta(days=40), b"m-2")

    assert [person.name for person in Profile.objects.all()] == ["Bob Ray"]
    assert (again.rows_rejected, again.rows_unchanged) == (1, 1)
    assert [(fault.reason, fault.cells) for fault in again.faults.all()] == [("erased", [])]
    assert not Event.objects.exists()
    assert Tombstone.objects.get(type="email").refusals >= 1


def test_the_preview_counts_what_then_goes(ann: Profile, now: datetime) -> None:
    found = erasure.preview(ann.pk)
    before = {line.holding.key: line.count for line in found.lines if line.count and line.holding.fate is holdings.Fate.ERASED}

    done = _erase(ann, now)

    assert {key: done.counts.get(key) for key in before} == before


def test_it_warns_of_others_with_the_same_address(ann: Profile, now: datetime) -> None:
    bob = Profile.objects.get(identifiers__value="bob@shop.test")
    attributes.apply(changes=[attributes.Change(bob.pk, {"email": "ann@shop.test"}, now, "test")], now=now)

    assert erasure.preview(ann.pk).sharing == [bob]


def test_killed_between_portions_it_goes_on(ann: Profile, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profiles.privacy.own.CHUNK", 1)
    monkeypatch.setattr(erasure, "_is_quiet_before", lambda barrier: True)  # of other databases, too
    begun = erasure.begin(person_id=ann.pk, reason="asked", by=None, now=now)

    assert not Profile.objects.filter(pk=ann.pk).exists(), "gone at once, before anything is swept"
    erasure.run(clock=lambda: now, until=now)  # one portion, then the time is over
    while erasure.run(clock=lambda: now + timedelta(minutes=5), until=now + timedelta(minutes=6)):
        pass

    begun.refresh_from_db()
    assert begun.state == "done"
    assert begun.counts["event"] == 2
    assert not Event.objects.exists()


def test_what_was_written_meanwhile_is_swept_too(ann: Profile, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that had found the person before the erasure commits its event after the first pass."""
    begun = erasure.begin(person_id=ann.pk, reason="asked", by=None, now=now)
    quiet = iter([False, True])
    monkeypatch.setattr(erasure, "_is_quiet_before", lambda barrier: next(quiet))

    erasure.run(clock=lambda: now, until=now + timedelta(seconds=9))
    Event.objects.create(time=now, profile_id=ann.pk, name=EventDef.objects.get(name="Order Completed"), received_at=now)
    begun.refresh_from_db()
    assert begun.state == "running"
    erasure.run(clock=lambda: now + timedelta(seconds=5), until=now + timedelta(seconds=9))

    begun.refresh_from_db()
    assert (begun.state, begun.counts["event"]) == ("done", 3)
    assert not Event.objects.exists()


def test_only_a_survivor_can_be_erased(ann: Profile, now: datetime) -> None:
    origin = Profile.objects.get(merged_into=ann)

    with pytest.raises(erasure.ChangedError):
        erasure.begin(person_id=origin.pk, reason="asked", by=None, now=now)


def test_orders_stay_without_the_person(ann: Profile, now: datetime) -> None:
    Order.objects.create(
        *(), external_id="1", profile_id=ann.pk, currency="EUR", total_minor=500, fields={"note": "Ann"}, ordered_at=now,
        created_at=now, updated_at=now,
    )  # fmt: skip

    _erase(ann, now)

    assert Order.objects.filter(fields={}, total_minor=500).count() == Order.objects.count() >= 1


def test_a_request_of_theirs_is_answered_and_made_nameless(ann: Profile, now: datetime) -> None:
    PrivacyRequest.objects.create(
        kind="erase", profile=ann, channel="email", address="ann@shop.test", asked_at=now, verified="letter"
    )

    _erase(ann, now)

    row = PrivacyRequest.objects.get()
    assert (row.state, row.address, row.profile_id) == ("done", "", None)


def test_the_page_asks_for_the_number_and_shows_what_would_go(
    client_of: ClientOf, owner: User, ann: Profile, now: datetime
) -> None:
    client = client_of(owner)
    page = client.get(f"/people/{ann.pk}/erase/").content.decode()
    refused = client.post(f"/people/{ann.pk}/erase/", {"reason": "asked", "confirm": "1234567"})

    assert "Permissions given and taken back" in page
    assert refused.status_code == 422
    assert Profile.objects.filter(pk=ann.pk).exists()

    answer = client.post(f"/people/{ann.pk}/erase/", {"reason": "asked", "confirm": str(ann.pk)})
    begun = Erasure.objects.get()
    assert answer["Location"] == f"/data/erased/{begun.pk}/"
    assert client.get(f"/data/erased/{begun.pk}/certificate/").status_code == 404
    while erasure.run(clock=lambda: now, until=now + timedelta(seconds=9)):
        pass
    assert client.get(f"/data/erased/{begun.pk}/").status_code == 200
    paper = client.get(f"/data/erased/{begun.pk}/certificate/")
    assert str(begun.number) in paper.content.decode()
    assert "sha256-" in paper["Content-Security-Policy"]
    assert "ann@" not in paper.content.decode().lower()
    assert "Ann" not in paper.content.decode()
    assert str(ann.pk) in client.get("/data/erased/").content.decode()


@pytest.mark.parametrize("role", ["marketer", "analyst", "support"])
def test_only_who_administers_erases(role: str, request: pytest.FixtureRequest, client_of: ClientOf, ann: Profile) -> None:
    client = client_of(request.getfixturevalue(role))

    assert client.get(f"/people/{ann.pk}/erase/").status_code == 403
    assert client.post("/data/erased/lift/", {}).status_code == 403


def test_a_tombstone_is_lifted_by_whoever_types_it(client_of: ClientOf, owner: User, ann: Profile, now: datetime) -> None:
    _erase(ann, now)
    client = client_of(owner)

    wrong = client.post("/data/erased/lift/", {"type": "email", "value": "eve@shop.test", "reason": "asked"})
    right = client.post("/data/erased/lift/", {"type": "email", "value": "Ann@shop.test", "reason": "asked"})

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert tombstones.among([("email", "ann@shop.test")]) == set()
    assert AuditEntry.objects.get(action="tombstone.lift").after == {"reason": "asked"}
    assert identity.resolve_living(claims=[identity.Claim((("email", "ann@shop.test"),), "t", now)], now=now) != [None]


# Columns that look like a person's or an address and are not, each with the reason.
HARMLESS = {
    "profiles.Erasure": "numbers of people who are gone",
    "profiles.SeenMessage": "a hash",
    "omni.FeedEntry": "handled within seconds; numbers only",
    "campaigns.Sender": "the company's own addresses",
}
NAMES = {"profile_id", "origin_profile_id", "address", "recipient", "email", "phone"}


def test_every_table_about_people_is_declared() -> None:
    known = {one.model for one in holdings.every()}
    forgotten = []
    for label in holdings.APPS:
        for model in apps.get_app_config(label).get_models():
            columns = {column.attname for column in model._meta.concrete_fields if isinstance(column, models.Field)}
            about = columns & NAMES or holdings.pointers(model)
            if about and model not in known and model._meta.label not in HARMLESS and label != "omni":
                forgotten.append(f"{model._meta.label}: {sorted(columns & NAMES)}")

    assert forgotten == []
