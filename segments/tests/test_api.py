"""Can programs do with segments what the pages can?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from omni.models import ApiKey
from segments import editing, materialize
from segments.models import Membership, Segment
from segments.tests.world import Person, World

pytestmark = pytest.mark.django_db

POLISH = {"kind": "attribute", "params": {"attribute": "country", "operator": "is", "value": "Poland"}}
URL = "/api/v1/segments/"


def of(match: str, *items: Any) -> dict[str, Any]:
    return {"version": 1, "root": {"match": match, "items": list(items)}}


POLES = of("all", POLISH)


class Program:
    """A program with a key of some scopes."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def get(self, url: str, **query: Any) -> Any:
        return self.client.get(url, query)

    def post(self, url: str, body: Any = None) -> Any:
        return self.client.post(url, body or {}, content_type="application/json")

    def patch(self, url: str, body: Any) -> Any:
        return self.client.patch(url, body, content_type="application/json")


@pytest.fixture
def program(marketer: Any) -> Program:
    return Program(ApiKey.issue(name="Shop", scopes=["view", "segments:write"], by=marketer)[1])


@pytest.fixture
def town() -> World:
    """Ewa lives in Poland, Ivan does not."""
    town = World(people=[Person({"name": "Ewa Nowak", "country": "Poland"}), Person({"country": "Bulgaria"})], events=[])
    town.build()
    return town


@pytest.fixture
def poles(town: World) -> Segment:
    made = editing.create(name="Poles", definition=POLES, by=None, now=timezone.now() - timedelta(hours=1))
    materialize.refresh_stale(now=timezone.now() - timedelta(minutes=30))
    return made


def test_it_makes_reads_and_changes_a_segment(program: Program) -> None:
    made = program.post(URL, {"name": "Poles", "definition": POLES})
    assert made.status_code == 201
    assert made.json()["sentence"] == "People whose country is Poland."
    one = f"{URL}{made.json()['id']}/"

    changed = program.patch(
        one, {"name": "Everybody else", "definition": {"version": 1, "root": {"match": "none", "items": [POLISH]}}}
    )

    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert program.get(one).json()["sentence"] == "Everybody except people whose country is Poland."
    assert [row["name"] for row in program.get(URL).json()["results"]] == ["Everybody else"]


def test_it_reports_every_fault_with_its_place(program: Program) -> None:
    items = [
        {"kind": "astrology", "params": {}},
        {"match": "any", "items": []},
        {"kind": "attribute", "params": {"attribute": "age"}},
    ]

    answer = program.post(URL, {"name": "", "definition": {"version": 1, "root": {"match": "all", "items": items}}})

    assert answer.status_code == 400
    said = [fault["message"] for fault in answer.json()["errors"]]
    assert any(text.startswith("root/items/0/kind: ") for text in said)
    assert any(text.startswith("root/items/1: ") for text in said)
    assert any(text.startswith("root/items/2/params/operator: ") for text in said)


@pytest.mark.parametrize(
    "definition",
    [
        None,
        7,
        [],
        {"version": 2, "root": {}},
        of("all", None, 7, "x"),
        of("all", {"kind": ["list"], "params": {}}),
        of("all", {"kind": "attribute", "params": {"attribute": "a\x00", "operator": "is"}}),
        of("all", {"kind": "event", "params": {"event": {}, "measure": [], "where": [1]}}),
        of("all", {"kind": "event", "params": {"event": "x", "measure": "sum", "amount": 1e400}}),
    ],
)
def test_it_refuses_nonsense_politely(program: Program, definition: Any) -> None:
    assert program.post(f"{URL}preview/", {"definition": definition}).status_code == 400


def test_it_lists_members_now_and_then(program: Program, poles: Segment, town: World) -> None:
    url = f"{URL}{poles.pk}/members/"

    assert [row["person"] for row in program.get(url).json()["results"]] == [town.pks[0]]
    assert program.get(url, at=(timezone.now() - timedelta(minutes=50)).isoformat()).json()["results"] == []
    Membership.objects.update(until_at=timezone.now())
    assert program.get(url).json()["results"] == []
    then = program.get(url, at=(timezone.now() - timedelta(minutes=5)).isoformat()).json()["results"]
    assert [row["person"] for row in then] == [town.pks[0]]
    assert program.get(url, at="yesterday").status_code == 400


def test_it_says_whether_somebody_is_in_and_why(program: Program, poles: Segment, town: World) -> None:
    ewa = program.get(f"{URL}{poles.pk}/members/{town.pks[0]}/").json()
    ivan = program.get(f"{URL}{poles.pk}/members/{town.pks[1]}/").json()

    assert (ewa["is_member"], ivan["is_member"]) == (True, False)
    assert ivan["findings"][1] == {
        "path": "0",
        "holds": False,
        "clause": "whose country is Poland",
        "note": "country: Bulgaria",
    }


def test_it_previews_and_describes_without_saving(program: Program, town: World) -> None:
    seen = program.post(f"{URL}preview/", {"definition": POLES}).json()
    said = program.post(f"{URL}describe/", {"definition": POLES}).json()

    assert seen == {
        "size": 1,
        "everybody": 2,
        "by_email": 0,
        "sample": [{"person": town.pks[0], "name": "Ewa Nowak", "reasons": ["country: Poland"]}],
    }
    assert said == {"sentence": "People whose country is Poland.", "reads": ["profile_changed:country"]}
    assert not Segment.objects.exists()


def test_it_archives_and_restores(program: Program, poles: Segment) -> None:
    leaf = {"kind": "membership", "params": {"relation": "in", "segment": poles.pk}}
    asking = program.post(URL, {"name": "Asking", "definition": of("all", leaf)}).json()

    assert program.post(f"{URL}{poles.pk}/archive/").status_code == 409
    assert program.post(f"{URL}{asking['id']}/archive/").json()["archived_at"] is not None
    assert program.post(f"{URL}{poles.pk}/archive/").status_code == 200
    assert program.post(f"{URL}{poles.pk}/restore/").json()["archived_at"] is None


def test_a_key_without_the_scope_only_reads(marketer: Any, poles: Segment) -> None:
    reader = Program(ApiKey.issue(name="Reader", scopes=["view"], by=marketer)[1])

    assert reader.get(f"{URL}{poles.pk}/").status_code == 200
    assert reader.post(f"{URL}preview/", {"definition": POLES}).status_code == 200
    assert reader.post(URL, {"name": "x", "definition": POLES}).status_code == 403
    assert Program("omni_wrong").get(URL).status_code == 401
