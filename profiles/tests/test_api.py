"""People, consents and imports for programs: the same doors as the pages, with keys and scopes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from omni.models import ApiKey, User
from omni.roles import Right
from profiles import consent, identity, imports, partitions
from profiles.models import AttributeDef, ConsentState, Event, EventDef, Import, Profile

pytestmark = pytest.mark.django_db

Call = Callable[..., Any]


@pytest.fixture
def call(marketer: User) -> Call:
    """Ask the API with a key of the given scopes: `call("post", "people", {...})`."""

    def ask(
        method: str, path: str, data: Any = None, scopes: tuple[str, ...] = (Right.VIEW, Right.EDIT_PEOPLE), **options: Any
    ) -> Any:
        _row, key = ApiKey.issue(name="shop", scopes=list(scopes), by=marketer)
        if method in ("post", "patch") and "format" not in options:
            options["content_type"] = "application/json"
        options.pop("format", None)
        return getattr(Client(headers={"Authorization": f"Bearer {key}"}), method)(f"/api/v1/{path}", data, **options)

    return ask


def _ann(now: datetime) -> Profile:
    claim = identity.Claim((("email", "ann@shop.test"),), "test", now)
    (pk,) = identity.resolve(claims=[claim], now=now)
    return Profile.objects.get(pk=pk)


def test_it_makes_a_person_once(call: Call) -> None:
    body = {"identifiers": {"email": "Ann@Shop.Test", "user_id": "k1"}, "attributes": {"city": "Sofia", "orders": 3}}

    first, second = call("post", "people", body), call("post", "people", body)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["attributes"] == {"city": "Sofia", "orders": 3}
    assert {item["value"] for item in first.json()["identifiers"]} == {"ann@shop.test", "k1"}
    assert Profile.objects.get().attribute_facts["city"][1] == "api:shop"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/identifiers"),
        ({"identifiers": {}}, "/identifiers/non_field_errors"),
        ({"identifiers": {"email": "nobody"}}, "/identifiers/email"),
        ({"identifiers": {"email": "a@shop.test"}, "is_test": True}, "/is_test"),
        ({"identifiers": {"email": "a@shop.test", "merged_into": 1}}, "/identifiers/merged_into"),
        ({"identifiers": {"email": "a@shop.test"}, "attributes": {"": 1}}, "/attributes"),
        ({"identifiers": {"email": "a@shop.test"}, "attributes": "x"}, "/attributes"),
    ],
)
def test_it_says_what_is_wrong_and_where(body: dict[str, Any], path: str, call: Call) -> None:
    answer = call("post", "people", body)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert path in {error["path"] for error in answer.json()["errors"]}
    assert not Profile.objects.exists()


def test_nul_and_surrogates_do_not_break_it(call: Call) -> None:
    answer = call("post", "people", '{"identifiers": {"email": "a@shop.test"}, "attributes": {"x": "a\\u0000b\\ud800"}}')

    assert answer.status_code == 201
    assert "\x00" not in answer.json()["attributes"]["x"]


def test_it_lists_people_by_filters_and_cursor(call: Call, now: datetime) -> None:
    for number in range(3):
        country = "Poland" if number else "Bulgaria"
        call("post", "people", {"identifiers": {"user_id": f"k{number}"}, "attributes": {"country": country}})

    page = call("get", "people?is=country:Poland&limit=1").json()
    rest = call("get", page["next"].split("/api/v1/")[1]).json()

    assert [len(page["results"]), len(rest["results"]), rest["next"]] == [1, 1, None]
    assert page["results"][0]["attributes"] == rest["results"][0]["attributes"] == {"country": "Poland"}


def test_listing_costs_the_same_for_many(call: Call, now: datetime, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        call("post", "people", {"identifiers": {"user_id": f"k{number}"}})

    with django_assert_max_num_queries(9):
        call("get", "people")


def test_it_mends_attributes_and_an_older_word_stays_behind(call: Call, now: datetime) -> None:
    person = _ann(now)

    call("patch", f"people/{person.pk}", {"attributes": {"city": "Sofia", "age": 3}})
    answer = call("patch", f"people/{person.pk}", {"attributes": {"city": "Varna"}, "at": "2020-01-01T00:00:00Z"})
    gone = call("patch", f"people/{person.pk}", {"attributes": {"age": None}})

    assert answer.json()["attributes"]["city"] == "Sofia"
    assert gone.json()["attributes"] == {"city": "Sofia"}


def test_an_unknown_person_is_a_problem_document(call: Call) -> None:
    answer = call("get", "people/77")

    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_it_lists_events_newest_first(call: Call, now: datetime) -> None:
    person = _ann(now)
    definition = EventDef.objects.create(name="Order Completed", first_seen_at=now)
    partitions.ensure(partitions.months_of([now]))
    for hour in range(3):
        Event.objects.create(time=now - timedelta(hours=hour), profile_id=person.pk, name=definition, value=hour, received_at=now)

    page = call("get", f"people/{person.pk}/events?limit=2").json()

    assert [event["value"] for event in page["results"]] == ["0.0000", "1.0000"]
    assert page["results"][0]["name"] == "Order Completed"
    assert page["next"]


def test_a_program_records_consents_but_lifts_no_opt_out_without_proof(call: Call, now: datetime) -> None:
    person = _ann(now)
    path = f"people/{person.pk}/consents"
    said = {"channel": "email", "address": "ann@shop.test", "source": "CRM"}

    out = call("post", path, {**said, "status": "withdrawn"})
    claimed = call("post", path, {**said, "status": "granted"})

    assert out.status_code == 201
    assert claimed.json()[0]["status"] == "withdrawn"
    assert call("get", path).json()[0]["status"] == "withdrawn"

    proven = {**said, "status": "granted", "proof": {"url": "https://shop.test/join", "text_version": "3"}}
    assert call("post", path, proven).json()[0]["status"] == "granted"


def test_consents_are_for_own_addresses_only(call: Call, now: datetime) -> None:
    person = _ann(now)
    said = {"channel": "email", "address": "bob@shop.test", "source": "CRM", "status": "withdrawn"}

    assert call("post", f"people/{person.pk}/consents", said).status_code == 404
    assert not ConsentState.objects.exists()


def _import(call: Call, text: str, **data: str) -> Any:
    body = {"file": SimpleUploadedFile("people.csv", text.encode()), "consent": '{"status": "unknown"}', **data}
    return call("post", "imports", body, format="multipart")


def test_it_imports_a_file_and_tells_how_far_it_is(call: Call, nudges: list[str]) -> None:
    answer = _import(
        call, "mail,orders\na@shop.test,3\nnobody,4\n", mapping='{"orders": {"to": "attribute:order_count", "type": "number"}}'
    )
    assert (answer.status_code, answer.json()["state"]) == (201, "queued")

    while imports.run(clock=timezone.now, until=timezone.now() + timedelta(seconds=30)):
        pass

    state = call("get", f"imports/{answer.json()['id']}").json()
    faults = call("get", f"imports/{answer.json()['id']}/faults").json()["results"]
    assert (state["state"], state["rows_created"], state["rows_rejected"]) == ("done", 1, 1)
    assert [fault["row"] for fault in faults] == [3]
    assert Profile.objects.get().attributes == {"order_count": 3}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"consent": "{}"}, "/consent"),
        ({"consent": "nonsense"}, "/consent"),
        ({"consent": '{"status": "granted", "channels": 7}'}, "/consent"),
        ({"consent": '{"status": "granted", "channels": ["email"], "source": "x", "date": "soon"}'}, "/consent"),
        ({"mapping": '{"fax": {"to": "skip"}}'}, "/mapping"),
        ({"mapping": '{"mail": 7}'}, "/mapping/mail"),
        ({"mapping": '{"mail": {"to": "skip"}}'}, "/mapping"),
    ],
)
def test_an_import_that_cannot_start_is_refused_and_not_kept(data: dict[str, str], path: str, call: Call) -> None:
    answer = _import(call, "mail,orders\na@shop.test,3\n", **data)

    assert answer.status_code == 400, answer.json()
    assert path in {error["path"] for error in answer.json()["errors"]}
    assert not Import.objects.exists()


def test_an_import_is_stopped(call: Call) -> None:
    answer = _import(call, "mail\na@shop.test\n")

    assert call("post", f"imports/{answer.json()['id']}/cancel").json()["state"] == "cancelled"


def test_definitions_are_listed(call: Call, now: datetime) -> None:
    AttributeDef.objects.create(key="city", type="string", first_seen_at=now)
    EventDef.objects.create(name="Bought", properties={"sku": "string"}, first_seen_at=now)

    assert call("get", "attributes").json()["results"][0]["key"] == "city"
    assert call("get", "events").json()["results"][0]["properties"] == {"sku": "string"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "people"), ("patch", "people/1"), ("post", "people/1/consents"), ("post", "imports"), ("post", "imports/1/cancel")],
)
def test_a_key_that_may_only_read_changes_nothing(method: str, path: str, call: Call) -> None:
    assert call(method, path, {}, scopes=(Right.VIEW,)).status_code == 403


def test_nobody_gets_in_without_a_key(client: Client) -> None:
    assert client.get("/api/v1/people").status_code == 401


def test_an_opt_out_by_the_api_counts_at_once(call: Call, now: datetime) -> None:
    person = _ann(now)
    said = {"channel": "email", "address": "ann@shop.test", "source": "Shop account page", "status": "withdrawn"}

    call("post", f"people/{person.pk}/consents", said)

    standing = consent.standings(channel="email", addresses=["ann@shop.test"], topic="")["ann@shop.test"]
    assert standing.reason == "channel_not_permitted"


def test_it_tries_a_file_first_and_takes_the_import_back(call: Call, nudges: list[str]) -> None:
    def work() -> None:
        until = timezone.now() + timedelta(seconds=30)
        for run in (imports.trial.run, imports.undo.run, imports.run):
            while run(clock=timezone.now, until=until):
                pass

    file = SimpleUploadedFile("people.csv", b"email,city\na@shop.test,Sofia\nnobody,Varna\n")
    made = call(
        "post", "imports", {"file": file, "consent": '{"status": "unknown"}', "dry_run": "true"}, format="multipart"
    ).json()
    work()
    tried = call("get", f"imports/{made['id']}").json()["trial"]
    assert not Profile.objects.exists()
    call("post", f"imports/{made['id']}/start")
    work()
    assert Profile.objects.count() == 1
    call("post", f"imports/{made['id']}/undo")
    work()
    undone = call("get", f"imports/{made['id']}").json()["undo"]

    assert (tried["state"], tried["rows_created"], tried["rows_rejected"]) == ("done", 1, 1)
    assert (undone["state"], undone["people_removed"]) == ("done", 1)
    assert not Profile.objects.exists()
