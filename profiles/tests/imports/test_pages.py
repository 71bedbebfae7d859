"""The wizard, through its addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from omni.models import AuditEntry, User
from profiles import imports
from profiles.models import ConsentState, Import, Profile

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
TEXT = b"email,city,age\na@shop.test,Sofia,30\nb@shop.test,Varna,31\nnobody,Ruse,32\n"


def _upload(client: Client, data: bytes = TEXT) -> Import:
    client.post("/people/imports/new/", {"file": SimpleUploadedFile("people.csv", data)})
    return Import.objects.latest("pk")


def _answers(**changes: object) -> dict[str, object]:
    return {
        "column-0-to": "email",
        "column-1-to": "attribute",
        "column-1-key": "city",
        "column-1-type": "string",
        "column-2-to": "attribute",
        "column-2-key": "age",
        "column-2-type": "number",
        "consent-status": "granted",
        "consent-channels": ["email"],
        "consent-source": "Form at the till",
        **changes,
    }


def _work() -> None:
    until = timezone.now() + timedelta(seconds=30)
    while imports.run(clock=timezone.now, until=until):
        pass


def test_an_upload_leads_to_the_guessed_mapping(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)

    answer = client.post("/people/imports/new/", {"file": SimpleUploadedFile("people.csv", TEXT)}, follow=True)

    page = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith("/mapping/")
    for words in ("a@shop.test", "Varna", "Did these people agree"):
        assert words in page
    assert Import.objects.get().mapping["0"] == {"to": "email", "type": "string"}


@pytest.mark.parametrize("data", [b"", b"\n\n\n", b"\x00\x00"])
def test_a_file_without_rows_is_refused_at_the_field(data: bytes, client_of: ClientOf, marketer: User) -> None:
    answer = client_of(marketer).post("/people/imports/new/", {"file": SimpleUploadedFile("empty.csv", data)})

    assert answer.status_code in (302, 422)
    assert answer.status_code == 422 or data == b"\x00\x00"


def test_the_preview_says_what_would_happen_and_what_is_missing(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    waiting = _upload(client)

    page = client.post(f"/people/imports/{waiting.pk}/preview/", _answers(**{"consent-status": ""})).content.decode()

    assert "Tried on all 3 rows" in page
    assert "email: not an e-mail address" in page
    assert "Say whether these people agreed" in page
    assert "disabled" in page
    assert not Profile.objects.exists()


def test_the_whole_way_from_start_to_result(client_of: ClientOf, marketer: User, nudges: list[str]) -> None:
    client = client_of(marketer)
    waiting = _upload(client)

    answer = client.post(f"/people/imports/{waiting.pk}/mapping/", _answers())
    running = client.get(answer["Location"]).content.decode()
    _work()
    done = client.get(answer["Location"]).content.decode()

    assert 'hx-trigger="every 1s"' in running
    assert "2 rows became people." in done
    assert "“nobody” is not an e-mail address." in done
    assert "hx-trigger" not in done.split('id="progress"')[1].split(">")[0]
    assert ConsentState.objects.filter(status="granted").count() == 2
    people = client.get(f"/people/?import={waiting.pk}&outcome=created").content.decode()
    assert "a@shop.test" in people
    assert "Import: people.csv (New)" in people
    assert AuditEntry.objects.filter(action="import.start").exists()


def test_a_mapping_that_cannot_work_keeps_what_was_typed(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    waiting = _upload(client)

    answer = client.post(f"/people/imports/{waiting.pk}/mapping/", _answers(**{"column-2-key": "city", "consent-source": ""}))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“city” goes there already." in page
    assert "Say where the consent comes from" in page
    waiting.refresh_from_db()
    assert waiting.state == "mapping"


def test_the_file_is_read_anew_in_another_way(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    waiting = _upload(client, "почта;город\na@shop.test;Казань\n".encode("cp1251"))

    client.post(f"/people/imports/{waiting.pk}/shape/", {"encoding": "cp1251", "delimiter": ";", "has_header": "0"})

    waiting.refresh_from_db()
    assert (waiting.encoding, waiting.delimiter, waiting.has_header) == ("cp1251", ";", False)
    assert waiting.header == ["Column 1", "Column 2"]


def test_rejected_rows_come_back_as_a_file_without_formulas(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    waiting = _upload(client, b"email,city,age\n=1+1,Sofia,1\n")
    client.post(f"/people/imports/{waiting.pk}/mapping/", _answers())
    _work()

    text = b"".join(client.get(f"/people/imports/{waiting.pk}/not-imported.csv").streaming_content).decode()

    assert text.startswith("\ufeffemail,city,age,Row in the file")
    assert "'=1+1,Sofia,1,2,email," in text


def test_it_is_stopped_and_goes_on(client_of: ClientOf, marketer: User, nudges: list[str]) -> None:
    client = client_of(marketer)
    waiting = _upload(client)
    client.post(f"/people/imports/{waiting.pk}/mapping/", _answers())

    stopped = client.post(f"/people/imports/{waiting.pk}/cancel/", follow=True).content.decode()
    _work()
    assert not Profile.objects.exists()
    client.post(f"/people/imports/{waiting.pk}/resume/")
    _work()

    assert "Go on from here" in stopped
    assert Profile.objects.count() == 2


def test_a_file_is_thrown_away(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    waiting = _upload(client)
    name = waiting.file.name

    client.post(f"/people/imports/{waiting.pk}/discard/")

    assert not Import.objects.exists()
    assert not waiting.file.storage.exists(name)


def test_the_list_of_imports_costs_the_same_for_many(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(20):
        Import.objects.create(name=f"f{number}.csv", encoding="utf-8", delimiter=",", created_by=marketer)
    client = client_of(marketer)
    client.get("/people/imports/")  # the first request of a session writes the session

    with django_assert_max_num_queries(4):
        page = client.get("/people/imports/").content.decode()

    assert "f7.csv" in page


@pytest.mark.parametrize(
    "path", ["new/", "{pk}/preview/", "{pk}/mapping/", "{pk}/shape/", "{pk}/cancel/", "{pk}/resume/", "{pk}/discard/"]
)
def test_an_analyst_imports_nobody(path: str, client_of: ClientOf, marketer: User, analyst: User) -> None:
    waiting = _upload(client_of(marketer))

    assert client_of(analyst).post(f"/people/imports/{path.format(pk=waiting.pk)}").status_code == 403


def test_home_shows_what_runs_and_what_stopped(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    _upload(client)
    Import.objects.update(state="running", rows_done=7)
    running = client.get("/").content.decode()
    Import.objects.update(state="failed", finished_at=timezone.now())

    assert "People are being imported from a file." in running
    assert "people.csv” was stopped by an error" in client.get("/").content.decode()


def test_files_are_forgotten_after_a_month_and_results_stay(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    finished, abandoned, fresh = (_upload(client) for _ in range(3))
    later = fresh.created_at + timedelta(days=31)
    Import.objects.filter(pk=finished.pk).update(state="done")
    Import.objects.filter(pk=fresh.pk).update(created_at=later)

    assert imports.forget_files(now=later) == 2

    assert set(Import.objects.values_list("pk", "file")) == {(finished.pk, ""), (fresh.pk, fresh.file.name)}
    assert not finished.file.storage.exists(finished.file.name)
    assert not abandoned.file.storage.exists(abandoned.file.name)
