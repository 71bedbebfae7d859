"""The whole way of a file: uploaded, mapped, loaded in chunks, counted, explained."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import File

from omni import feed
from omni.models import FeedEntry
from profiles import attributes, changes, csv_export, imports, search
from profiles.imports import mapping, running
from profiles.models import AttributeDef, Identifier, Import, Profile
from profiles.tests.imports.files import counts, import_file, person_of, queue

pytestmark = pytest.mark.django_db


def test_it_makes_people_with_typed_attributes(now: datetime) -> None:
    done = import_file("email,first name,orders,vip,born\nAnn@Shop.Test,Ann,12,yes,31.01.1990\n", now=now)

    assert counts(done) == (1, 1, 0, 0, 0)
    person = person_of("ann@shop.test")
    assert person.attributes == {"first_name": "Ann", "orders": 12, "vip": True, "born": "1990-01-31"}
    assert person.attribute_facts["orders"] == [now.isoformat(), f"import:{done.pk}"]
    assert person.contact_points.get().address == "ann@shop.test"
    assert dict(AttributeDef.objects.values_list("key", "type"))["born"] == "date"
    assert Profile.objects.filter(search__isnull=False).count() == 1


def test_imported_people_are_found_by_the_words_of_the_index(now: datetime) -> None:
    import_file("email,name,user id\na@shop.test,Żaneta O'Hara,K-77\nb@shop.test,,\n", now=now, to={2: "user_id"})
    by_import = dict(Profile.objects.values_list("pk", "search"))

    Profile.objects.update(search=None)
    search.refresh(list(by_import))

    assert dict(Profile.objects.values_list("pk", "search")) == by_import
    assert Profile.objects.filter(search.matching("zan 77")).get() == person_of("K-77")


def test_the_same_file_again_changes_nothing(now: datetime) -> None:
    text = "email,city\na@shop.test,Sofia\nb@shop.test,Varna\n"
    import_file(text, now=now)

    assert counts(import_file(text, now=now + timedelta(days=1))) == (2, 0, 0, 2, 0)


def test_counts_add_up_when_rows_repeat_and_the_later_row_wins(now: datetime) -> None:
    done = import_file("email,city\na@shop.test,Sofia\nA@shop.test,Varna\na@shop.test,Varna\nnobody,Ruse\n", now=now)

    assert counts(done) == (4, 1, 1, 1, 1)
    assert person_of("a@shop.test").attributes["city"] == "Varna"


def test_an_empty_cell_empties_nothing_and_an_empty_column_stops_nothing(now: datetime) -> None:
    import_file("email,city,fax\na@shop.test,Sofia,\n", now=now)

    done = import_file("email,city,fax\na@shop.test,,\nb@shop.test,Ruse,\n", now=now + timedelta(days=1))

    assert counts(done) == (2, 1, 0, 1, 0)
    assert person_of("a@shop.test").attributes == {"city": "Sofia"}


def test_an_older_file_does_not_overwrite_a_newer_value(now: datetime) -> None:
    import_file("email,city\na@shop.test,Sofia\n", now=now - timedelta(days=9))
    person = person_of("a@shop.test")
    newer = attributes.Change(person.pk, {"city": "Plovdiv"}, now, "staff")
    attributes.apply(changes=[newer], now=now)

    done = import_file("email,city,age\na@shop.test,Varna,30\n", now=now - timedelta(days=1))

    assert counts(done) == (1, 0, 1, 0, 0)
    person.refresh_from_db()
    assert person.attributes == {"city": "Plovdiv", "age": 30}


def test_it_follows_the_same_rule_as_attributes_that_arrive_one_by_one(now: datetime) -> None:
    values = [("Sofia", 0), ("Varna", 2), ("Varna", 3), ("Ruse", 1), ("Sofia", 3), ("Burgas", 2)]
    other = Profile.objects.create(created_at=now, updated_at=now)

    for city, day in values:
        at = now + timedelta(days=day)
        done = import_file(f"email,city\na@shop.test,{city}\n", now=at)
        attributes.apply(changes=[attributes.Change(other.pk, {"city": city}, at, f"import:{done.pk}")], now=at)

    person = person_of("a@shop.test")
    other.refresh_from_db()
    assert (person.attributes, person.attribute_facts) == (other.attributes, other.attribute_facts)


def test_it_says_in_words_why_a_row_is_refused(now: datetime) -> None:
    fine = "".join(f"p{number}@shop.test,{number},\n" for number in range(50))
    broken = "a@shop.test,many,\nnot an address,1,\n,1,\nb@shop.test,1,12\nc@shop.test,1,,more\nd@shop.test,1\x00,\n"

    done = import_file(f"email,orders,phone\n{broken}{fine}", now=now, to={2: "phone"})

    assert counts(done) == (56, 50, 0, 0, 6)
    faults = {fault.row: (fault.column, fault.reason) for fault in done.faults.all()}

    assert sorted(faults) == [2, 3, 4, 5, 6, 7]
    assert faults[3] == ("email", "“not an address” is not an e-mail address.")
    assert "no e-mail, phone or user id" in faults[4][1]
    assert "4 cells" in faults[6][1]
    assert "NUL" in faults[7][1]


def test_short_rows_are_fine(now: datetime) -> None:
    assert counts(import_file("email,city,note\na@shop.test\n", now=now, to={1: "attribute:city"})) == (1, 1, 0, 0, 0)


def test_a_header_alone_is_done_at_once(now: datetime) -> None:
    assert counts(import_file("email,city\n", now=now, to={0: "email"})) == (0, 0, 0, 0, 0)


def test_a_line_alone_is_aperson(now: datetime) -> None:
    assert counts(import_file("a@shop.test", now=now)) == (1, 1, 0, 0, 0)


def test_it_reads_cp1251_with_semicolons(now: datetime) -> None:
    rows = "".join(f"p{number}@shop.test;Иван;Нижний Новгород\r\n" for number in range(20))

    done = import_file(f"почта;имя;город\r\n{rows}".encode("cp1251"), now=now)

    assert counts(done) == (20, 20, 0, 0, 0)
    assert person_of("p3@shop.test").attributes == {"first_name": "Иван", "city": "Нижний Новгород"}


def test_formulas_stay_text_and_come_out_harmless(now: datetime) -> None:
    done = import_file("email,note\na@shop.test,=cmd(x)\n=1+1,b\n", now=now, to={0: "email", 1: "attribute:note"})

    assert person_of("a@shop.test").attributes["note"] == "=cmd(x)"
    header, rows = imports.faults.table(done)
    assert "'=1+1" in "".join(csv_export.lines(header, rows()))


def test_many_chunks_and_pauses_give_the_same_as_one(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK_ROWS", 7)
    rows = "".join(f"p{number % 40}@shop.test,{number}\n" for number in range(100))
    queued = queue(f"email,number\n{rows}", now=now)

    calls = 0
    while imports.run(clock=lambda: now, until=now):  # every call has time for one chunk
        calls += 1

    queued.refresh_from_db()
    assert calls == 16
    assert counts(queued) == (100, 40, 60, 0, 0)
    assert person_of("p3@shop.test").attributes["number"] == 83


def test_a_dead_worker_is_followed_by_another_that_goes_on(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK_ROWS", 2)
    queued = queue("email\na@shop.test\nb@shop.test\nc@shop.test\n", now=now)
    imports.run(clock=lambda: now, until=now)
    Import.objects.filter(pk=queued.pk).update(state="running", lease_until=now + timedelta(seconds=60))

    assert not imports.run(clock=lambda: now, until=now)
    assert imports.run(clock=lambda: now + timedelta(seconds=61), until=now + timedelta(seconds=90))

    queued.refresh_from_db()
    assert counts(queued) == (3, 3, 0, 0, 0)


def test_a_chunk_whose_lease_was_lost_leaves_nothing_behind(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    queued = queue("email\na@shop.test\n", now=now)
    real_load = running.loading.load

    def load_while_somebody_cancels(**arguments: Any) -> Any:
        done = real_load(**arguments)
        queued.cancel(now=now)
        return done

    monkeypatch.setattr(running.loading, "load", load_while_somebody_cancels)
    imports.run(clock=lambda: now, until=now)

    queued.refresh_from_db()
    # The cancelling above shares the transaction of the test's connection, so it is rolled back with the chunk.
    assert (queued.rows_done, Profile.objects.count()) == (0, 0)


def test_a_cancelled_import_goes_on_where_it_stopped(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK_ROWS", 2)
    queued = queue("email\na@shop.test\nb@shop.test\nc@shop.test\n", now=now)
    imports.run(clock=lambda: now, until=now)
    assert queued.cancel(now=now)
    assert not imports.run(clock=lambda: now, until=now)

    assert queued.resume()
    assert imports.run(clock=lambda: now, until=now + timedelta(seconds=1))

    queued.refresh_from_db()
    assert counts(queued) == (3, 3, 0, 0, 0)


def test_downstream_hears_of_new_people_changed_attributes_and_consents(now: datetime) -> None:
    kinds = [changes.PROFILE_CHANGED, changes.CONSENT_CHANGED]
    feed.register(name="test_imports", kinds=kinds, handle=lambda entries, now: None)
    try:
        import_file("email,city\na@shop.test,Sofia\n", now=now)
        FeedEntry.objects.all().delete()
        given = {"status": "granted", "channels": ["email"], "source": "Form"}
        import_file("email,city\na@shop.test,Ruse\nb@shop.test,Ruse\n", now=now + timedelta(days=1), consent_given=given)
        heard = FeedEntry.objects.filter(consumer="test_imports").order_by("pk")
        told = [(entry.kind, entry.names, len(entry.profile_ids)) for entry in heard]
    finally:
        feed._consumers.pop("test_imports")

    assert told == [("profile_changed", ["*"], 1), ("consent_changed", ["email"], 2), ("profile_changed", ["city"], 1)]


def test_identifiers_that_belong_together_make_one_person_of_two(now: datetime) -> None:
    import_file("email\na@shop.test\n", now=now)
    import_file("phone\n+359 88 812 3456\n", now=now)

    done = import_file("email,phone\na@shop.test,+359888123456\n", now=now + timedelta(days=1))

    assert done.rows_total == 1
    assert Profile.objects.surviving().count() == 1


def test_an_email_of_another_user_id_stays_where_it_is(now: datetime) -> None:
    import_file("user_id,email\nk1,a@shop.test\n", now=now)

    import_file("user_id,email\nk2,a@shop.test\n", now=now + timedelta(days=1))

    assert Identifier.objects.get(value="a@shop.test").profile == person_of("k1")
    assert Profile.objects.surviving().count() == 2


def test_people_are_known_since_their_day_in_the_file(now: datetime) -> None:
    import_file("email,customer since\na@shop.test,2020-05-01\n", now=now, to={1: "created_at"})

    assert person_of("a@shop.test").created_at == datetime(2020, 5, 1, tzinfo=UTC)


def test_the_preview_is_the_real_thing_taken_back(now: datetime) -> None:
    import_file("email,city\na@shop.test,Sofia\nb@shop.test,Ruse\n", now=now)
    waiting = imports.upload(
        file=File(BytesIO(b"email,city\na@shop.test,Varna\nb@shop.test,Ruse\nc@shop.test,Ruse\nnobody,Ruse\n"), "p.csv"),
        name="p.csv",
        by=None,
    )
    plan = mapping.build(header=waiting.header, mapping=waiting.mapping, consent={"status": "unknown"})
    later = now + timedelta(days=1)

    with waiting.file.open("rb") as file:
        seen = imports.preview(file=file, shape=imports.shape_of(waiting), plan=plan, import_id=waiting.pk, at=later, now=later)

    assert (seen.created, seen.updated, seen.unchanged, seen.rejected, seen.is_whole) == (1, 1, 1, 1, True)
    assert seen.reasons[0].kind == "email: not an e-mail address"
    assert (Profile.objects.count(), person_of("a@shop.test").attributes["city"]) == (2, "Sofia")


def test_a_value_the_database_refuses_costs_one_row(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DataError

    real_load = running.loading.load

    def refuse_poison(**arguments: Any) -> Any:
        if any("poison" in row.attributes.values() for row in arguments["rows"]):
            raise DataError
        return real_load(**arguments)

    monkeypatch.setattr(running.loading, "load", refuse_poison)

    done = import_file("email,note\na@shop.test,x\nb@shop.test,poison\nc@shop.test,y\n", now=now)

    assert counts(done) == (3, 2, 0, 0, 1)
    assert done.faults.get().row == 3


def test_an_error_stops_the_import_in_words_and_it_can_go_on(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    queued = queue("email\na@shop.test\n", now=now)
    with monkeypatch.context() as patch:
        patch.setattr(running.loading, "load", lambda **arguments: 1 / 0)
        imports.run(clock=lambda: now, until=now)
    queued.refresh_from_db()
    assert (queued.state, queued.error) == ("failed", "ZeroDivisionError: division by zero")

    assert queued.resume()
    imports.run(clock=lambda: now, until=now + timedelta(seconds=1))

    queued.refresh_from_db()
    assert counts(queued) == (1, 1, 0, 0, 0)
