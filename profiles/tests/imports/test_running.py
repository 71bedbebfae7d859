"""The whole way of a file: uploaded, mapped, loaded in chunks, counted, explained."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import File

from omni import feed
from omni.models import FeedEntry
from profiles import attributes, changes, consent, imports, search
from profiles.imports import mapping, running
from profiles.models import AttributeDef, Consent, ConsentState, Identifier, Import, Profile

pytestmark = pytest.mark.django_db

Outcome = tuple[int | None, int, int, int, int]


def _import(
    text: str | bytes,
    *,
    now: datetime,
    to: dict[int, str] | None = None,
    consent_given: dict[str, Any] | None = None,
    chunk: int = 0,
) -> Import:
    """Import a file as guessed, `to` overriding columns, and run it to its end."""
    queued = _queue(text, now=now, to=to, consent_given=consent_given)
    while imports.run(clock=lambda: now, until=now + timedelta(seconds=1)):
        pass
    queued.refresh_from_db()
    return queued


def _queue(
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


def _counts(done: Import) -> Outcome:
    assert done.state == Import.State.DONE, done.error
    return (done.rows_total, done.rows_created, done.rows_updated, done.rows_unchanged, done.rows_rejected)


def _person(value: str) -> Profile:
    return Profile.objects.get(identifiers__value=value)


def test_it_makes_people_with_typed_attributes(now: datetime) -> None:
    done = _import("email,first name,orders,vip,born\nAnn@Shop.Test,Ann,12,yes,31.01.1990\n", now=now)

    assert _counts(done) == (1, 1, 0, 0, 0)
    person = _person("ann@shop.test")
    assert person.attributes == {"first_name": "Ann", "orders": 12, "vip": True, "born": "1990-01-31"}
    assert person.attribute_facts["orders"] == [now.isoformat(), f"import:{done.pk}"]
    assert person.contact_points.get().address == "ann@shop.test"
    assert dict(AttributeDef.objects.values_list("key", "type"))["born"] == "date"
    assert Profile.objects.filter(search__isnull=False).count() == 1


def test_imported_people_are_found_by_the_words_of_the_index(now: datetime) -> None:
    _import("email,name,user id\na@shop.test,Żaneta O'Hara,K-77\nb@shop.test,,\n", now=now, to={2: "user_id"})
    by_import = dict(Profile.objects.values_list("pk", "search"))

    Profile.objects.update(search=None)
    search.refresh(list(by_import))

    assert dict(Profile.objects.values_list("pk", "search")) == by_import
    assert Profile.objects.filter(search.matching("zan 77")).get() == _person("K-77")


def test_the_same_file_again_changes_nothing(now: datetime) -> None:
    text = "email,city\na@shop.test,Sofia\nb@shop.test,Varna\n"
    _import(text, now=now)

    assert _counts(_import(text, now=now + timedelta(days=1))) == (2, 0, 0, 2, 0)


def test_counts_add_up_when_rows_repeat_and_the_later_row_wins(now: datetime) -> None:
    done = _import("email,city\na@shop.test,Sofia\nA@shop.test,Varna\na@shop.test,Varna\nnobody,Ruse\n", now=now)

    assert _counts(done) == (4, 1, 1, 1, 1)
    assert _person("a@shop.test").attributes["city"] == "Varna"


def test_an_empty_cell_empties_nothing_and_an_empty_column_stops_nothing(now: datetime) -> None:
    _import("email,city,fax\na@shop.test,Sofia,\n", now=now)

    done = _import("email,city,fax\na@shop.test,,\nb@shop.test,Ruse,\n", now=now + timedelta(days=1))

    assert _counts(done) == (2, 1, 0, 1, 0)
    assert _person("a@shop.test").attributes == {"city": "Sofia"}


def test_an_older_file_does_not_overwrite_a_newer_value(now: datetime) -> None:
    _import("email,city\na@shop.test,Sofia\n", now=now - timedelta(days=9))
    person = _person("a@shop.test")
    newer = attributes.Change(person.pk, {"city": "Plovdiv"}, now, "staff")
    attributes.apply(changes=[newer], now=now)

    done = _import("email,city,age\na@shop.test,Varna,30\n", now=now - timedelta(days=1))

    assert _counts(done) == (1, 0, 1, 0, 0)
    person.refresh_from_db()
    assert person.attributes == {"city": "Plovdiv", "age": 30}


def test_it_follows_the_same_rule_as_attributes_that_arrive_one_by_one(now: datetime) -> None:
    values = [("Sofia", 0), ("Varna", 2), ("Varna", 3), ("Ruse", 1), ("Sofia", 3), ("Burgas", 2)]
    other = Profile.objects.create(created_at=now, updated_at=now)

    for city, day in values:
        at = now + timedelta(days=day)
        done = _import(f"email,city\na@shop.test,{city}\n", now=at)
        attributes.apply(changes=[attributes.Change(other.pk, {"city": city}, at, f"import:{done.pk}")], now=at)

    person = _person("a@shop.test")
    other.refresh_from_db()
    assert (person.attributes, person.attribute_facts) == (other.attributes, other.attribute_facts)


def test_it_says_in_words_why_a_row_is_refused(now: datetime) -> None:
    fine = "".join(f"p{number}@shop.test,{number},\n" for number in range(50))
    broken = "a@shop.test,many,\nnot an address,1,\n,1,\nb@shop.test,1,12\nc@shop.test,1,,more\nd@shop.test,1\x00,\n"

    done = _import(f"email,orders,phone\n{broken}{fine}", now=now, to={2: "phone"})

    assert _counts(done) == (56, 50, 0, 0, 6)
    faults = {fault.row: (fault.column, fault.reason) for fault in done.faults.all()}

    assert sorted(faults) == [2, 3, 4, 5, 6, 7]
    assert faults[3] == ("email", "“not an address” is not an e-mail address.")
    assert "no e-mail, phone or user id" in faults[4][1]
    assert "4 cells" in faults[6][1]
    assert "NUL" in faults[7][1]


def test_short_rows_are_fine(now: datetime) -> None:
    assert _counts(_import("email,city,note\na@shop.test\n", now=now, to={1: "attribute:city"})) == (1, 1, 0, 0, 0)


def test_a_header_alone_is_done_at_once(now: datetime) -> None:
    assert _counts(_import("email,city\n", now=now, to={0: "email"})) == (0, 0, 0, 0, 0)


def test_a_line_alone_is_a_person(now: datetime) -> None:
    assert _counts(_import("a@shop.test", now=now)) == (1, 1, 0, 0, 0)


def test_it_reads_cp1251_with_semicolons(now: datetime) -> None:
    rows = "".join(f"p{number}@shop.test;Иван;Нижний Новгород\r\n" for number in range(20))

    done = _import(f"почта;имя;город\r\n{rows}".encode("cp1251"), now=now)

    assert _counts(done) == (20, 20, 0, 0, 0)
    assert _person("p3@shop.test").attributes == {"first_name": "Иван", "city": "Нижний Новгород"}


def test_formulas_stay_text_and_come_out_harmless(now: datetime) -> None:
    done = _import("email,note\na@shop.test,=cmd(x)\n=1+1,b\n", now=now, to={0: "email", 1: "attribute:note"})

    assert _person("a@shop.test").attributes["note"] == "=cmd(x)"
    assert "'=1+1" in "".join(imports.faults.as_csv(done))


def test_many_chunks_and_pauses_give_the_same_as_one(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK_ROWS", 7)
    rows = "".join(f"p{number % 40}@shop.test,{number}\n" for number in range(100))
    queued = _queue(f"email,number\n{rows}", now=now)

    calls = 0
    while imports.run(clock=lambda: now, until=now):  # every call has time for one chunk
        calls += 1

    queued.refresh_from_db()
    assert calls == 16
    assert _counts(queued) == (100, 40, 60, 0, 0)
    assert _person("p3@shop.test").attributes["number"] == 83


def test_a_dead_worker_is_followed_by_another_that_goes_on(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK_ROWS", 2)
    queued = _queue("email\na@shop.test\nb@shop.test\nc@shop.test\n", now=now)
    imports.run(clock=lambda: now, until=now)
    Import.objects.filter(pk=queued.pk).update(state="running", lease_until=now + timedelta(seconds=60))

    assert not imports.run(clock=lambda: now, until=now)
    assert imports.run(clock=lambda: now + timedelta(seconds=61), until=now + timedelta(seconds=90))

    queued.refresh_from_db()
    assert _counts(queued) == (3, 3, 0, 0, 0)


def test_a_chunk_whose_lease_was_lost_leaves_nothing_behind(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    queued = _queue("email\na@shop.test\n", now=now)
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
    queued = _queue("email\na@shop.test\nb@shop.test\nc@shop.test\n", now=now)
    imports.run(clock=lambda: now, until=now)
    assert queued.cancel(now=now)
    assert not imports.run(clock=lambda: now, until=now)

    assert queued.resume()
    assert imports.run(clock=lambda: now, until=now + timedelta(seconds=1))

    queued.refresh_from_db()
    assert _counts(queued) == (3, 3, 0, 0, 0)


def test_consent_is_granted_with_its_source_and_day(now: datetime) -> None:
    given = {"status": "granted", "channels": ["email"], "topics": ["news"], "source": "Shop form 2024", "date": "2026-01-15"}

    _import("email\na@shop.test\n", now=now, consent_given=given)

    assert sorted(ConsentState.objects.values_list("channel", "address", "topic", "status")) == [
        ("email", "a@shop.test", "", "granted"),
        ("email", "a@shop.test", "news", "granted"),
    ]
    entry = Consent.objects.filter(topic="news").get()
    assert (entry.method, entry.source, entry.at) == ("import", "Shop form 2024", datetime(2026, 1, 15, 12, tzinfo=UTC))
    assert entry.profile == _person("a@shop.test")


def test_an_import_never_lifts_an_opt_out(now: datetime) -> None:
    consent.withdraw(channel="email", address="a@shop.test", method="one_click", proof={}, now=now - timedelta(days=400))
    given = {"status": "granted", "channels": ["email"], "topics": [], "source": "Old list"}

    _import("email\na@shop.test\nb@shop.test\n", now=now, consent_given=given)

    assert dict(ConsentState.objects.values_list("address", "status")) == {"a@shop.test": "withdrawn", "b@shop.test": "granted"}


def test_the_fold_of_imported_grants_is_that_of_the_ledger(now: datetime) -> None:
    given = {"status": "granted", "channels": ["email"], "source": "Form"}
    proven = consent.Change("email", "b@shop.test", "granted", now - timedelta(days=90), "preference_page", proof={"ip": "::1"})
    consent.record(changes=[proven], now=now)

    for day in ("2026-01-02", "2026-02-02", "2025-12-01"):
        _import("email\na@shop.test\nb@shop.test\n", now=now, consent_given={**given, "date": day})

    for state in ConsentState.objects.select_related("consent"):
        entries = Consent.objects.filter(channel=state.channel, address=state.address, topic=state.topic)
        assert state.consent_id == max(entries, key=consent.weight).pk
        assert entries.count() in (3, 4)


def test_a_list_of_opt_outs_withdraws(now: datetime) -> None:
    given = {"status": "withdrawn", "channels": ["email"], "topics": [], "source": "Old tool"}

    _import("email\na@shop.test\n", now=now, consent_given=given)

    assert (
        consent.standings(channel="email", addresses=["a@shop.test"], topic="")["a@shop.test"].reason == "channel_not_permitted"
    )


def test_downstream_hears_of_new_people_changed_attributes_and_consents(now: datetime) -> None:
    kinds = [changes.PROFILE_CHANGED, changes.CONSENT_CHANGED]
    feed.register(name="test_imports", kinds=kinds, handle=lambda entries, now: None)
    try:
        _import("email,city\na@shop.test,Sofia\n", now=now)
        FeedEntry.objects.all().delete()
        given = {"status": "granted", "channels": ["email"], "source": "Form"}
        _import("email,city\na@shop.test,Ruse\nb@shop.test,Ruse\n", now=now + timedelta(days=1), consent_given=given)
        heard = FeedEntry.objects.filter(consumer="test_imports").order_by("pk")
        told = [(entry.kind, entry.names, len(entry.profile_ids)) for entry in heard]
    finally:
        feed._consumers.pop("test_imports")

    assert told == [("profile_changed", ["*"], 1), ("consent_changed", ["email"], 2), ("profile_changed", ["city"], 1)]


def test_identifiers_that_belong_together_make_one_person_of_two(now: datetime) -> None:
    _import("email\na@shop.test\n", now=now)
    _import("phone\n+359 88 812 3456\n", now=now)

    done = _import("email,phone\na@shop.test,+359888123456\n", now=now + timedelta(days=1))

    assert done.rows_total == 1
    assert Profile.objects.surviving().count() == 1


def test_an_email_of_another_user_id_stays_where_it_is(now: datetime) -> None:
    _import("user_id,email\nk1,a@shop.test\n", now=now)

    _import("user_id,email\nk2,a@shop.test\n", now=now + timedelta(days=1))

    assert Identifier.objects.get(value="a@shop.test").profile == _person("k1")
    assert Profile.objects.surviving().count() == 2


def test_people_are_known_since_their_day_in_the_file(now: datetime) -> None:
    _import("email,customer since\na@shop.test,2020-05-01\n", now=now, to={1: "created_at"})

    assert _person("a@shop.test").created_at == datetime(2020, 5, 1, tzinfo=UTC)


def test_the_preview_is_the_real_thing_taken_back(now: datetime) -> None:
    _import("email,city\na@shop.test,Sofia\nb@shop.test,Ruse\n", now=now)
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
    assert (Profile.objects.count(), _person("a@shop.test").attributes["city"]) == (2, "Sofia")


def test_a_value_the_database_refuses_costs_one_row(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DataError

    real_load = running.loading.load

    def refuse_poison(**arguments: Any) -> Any:
        if any("poison" in row.attributes.values() for row in arguments["rows"]):
            raise DataError
        return real_load(**arguments)

    monkeypatch.setattr(running.loading, "load", refuse_poison)

    done = _import("email,note\na@shop.test,x\nb@shop.test,poison\nc@shop.test,y\n", now=now)

    assert _counts(done) == (3, 2, 0, 0, 1)
    assert done.faults.get().row == 3


def test_an_error_stops_the_import_in_words_and_it_can_go_on(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    queued = _queue("email\na@shop.test\n", now=now)
    with monkeypatch.context() as patch:
        patch.setattr(running.loading, "load", lambda **arguments: 1 / 0)
        imports.run(clock=lambda: now, until=now)
    queued.refresh_from_db()
    assert (queued.state, queued.error) == ("failed", "ZeroDivisionError: division by zero")

    assert queued.resume()
    imports.run(clock=lambda: now, until=now + timedelta(seconds=1))

    queued.refresh_from_db()
    assert _counts(queued) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"0": {"to": "skip"}}, "", "at least one column"),
        ({"1": {"to": "email"}}, "1", "goes there already"),
        ({"1": {"to": "attribute:"}}, "1", "Name the attribute"),
        ({"1": {"to": "attribute:tier", "type": "number"}}, "1", "is kept as"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_in_words(change: dict[str, Any], place: str, words: str, now: datetime) -> None:
    given = {"0": {"to": "email"}, "1": {"to": "attribute:city", "type": "string"}, **change}
    plan = mapping.build(header=["email", "city"], mapping=given, consent={"status": "unknown"})

    with pytest.raises(mapping.MappingError) as refused:
        mapping.check(plan, known_types={"tier": "string"}, today=now.date())

    assert words in refused.value.errors[place]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"status": "granted", "channels": [], "source": "x"},
        {"status": "granted", "channels": ["phone"], "source": "x"},
        {"status": "granted", "channels": ["email"], "source": " "},
        {"status": "granted", "channels": ["email"], "source": "x", "date": "2030-01-01"},
    ],
)
def test_addresses_need_a_decision_about_consent(given: dict[str, Any], now: datetime) -> None:
    plan = mapping.build(header=["email"], mapping={"0": {"to": "email"}}, consent=given)

    with pytest.raises(mapping.MappingError) as refused:
        mapping.check(plan, known_types={}, today=now.date())

    assert refused.value.errors["consent"]
