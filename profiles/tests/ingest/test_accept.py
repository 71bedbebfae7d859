"""What is answered to a sender, and what is on the disk by then?"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from omni import ratelimit
from profiles.ingest import envelope, inbox, keys
from profiles.models import IngestRaw, Source
from profiles.views import ingest

from .conftest import Sender, track

TOO_MUCH = envelope.MOST_BYTES + 1


def test_it_answers_when_the_bytes_are_kept(sender: Sender, nudges: list[str], django_capture_on_commit_callbacks: Any) -> None:
    body = json.dumps({"batch": [track()]}).encode()

    with django_capture_on_commit_callbacks(execute=True):
        answer = sender.post(body)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert bytes(IngestRaw.objects.get().body) == body
    assert nudges == ["profiles.tasks.drain_inbox"]


def test_accepting_costs_one_insert_once_the_key_is_known(
    sender: Sender, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in ((ingest, "FULLNESS_REMEMBERED_SECONDS"), (keys, "REMEMBERED_SECONDS"), (ratelimit, "LEASE_SECONDS")):
        monkeypatch.setattr(place, name, 600.0)
    sender.post(track(), "/v1/track")

    with django_assert_num_queries(1):
        sender.post(track(), "/v1/track")


def test_it_takes_the_key_from_the_body(sender: Sender) -> None:
    answer = Client().post("/v1/t", json.dumps(track(writeKey=sender.key)), content_type="text/plain")

    assert answer.status_code == 200


def test_it_takes_the_key_from_the_query_of_a_beacon_only(sender: Sender) -> None:
    body = json.dumps({"batch": [track()]})

    assert Client().post(f"/beacon/v1/batch?writeKey={sender.key}", body, content_type="text/plain").status_code == 200
    assert Client().post(f"/v1/batch?writeKey={sender.key}", body, content_type="text/plain").status_code == 401


@pytest.mark.parametrize(
    "authorization", ["", "Basic d2tfbm9ib2R5Og==", "Basic ###", "Basic /w==", "Digest x", "Bearer wk_nobody"]
)
def test_it_refuses_an_unknown_key_before_it_reads_the_body(sender: Sender, authorization: str) -> None:
    answer = sender.post(track(), authorization=authorization)

    assert answer.status_code == 401
    assert answer.json()["code"] == "unknown_key"
    assert not IngestRaw.objects.exists()


def test_a_revoked_key_is_refused(sender: Sender, now: Any) -> None:
    assert sender.post(track(), "/v1/track").status_code == 200
    Source.objects.update(revoked_at=now)
    keys.forget()

    assert sender.post(track(), "/v1/track").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "no_body"),
        (b"not json", 400, "not_json"),
        (b'{"batch": [', 400, "not_json"),
        (b"[]", 400, "not_an_object"),
        (b'"text"', 400, "not_an_object"),
        (b'{"batch": {"0": {}}}', 400, "not_a_batch"),
        (b'{"batch": null}', 400, "not_a_batch"),
        (b'{"a": "\xff\xfe"}', 400, "not_utf8"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400, "too_deep"),
        (b'{"a": ' + b"9" * 5_000 + b"}", 400, "not_json"),
        (b'{"batch": [' + b"1," * 2_500 + b"1]}", 413, "too_many_calls"),
        (b" " * TOO_MUCH, 413, "too_large"),
        (gzip.compress(b"0" * 200_000_000, compresslevel=9), 413, "too_large"),
        (gzip.compress(b'{"batch": []}')[:-4], 400, "broken_encoding"),
        (gzip.compress(b'{"batch": []}') + b"more", 400, "broken_encoding"),
        (b"\x1f\x8b\x08\x00 no gzip at all", 400, "broken_encoding"),
    ],
    ids=[
        "no body",
        "no JSON",
        "cut off",
        "a list",
        "a text",
        "a batch that is no list",
        "no batch",
        "no UTF-8",
        "an abyss",
        "an endless number",
        "too many calls",
        "too large",
        "a bomb",
        "cut off gzip",
        "gzip and more",
        "no gzip",
    ],
)
def test_it_says_plainly_what_is_wrong(sender: Sender, body: bytes, status: int, code: str) -> None:
    answer = sender.post(body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert not IngestRaw.objects.exists()


def test_it_reads_deflate_and_refuses_what_it_does_not_know(sender: Sender) -> None:
    assert sender.post(zlib.compress(b'{"batch": []}'), content_encoding="deflate").status_code == 200
    assert sender.post(b'{"batch": []}', content_encoding="br").status_code == 415


@pytest.mark.parametrize("charset", ["bz2_codec", "utf-16", "utf-7", "nonsense"])
def test_the_content_type_counts_for_nothing(sender: Sender, charset: str) -> None:
    answer = sender.post(track(), "/v1/track", content_type=f"application/json; charset={charset}")

    assert answer.status_code == 200


def test_it_asks_to_come_back_when_too_much_is_waiting(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    sender.post(track(), "/v1/track")
    monkeypatch.setattr(inbox, "MOST_WAITING", 1)
    monkeypatch.setattr(ingest, "_fullness", (0.0, False))

    answer = sender.post(b"not even read", "/v1/track")

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert IngestRaw.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_is_taken(sender: Sender, method: str) -> None:
    answer = getattr(Client(), method)("/v1/batch")

    assert answer.status_code == 405
    assert answer["Allow"] == "POST, OPTIONS"


def test_no_cookie_is_set_and_no_token_is_asked_for(sender: Sender) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        "/v1/track", json.dumps(track()), content_type="application/json", headers={"authorization": sender.authorization}
    )

    assert answer.status_code == 200
    assert not answer.cookies


def test_a_source_that_sends_too_much_hears_when_to_come_back(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "RATE", ratelimit.Limit(per_second=0.01, burst=3))

    answers = [sender.post(track(), "/v1/track") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert {answer["RateLimit-Limit"] for answer in answers} == {"1"}
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1]["Retry-After"]) >= 1
    assert IngestRaw.objects.count() == 3


def test_the_rate_of_one_source_is_not_that_of_another(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "RATE", ratelimit.Limit(per_second=0.01, burst=1))
    other = Sender(*Source.issue(name="Kiosk"))

    assert [each.post(track(), "/v1/track").status_code for each in (sender, sender, other)] == [200, 429, 200]


@pytest.mark.django_db
def test_a_key_is_only_for_the_sites_it_was_made_for() -> None:
    site = Sender(*Source.issue(name="Site", kind="browser", origins=["https://shop.example"]))

    answers = [site.post(track(), "/v1/t", origin=origin) for origin in ("https://shop.example", "https://evil.example")]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert site.post(track(), "/v1/t").status_code == 200  # not a browser


def test_a_database_that_is_away_is_our_fault(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    sender.post(track(), "/v1/track")

    def fail(**kept: Any) -> None:
        raise OperationalError("the database is starting up")

    monkeypatch.setattr(inbox, "accept", fail)

    answer = sender.post(track(), "/v1/track")

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db
def test_the_key_of_a_site_reads_nothing(client: Client) -> None:
    site = Sender(*Source.issue(name="Site", kind="browser"))

    for path in ("/api/v1/people", "/api/v1/events", "/api/v1/attributes"):
        for scheme in (site.authorization, f"Bearer {site.key}"):
            assert client.get(path, headers={"authorization": scheme}).status_code in (401, 403)


def test_browser_libraries_get_their_settings(sender: Sender) -> None:
    segment = Client().get(f"/v1/projects/{sender.key}/settings", headers={"origin": "https://shop.example"})
    rudder = Client().get(f"/sourceConfig/?writeKey={sender.key}", headers={"origin": "https://shop.example"})

    assert segment.json()["integrations"]["Segment.io"]["apiKey"] == sender.key
    assert segment["Access-Control-Allow-Origin"] == rudder["Access-Control-Allow-Origin"] == "https://shop.example"
    assert rudder.json()["source"]["enabled"] is True
    assert Client().get("/v1/projects/wk_nobody/settings").status_code == 404
    assert Client().get("/sourceConfig/?writeKey=wk_nobody").status_code == 404


def test_what_a_library_reports_about_itself_is_not_kept(sender: Sender) -> None:
    assert Client().post("/v1/m", b'{"series": []}', content_type="text/plain").status_code == 200
    assert not IngestRaw.objects.exists()


def test_calls_pass_no_middleware_of_pages(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, request: object) -> None:
        raise AssertionError("a call has no session")

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", fail)

    answer = sender.post(track(), "/v1/track")

    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert int(answer["Content-Length"]) == len(answer.content)
