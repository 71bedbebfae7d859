"""Does a payload of a webhook become what somebody clicked together?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from omni.models import User
from profiles.ingest import hooks, mapping
from profiles.models import DeadLetter, Event, HookPayload, IngestRaw, Profile, Source

pytestmark = pytest.mark.usefixtures("clock")

PAYLOAD = {
    "customer": {"e-mail": "Anna@Example.com", "city": "Sofia"},
    "lines": [{"sku": "b"}],
    "sum": 12.5,
    "at": "2026-03-01T10:00:00Z",
}
PLAN = {
    "fields": {"email": "$.customer.e-mail", "time": "$.at"},
    "properties": {"total": "$.sum", "sku": "$.lines[0].sku"},
    "attributes": {"city": "$.customer.city"},
    "event_name": "Invoice paid",
}


@pytest.fixture
def hook(db: None) -> tuple[Source, str]:
    return Source.issue(name="Till", kind="webhook")


def send(key: str, payload: Any, **headers: Any) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Client().post(f"/hooks/{key}/", body, content_type=headers.pop("content_type", "application/json"), headers=headers)


def clicked(plan: dict[str, Any]) -> dict[str, str]:
    """Return what the form sends for this mapping."""
    places = [(use, "", path) for use, path in plan["fields"].items()]
    places += [("property", name, path) for name, path in plan["properties"].items()]
    places += [("attribute", name, path) for name, path in plan["attributes"].items()]
    form = {"event_name": plan["event_name"]}
    for number, (use, name, path) in enumerate(places):
        form |= {f"path-{number}": path, f"use-{number}": use, f"name-{number}": name}
    return form


def test_a_mapped_payload_becomes_an_event_and_facts(hook: Any, marketer: User, client_of: Any, drain: Any) -> None:
    source, key = hook
    assert send(key, PAYLOAD).status_code == 200
    drain()
    assert DeadLetter.objects.get().reason == "unmapped"
    url = reverse("profiles:source-mapping", args=[source.pk])
    client = client_of(marketer)
    assert "Anna@Example.com" in client.get(url).content.decode()

    assert client.post(url, clicked(PLAN)).status_code == 302
    client.post(reverse("profiles:dead-letter-replay-all"), {"source": source.pk})
    drain()

    anna = Profile.objects.get()
    event = Event.objects.select_related("name").get()
    assert anna.attributes == {"city": "Sofia"}
    assert set(anna.identifiers.values_list("type", "value")) == {("email", "anna@example.com")}
    assert (event.name.name, event.properties, event.time.isoformat()) == (
        "Invoice paid",
        {"total": 12.5, "sku": "b"},
        "2026-03-01T10:00:00+00:00",
    )
    assert str(event.value) == "12.5000"
    assert "selected>Property" in client.get(url).content.decode()


def test_replaying_doubles_nothing_until_the_mapping_changes(hook: Any, marketer: User, client_of: Any, drain: Any) -> None:
    source, key = hook
    hooks.save(source, new=mapping.load(PLAN))
    send(key, PAYLOAD)
    drain()
    client = client_of(marketer)
    replay = reverse("profiles:source-replay", args=[source.pk])

    client.post(replay)
    drain()
    assert Event.objects.count() == 1
    hooks.save(source, new=mapping.load({**PLAN, "event_name": "Bill paid"}))
    client.post(replay)
    drain()
    assert set(Event.objects.values_list("name__name", flat=True)) == {"Invoice paid", "Bill paid"}


def test_the_preview_shows_what_it_would_become(hook: Any, marketer: User, client_of: Any) -> None:
    source, key = hook
    send(key, PAYLOAD)
    url = reverse("profiles:source-mapping-preview", args=[source.pk])
    form = {**clicked(PLAN), "payload": HookPayload.objects.get().pk}

    shown = client_of(marketer).post(url, form).content.decode()
    assert "Event “Invoice paid”" in shown
    assert "anna@example.com" in shown
    assert "Say which value tells who it was" in client_of(marketer).post(url, {"payload": form["payload"]}).content.decode()
    assert not Event.objects.exists()


def test_a_mapping_that_says_nobody_is_not_saved(hook: Any, marketer: User, client_of: Any) -> None:
    source, key = hook
    send(key, PAYLOAD)
    answer = client_of(marketer).post(
        reverse("profiles:source-mapping", args=[source.pk]), clicked({**PLAN, "fields": {"time": "$.at"}})
    )

    assert answer.status_code == 422
    source.refresh_from_db()
    assert source.mapping_version == 0


def test_a_form_and_a_list_are_payloads_too(hook: Any, drain: Any) -> None:
    source, key = hook
    hooks.save(source, new=mapping.load({"fields": {"user_id": "$.who"}, "event_name": "Called"}))

    assert send(key, b"who=u-1&x=2", content_type="application/x-www-form-urlencoded").status_code == 200
    assert send(key, [{"who": "u-2"}, {"who": "u-3"}, {"nobody": 1}]).status_code == 200
    drain()

    assert Event.objects.count() == 3
    assert DeadLetter.objects.get().reason == "no_identifier"


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"no json", 400), (b'"text"', 400), (b"[" * 100_000, 400), (b" " * 600_000, 413)]
)
def test_what_is_no_payload_is_refused(hook: Any, body: bytes, status: int) -> None:
    assert send(hook[1], body).status_code == status
    assert not HookPayload.objects.exists()


@pytest.mark.django_db
def test_keys_and_addresses_are_not_each_other(hook: Any) -> None:
    _source, write_key = Source.issue(name="Site")

    assert send(write_key, PAYLOAD).status_code == 404
    assert send("wh_nobody", PAYLOAD).status_code == 404
    assert Client().get(f"/hooks/{hook[1]}/").status_code == 405
    call = json.dumps({"event": "x", "userId": "u", "writeKey": hook[1]})
    assert Client().post("/v1/track", call, content_type="text/plain").status_code == 401
    assert not IngestRaw.objects.exists()


def test_only_the_latest_payloads_are_kept(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "KEPT_PER_SOURCE", 3)

    for number in range(5):
        send(hook[1], {"number": number})

    assert [hooks.read(each)["number"] for each in hooks.latest(hook[0])] == [4, 3, 2]
    assert IngestRaw.objects.count() == 5


def test_programs_map_as_well(hook: Any, marketer: User, client_of: Any) -> None:
    source, key = hook
    url = f"/api/v1/sources/{source.pk}/mapping"
    client = client_of(marketer)
    send(key, PAYLOAD)

    assert client.put(url, PLAN, content_type="application/json").json() == {**PLAN}
    assert client.get(url).json() == PLAN
    for wrong in ({"fields": {"shoe": "$.x"}}, {"fields": {"email": "$..x"}}, {"x": 1}, {"event_name": "E"}, []):
        assert client.put(url, json.dumps(wrong), content_type="application/json").status_code == 400
    assert client.post(f"/api/v1/sources/{source.pk}/replay").json() == {"replayed": 1}
    assert client.get("/api/v1/sources").json()["results"][0]["name"] == "Till"


@pytest.mark.parametrize("name", ["profiles:source-mapping", "profiles:source-mapping-preview", "profiles:source-replay"])
def test_payloads_are_for_those_who_may_see_people(hook: Any, analyst: User, client_of: Any, name: str) -> None:
    assert client_of(analyst).post(reverse(name, args=[hook[0].pk])).status_code == 403


steps = st.one_of(st.integers(0, 999_999), st.text(max_size=20).filter(lambda text: text.isprintable()))


@given(st.lists(steps, max_size=8).map(tuple))
def test_every_place_has_one_spelling(path: mapping.Path) -> None:
    assert mapping.parse(mapping.spell(path)) == path


@pytest.mark.parametrize(
    "text", ["", "x", "$.", "$..a", "$[*]", "$[?(@.x)]", "$[-1]", "$.a[1:2]", "$.a b", '$["x]', None, 7, "$" + ".a" * 40]
)
def test_nothing_but_keys_and_numbers_is_a_place(text: Any) -> None:
    with pytest.raises(mapping.MappingError):
        mapping.parse(text)
