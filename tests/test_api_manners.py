"""Rate headers, idempotency keys, guarded JSON and problem documents, through an endpoint of the real API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from omni import idempotency, ratelimit
from omni.models import ApiKey, Bucket, IdempotentCall, User
from omni.roles import Right
from profiles.models import Profile

pytestmark = pytest.mark.django_db

Call = Callable[..., Any]
PERSON = {"identifiers": {"email": "ann@shop.test"}, "attributes": {"city": "Varna"}}


@pytest.fixture
def call(marketer: User) -> Call:
    """Ask the API as a program with all rights of Max: `call("post", "people", body, key="k1")`."""
    _row, secret = ApiKey.issue(name="Till", scopes=list(Right), by=marketer)

    def ask(method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {}), **headers}
        kind = headers.pop("content_type", "application/json")
        if isinstance(body, dict):
            body = json.dumps(body)
        client = Client(raise_request_exception=False)
        return client.generic(method.upper(), f"/api/v1/{path}", body or b"", content_type=kind, headers=sent)

    return ask


def test_every_answer_says_how_many_calls_are_left(call: Call, settings: Settings) -> None:
    settings.API_RATE_PER_SECOND, settings.API_BURST = 0.1, 3

    first, *_rest = [call("get", "attributes") for _ in range(3)]
    refused = call("get", "attributes")

    assert (first.status_code, first["RateLimit-Remaining"]) == (200, "2")
    assert "RateLimit-Limit" in first
    assert "RateLimit-Reset" in first
    assert (refused.status_code, refused["Retry-After"], refused["RateLimit-Remaining"]) == (429, "10", "0")
    assert refused.json()["code"] == "too_many_requests"


def test_buckets_nobody_took_from_are_thrown_away(call: Call) -> None:
    call("get", "attributes")

    assert ratelimit.prune(now=timezone.now() + timedelta(days=2)) == 1
    assert not Bucket.objects.exists()


def test_the_same_call_with_the_same_key_happens_once(call: Call, clock: Traveller) -> None:
    first = call("post", "people", PERSON, key="k1")
    clock.shift(3600)
    second = call("post", "people", PERSON, key="k1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert "RateLimit-Remaining" in second


def test_the_same_key_for_another_call_is_refused(call: Call) -> None:
    call("post", "people", PERSON, key="k1")

    other = call("post", "people", {"identifiers": {"email": "bob@shop.test"}}, key="k1")

    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert Profile.objects.count() == 1


def test_a_refused_call_keeps_nothing_and_its_key_may_be_used_again(call: Call) -> None:
    refused = call("post", "people", {"identifiers": {}}, key="k1")
    mended = call("post", "people", PERSON, key="k1")

    assert (refused.status_code, mended.status_code) == (400, 201)


def test_a_key_is_forgotten_after_a_day(call: Call, clock: Traveller) -> None:
    call("post", "people", PERSON, key="k1")
    clock.shift(25 * 3600)

    again = call("post", "people", {"identifiers": {"email": "bob@shop.test"}}, key="k1")

    assert again.status_code == 201
    assert idempotency.forget(now=datetime.now(UTC) + timedelta(hours=25)) == 1


def test_keys_of_two_callers_are_apart_and_a_revoked_one_gets_no_old_answer(call: Call, owner: User, client: Client) -> None:
    call("post", "people", PERSON, key="k1")
    other, secret = ApiKey.issue(name="Other", scopes=list(Right), by=owner)
    sent = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k1"}

    mine = client.post("/api/v1/people", PERSON, content_type="application/json", headers=sent)
    ApiKey.objects.filter(pk=other.pk).update(revoked_at=datetime.now(UTC))
    revoked = client.post("/api/v1/people", PERSON, content_type="application/json", headers=sent)

    assert mine.status_code == 200
    assert "Idempotency-Replayed" not in mine
    assert revoked.status_code == 401


def test_a_broken_call_leaves_neither_a_person_nor_a_record(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from profiles.api import people

    def broken(*args: object) -> None:
        raise RuntimeError("broken behind the change")

    monkeypatch.setattr(people, "person_of", broken)
    failed = call("post", "people", PERSON, key="k1")
    monkeypatch.undo()
    again = call("post", "people", PERSON, key="k1")

    assert (failed.status_code, failed["Content-Type"]) == (500, "application/problem+json")
    assert again.status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_two_calls_at_once_with_one_key_the_second_waits_or_is_told(call: Call) -> None:
    asked = {"caller": "key:1", "key": "k", "fingerprint": "f", "now": datetime.now(UTC)}
    is_claimed, may_go_on = threading.Event(), threading.Event()

    def first() -> None:
        with idempotency.claimed(**asked):  # type: ignore[arg-type]
            is_claimed.set()
            may_go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    is_claimed.wait(10)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
        with pytest.raises(idempotency.BusyError), idempotency.claimed(**asked):  # type: ignore[arg-type]
            pass
    may_go_on.set()
    thread.join()

    with idempotency.claimed(**asked) as claim:  # type: ignore[arg-type]
        assert claim.earlier is not None
    IdempotentCall.objects.all().delete()


def test_an_upload_is_told_apart_by_its_content(marketer: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    _row, secret = ApiKey.issue(name="Till", scopes=list(Right), by=marketer)
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "up1"}
    consent = '{"status": "unknown", "channels": [], "source": ""}'

    def send(text: bytes) -> Any:
        body = {"file": SimpleUploadedFile("a.csv", text), "consent": consent}
        return Client().post("/api/v1/imports", body, headers=headers)

    one, same, other = send(b"email\na@shop.test\n"), send(b"email\na@shop.test\n"), send(b"email\nb@shop.test\n")

    assert one.status_code in (201, 202), one.content
    assert same.json()["id"] == one.json()["id"]
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("get", "nothing-here", None, {}, 404),
        ("delete", "attributes", None, {}, 405),
        ("get", "attributes", None, {"Accept": "text/csv"}, 406),
        ("post", "people", '{"identifiers": {"email": "a@b.c"}, "attributes": {"x": "' + "y" * 6_000_000 + '"}}', {}, 413),
        ("post", "people", "a=b", {"content_type": "application/x-www-form-urlencoded"}, 415),
        ("post", "people", b"BZh9", {"content_type": "application/json; charset=bz2_codec"}, 415),
        ("post", "people", "[" * 200_000 + "]" * 200_000, {}, 400),
        ("post", "people", '{"a":' * 70 + "1" + "}" * 70, {}, 400),
        ("post", "people", '{"attributes": {"x": NaN}}', {}, 400),
        ("post", "people", '{"attributes": {"x": 1e999}}', {}, 400),
        ("post", "people", '{"attributes": {"x": ' + "9" * 5000 + "}}", {}, 400),
        ("post", "people", b'{"a": "\xff"}', {}, 400),
        ("get", "people?q=%00", None, {}, 400),
        ("get", "people?cursor=cD14", None, {}, 404),
        ("get", "people?cursor=%F0%9F", None, {}, 404),
        ("post", "people", "{}", {"Idempotency-Key": "x" * 300}, 400),
    ],
)
def test_whatever_is_refused_is_a_problem_document(
    method: str, path: str, body: Any, headers: dict[str, str], status: int, call: Call
) -> None:
    answer = call(method, path, body, **headers)

    assert answer.status_code == status, answer.content[:500]
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], bool(told["title"]), bool(told["detail"])) == (status, True, True)
    assert told["instance"].startswith("urn:uuid:")
    assert "RateLimit-Remaining" in answer


def test_a_stranger_is_told_so_in_a_problem_document(client: Client) -> None:
    answer = client.get("/api/v1/people")

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_schema_tells_of_keys_limits_and_problems(call: Call, client_of: Callable[[User], Client], owner: User) -> None:
    schema = client_of(owner).get("/api/schema/?format=json").json()

    post = schema["paths"]["/api/v1/people"]["post"]
    assert schema["openapi"].startswith("3.1")
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in post["parameters"]
    assert "RateLimit-Remaining" in post["responses"]["201"]["headers"]
    assert post["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert client_of(owner).get("/api/docs/").content.decode().count("Idempotency-Key") > 2
