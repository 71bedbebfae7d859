"""An import is tried as a whole, and taken back without touching what others said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from profiles import attributes, consent, identity
from profiles.imports import mapping, running, trial, undo
from profiles.models import (
    Consent,
    ConsentState,
    ContactPoint,
    Identifier,
    Import,
    ImportedPerson,
    ImportTrial,
    ImportUndo,
    Profile,
)
from profiles.tests.imports.files import import_file, person_of, queue

pytestmark = pytest.mark.django_db

GRANTED = {"status": "granted", "channels": ["email"], "source": "Till", "date": "2026-01-31"}


def _person(value: str, now: datetime, **values: object) -> int:
    (pk,) = identity.resolve(claims=[identity.Claim((("email", value),), "site", now)], now=now)
    if values:
        attributes.apply(changes=[attributes.Change(pk, values, now, "site")], now=now)
    return pk


def _undo(done: Import, now: datetime) -> ImportUndo:
    assert undo.queue(an_import=done, by=None, now=now)
    while undo.run(clock=lambda: now, until=now + timedelta(seconds=1)):
        pass
    found = ImportUndo.objects.get()
    assert found.state == ImportUndo.State.DONE, found.error
    return found


def test_people_it_made_go_and_values_come_back(now: datetime) -> None:
    known = _person("anna@shop.test", now, city="Varna", age=30)
    later = now + timedelta(hours=1)
    text = "email,phone,city,vip\nanna@shop.test,+359881234567,Sofia,yes\nnew@shop.test,,Ruse,no\n"
    done = import_file(text, now=later, consent_given=GRANTED)
    assert person_of("+359881234567").attributes == {"city": "Sofia", "age": 30, "vip": True}
    outlook = undo.outlook(done)

    found = _undo(done, later)

    assert (outlook.created, outlook.kept, outlook.changed, outlook.identifiers, outlook.consents) == (1, 0, 1, 1, 2)
    assert list(Profile.objects.values_list("pk", "attributes")) == [(known, {"city": "Varna", "age": 30})]
    assert Profile.objects.get().attribute_facts.keys() == {"city", "age"}
    assert Identifier.objects.get().value == ContactPoint.objects.get().address == "anna@shop.test"
    assert (found.people_removed, found.people_restored, found.people_kept, found.consents_taken_back) == (1, 1, 0, 2)
    assert not undo.queue(an_import=done, by=None, now=later)


def test_who_has_anything_else_since_is_kept_and_named(now: datetime) -> None:
    done = import_file("email,city\na@shop.test,Sofia\nb@shop.test,Ruse\nc@shop.test,Varna\n", now=now)
    attributes.apply(changes=[attributes.Change(person_of("a@shop.test").pk, {"age": 3}, now, "site")], now=now)
    identity.resolve(claims=[identity.Claim((("email", "b@shop.test"), ("user_id", "7")), "site", now)], now=now)

    found = _undo(done, now)

    assert (found.people_removed, found.people_kept) == (1, 2)
    assert set(Identifier.objects.values_list("value", flat=True)) == {"a@shop.test", "b@shop.test", "7"}
    kept = ImportedPerson.objects.filter(undone=ImportUndo.Outcome.KEPT).values_list("profile_id", flat=True)
    assert set(kept) == set(Profile.objects.values_list("pk", flat=True))


def test_a_value_changed_since_is_left_alone(now: datetime) -> None:
    known = _person("anna@shop.test", now, city="Varna", age=30)
    at = now + timedelta(hours=1)
    done = import_file("email,city,age\nanna@shop.test,Sofia,31\n", now=at)
    later = at + timedelta(hours=1)
    attributes.apply(changes=[attributes.Change(known, {"city": "Plovdiv"}, later, "site")], now=later)

    _undo(done, later)

    assert Profile.objects.get().attributes == {"city": "Plovdiv", "age": 30}


def test_consents_go_by_an_entry_beside_and_no_opt_out_is_lifted(now: datetime) -> None:
    consent.withdraw(channel="email", address="no@shop.test", method="one_click", proof={}, now=now)
    own = consent.Change("email", "yes@shop.test", "granted", now - timedelta(days=900), "preference_page")
    consent.record(changes=[own], now=now)
    done = import_file("email\nno@shop.test\nyes@shop.test\nnew@shop.test\n", now=now, consent_given=GRANTED)
    before = Consent.objects.count()

    _undo(done, now)

    states = dict(ConsentState.objects.values_list("address", "status"))
    assert states == {"no@shop.test": "withdrawn", "yes@shop.test": "granted"}
    assert Consent.objects.count() == before + 3
    again = import_file("email\nno@shop.test\nnew@shop.test\n", now=now, consent_given=GRANTED)
    assert again.rows_created == 2
    states = dict(ConsentState.objects.values_list("address", "status"))
    assert states == {"no@shop.test": "withdrawn", "yes@shop.test": "granted", "new@shop.test": "granted"}


def test_profiles_it_made_one_are_two_again(now: datetime) -> None:
    one = _person("anna@shop.test", now, city="Varna")
    (other,) = identity.resolve(claims=[identity.Claim((("phone", "+359881234567"),), "site", now)], now=now)
    done = import_file("email,phone\nanna@shop.test,+359881234567\n", now=now)
    assert Profile.objects.filter(merged_into__isnull=False).count() == 1

    _undo(done, now)

    assert {person_of("anna@shop.test").pk, person_of("+359881234567").pk} == {one, other}


def test_an_undo_goes_on_after_its_worker_died(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "CHUNK_PEOPLE", 2)
    done = import_file("email\n" + "".join(f"p{n}@shop.test\n" for n in range(7)), now=now)
    assert undo.queue(an_import=done, by=None, now=now)
    assert undo.run(clock=lambda: now, until=now)  # one chunk, then the time is over
    ImportUndo.objects.update(state="running", lease_until=now)  # and its successor dies

    later = now + timedelta(minutes=2)
    assert undo.run(clock=lambda: later, until=later + timedelta(seconds=1))

    found = ImportUndo.objects.get()
    assert (found.state, found.people_done, found.people_removed) == ("done", 7, 7)
    assert not Profile.objects.exists()


def test_what_was_written_over_is_forgotten_after_a_month(now: datetime) -> None:
    _person("anna@shop.test", now, city="Varna")
    done = import_file("email,city\nanna@shop.test,Sofia\n", now=now)
    later = now + timedelta(days=31)

    assert undo.forget(now=later) == 1
    assert not undo.may(done, now=later)


def test_the_trial_of_a_whole_file_says_what_the_import_then_does(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK_ROWS", 3)
    _person("old@shop.test", now, city="Varna")
    at = now + timedelta(hours=1)
    rows = "".join(f"p{n}@shop.test,Sofia\n" for n in range(8))
    text = f"email,city\n{rows}old@shop.test,Ruse\np1@shop.test,Ruse\nnobody,Ruse\nno one,Ruse\n"
    waiting = queue(text, now=at)
    Import.objects.filter(pk=waiting.pk).update(state="mapping")
    waiting.refresh_from_db()

    assert trial.queue(an_import=waiting, plan=mapping.of(waiting), now=at)
    while trial.run(clock=lambda: at, until=at):
        pass
    found = ImportTrial.objects.get()

    assert Profile.objects.count() == 1
    numbers = (found.rows_done, found.rows_created, found.rows_updated, found.rows_unchanged, found.rows_rejected)
    assert (found.state, numbers) == ("done", (12, 8, 2, 0, 2))
    assert [(reason["kind"], reason["rows"]) for reason in found.reasons] == [("email: not an e-mail address", 2)]
    Import.objects.filter(pk=waiting.pk).update(state="queued")
    running.run(clock=lambda: at, until=at + timedelta(seconds=1))
    waiting.refresh_from_db()
    assert numbers[1:] == (waiting.rows_created, waiting.rows_updated, waiting.rows_unchanged, waiting.rows_rejected)


def test_a_mapping_is_remembered_for_files_alike(now: datetime) -> None:
    import_file("email,town,Code\na@shop.test,Sofia,7\n", now=now, to={1: "attribute:city", 2: "user_id"})

    same = queue("Code,email,town\n8,b@shop.test,Ruse\n", now=now)
    near = queue("email,town,Code,age,vip\nc@shop.test,Ruse,9,3,yes\n", now=now)
    other = queue("email,name\nd@shop.test,Ann\n", now=now)

    assert [same.mapping[str(place)]["to"] for place in range(3)] == ["user_id", "email", "attribute:city"]
    assert near.mapped_as_id is None or near.mapping["2"]["to"] == "user_id"
    assert other.mapping["1"]["to"] == "attribute:name"
