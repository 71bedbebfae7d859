"""Trial, undo, remembered mappings and the files of faults, through their addresses."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
import python_calamine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from omni.models import AuditEntry, User
from profiles import imports, tables
from profiles.models import Import, Profile, SavedMapping

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
TEXT = b"email,city\na@shop.test,Sofia\nb@shop.test,Varna\nnobody,Ruse\n=1+1,Ruse\n"
ANSWERS = {
    "column-0-to": "email", "column-1-to": "attribute", "column-1-key": "city", "column-1-type": "string",
    "consent-status": "granted", "consent-channels": ["email"], "consent-source": "Form at the till",
}  # fmt: skip


@pytest.fixture
def client(client_of: ClientOf, marketer: User) -> Client:
    return client_of(marketer)


def _upload(client: Client, data: bytes = TEXT) -> Import:
    client.post("/people/imports/new/", {"file": SimpleUploadedFile("people.csv", data)})
    return Import.objects.latest("pk")


def _work() -> None:
    until = timezone.now() + timedelta(seconds=30)
    for run in (imports.trial.run, imports.undo.run, imports.run):
        while run(clock=timezone.now, until=until):
            pass


def _imported(client: Client) -> Import:
    waiting = _upload(client)
    client.post(f"/people/imports/{waiting.pk}/mapping/", ANSWERS)
    _work()
    return waiting


def test_a_large_file_is_tried_as_a_whole_before_it_starts(
    client: Client, nudges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["profiles.imports.preview"], "MOST_ROWS", 2)
    waiting = _upload(client)
    at = f"/people/imports/{waiting.pk}"

    offer = client.post(f"{at}/preview/", ANSWERS).content.decode()
    answer = client.post(f"{at}/try/", ANSWERS)
    under_way = client.get(answer["Location"]).content.decode()
    _work()
    done = client.get(answer["Location"]).content.decode()
    news = client.get(f"{at}/news/trial/", headers={"HX-Request": "true"})
    assert not Profile.objects.exists()
    client.post(f"{at}/start/")
    _work()

    assert "Try all rows first" in offer
    assert 'hx-trigger="every 2s"' in under_way
    assert "email: not an e-mail address" in done
    assert "hx-trigger" not in done.split('id="progress"')[1].split(">")[0]
    assert "The trial of people.csv is over." in news["HX-Trigger"]
    assert Profile.objects.count() == 2
    assert "news/" not in client.get("/people/").content.decode().replace("news/run", "", 1)


def test_a_trial_of_a_mapping_that_cannot_work_says_why(client: Client) -> None:
    waiting = _upload(client)

    answer = client.post(f"/people/imports/{waiting.pk}/try/", {**ANSWERS, "consent-source": ""})

    assert answer.status_code == 422
    assert "Say where the consent comes from" in answer.content.decode()


def test_every_page_asks_for_news_until_it_is_told(client: Client, nudges: list[str]) -> None:
    waiting = _imported(client)
    address = f"/people/imports/{waiting.pk}/news/run/"

    asking = client.get("/segments/").content.decode()
    told = client.get(address, headers={"HX-Request": "true"})

    assert f'hx-get="{address}"' in asking
    assert "people.csv is imported." in told["HX-Trigger"]
    assert address not in client.get("/segments/").content.decode()


def test_an_import_is_taken_back_after_a_look(client: Client, nudges: list[str]) -> None:
    waiting = _imported(client)
    at = f"/people/imports/{waiting.pk}/undo/"

    offer = client.get(f"/people/imports/{waiting.pk}/").content.decode()
    look = client.get(at).content.decode()
    client.post(at)
    _work()
    done = client.get(at).content.decode()

    assert "Take it back…" in offer
    assert 'data-confirm-number="2"' in look
    assert "Taken back" in done
    assert not Profile.objects.exists()
    assert AuditEntry.objects.filter(action="import.undo").exists()
    assert "This import was taken back" in client.get(f"/people/imports/{waiting.pk}/").content.decode()


def test_mappings_are_renamed_and_forgotten(client: Client) -> None:
    _imported(client)
    kept = SavedMapping.objects.get()
    again = _upload(client)

    page = client.get(f"/people/imports/{again.pk}/mapping/").content.decode()
    client.post(f"/people/imports/mappings/{kept.pk}/rename/", {"name": "Till"})
    listed = client.get("/people/imports/mappings/").content.decode()
    client.post(f"/people/imports/mappings/{kept.pk}/delete/")

    assert "Mapped as the last time" in page
    assert 'value="Till"' in listed
    assert not SavedMapping.objects.exists()
    assert "Nothing remembered yet" in client.get("/people/imports/mappings/").content.decode()


@pytest.mark.parametrize("path", ["{pk}/try/", "{pk}/start/", "{pk}/undo/", "{pk}/undo/resume/", "mappings/{pk}/delete/"])
def test_an_analyst_does_none_of_it(path: str, client: Client, client_of: ClientOf, analyst: User) -> None:
    waiting = _imported(client)

    assert client_of(analyst).post(f"/people/imports/{path.format(pk=waiting.pk)}").status_code == 403


def _sheet(answer: object) -> list[list[object]]:
    data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return python_calamine.load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def test_rejected_rows_come_as_a_spreadsheet_without_formulas(client: Client) -> None:
    waiting = _imported(client)

    answer = client.get(f"/people/imports/{waiting.pk}/not-imported.csv?format=xlsx")

    assert answer["Content-Disposition"].endswith('.xlsx"')
    rows = _sheet(answer)
    assert rows[0][:2] == ["email", "city"]
    assert rows[2][:3] == ["'=1+1", "Ruse", 5.0]


def test_people_come_as_a_spreadsheet_and_as_csv_when_they_are_too_many(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _imported(client)

    rows = _sheet(client.get("/people/export.csv?format=xlsx"))
    monkeypatch.setattr(tables, "MOST_SHEET_ROWS", 1)
    many = client.get("/people/export.csv?format=xlsx")

    assert [row[1] for row in rows] == ["email", "a@shop.test", "b@shop.test"]
    assert many["Content-Disposition"].endswith('.csv"')
    assert b"".join(many.streaming_content).count(b"\r\n") == 3
