"""Do the pages about segments show, save and refuse what they should?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from omni.models import AuditEntry
from profiles.models import Profile
from segments import editing, materialize, usage
from segments.models import Membership, Segment, SizeHistory
from segments.tests.world import Person, World

pytestmark = pytest.mark.django_db

POLISH = {"kind": "attribute", "params": {"attribute": "country", "operator": "is", "value": "Poland"}}
POLES = {"version": 1, "root": {"match": "all", "items": [POLISH]}}


@pytest.fixture
def town() -> World:
    """Ewa and Jan live in Poland, Ivan does not."""
    town = World(
        people=[
            Person({"name": "Ewa Nowak", "country": "Poland"}, email="ewa@x.test"),
            Person({"name": "Jan Kowal", "country": "Poland"}),
            Person({"name": "Ivan Petrov", "country": "Bulgaria"}),
        ],
        events=[],
        permission={"ewa@x.test": "granted"},
    )
    town.build()
    return town


@pytest.fixture
def poles(town: World) -> Segment:
    made = editing.create(name="Poles", definition=POLES, by=None, now=timezone.now())
    materialize.refresh_stale(now=timezone.now())
    made.refresh_from_db()
    return made


def asking_about(segment: Segment) -> dict[str, Any]:
    leaf = {"kind": "membership", "params": {"relation": "in", "segment": segment.pk}}
    return {"version": 1, "root": {"match": "all", "items": [leaf]}}


def test_it_lists_segments_with_sentence_size_and_change(client_of: Any, analyst: Any, poles: Segment) -> None:
    SizeHistory.objects.create(segment=poles, at=timezone.now() - timedelta(days=8), size=5, entered=0, left=0)

    page = client_of(analyst).get(reverse("segments:segment-list")).content.decode()

    assert "Poles" in page
    assert "People whose country is Poland." in page
    assert "−3" in page


def test_the_list_costs_the_same_for_many(
    client_of: Any, analyst: Any, poles: Segment, django_assert_max_num_queries: Any
) -> None:
    client = client_of(analyst)
    for number in range(20):
        editing.create(name=f"Asking {number}", definition=asking_about(poles), by=None, now=timezone.now())

    with django_assert_max_num_queries(9):
        page = client.get(reverse("segments:segment-list")).content.decode()
    assert page.count("who are in “Poles”") == 20


def test_it_searches_sorts_and_finds_the_archived(client_of: Any, analyst: Any, poles: Segment) -> None:
    client = client_of(analyst)
    other = editing.create(name="Old ones", definition=POLES, by=None, now=timezone.now())
    editing.archive(other, by=None, now=timezone.now())
    url = reverse("segments:segment-list")

    assert "Old ones" not in client.get(url).content.decode()
    assert "Old ones" in client.get(url, {"state": "archived"}).content.decode()
    assert "Poles" not in client.get(url, {"q": "nothing like it"}).content.decode()
    assert "Poles" in client.get(url, {"q": "pol", "sort": "-size"}, headers={"HX-Request": "true"}).content.decode()


def test_it_teaches_when_there_is_no_segment(client_of: Any, analyst: Any) -> None:
    assert "Describe a group of people once" in client_of(analyst).get(reverse("segments:segment-list")).content.decode()


def test_it_makes_a_segment_from_what_the_builder_shows(client_of: Any, marketer: Any, town: World) -> None:
    data = {
        "name": "From Bulgaria",
        "definition": json.dumps(POLES),
        "definition:0:attribute": "country",
        "definition:0:operator": "is",
        "definition:0:value[]": ["Bulgaria"],
    }

    response = client_of(marketer).post(reverse("segments:segment-create"), data)

    made = Segment.objects.get()
    assert response.url == made.get_absolute_url()
    assert (made.name, made.created_by, made.version) == ("From Bulgaria", marketer, 1)
    assert made.reads == ["profile_changed:country"]
    materialize.refresh_stale(now=timezone.now())
    assert list(Membership.objects.values_list("profile_id", flat=True)) == [town.pks[2]]
    assert AuditEntry.objects.get(action="segment.create").actor == marketer


def test_it_keeps_everything_typed_when_something_is_wrong(client_of: Any, marketer: Any) -> None:
    definition = {"version": 1, "root": {"match": "any", "items": [{"kind": "attribute", "params": {"attribute": "plan"}}]}}

    response = client_of(marketer).post(reverse("segments:segment-create"), {"name": "", "definition": json.dumps(definition)})

    page = response.content.decode()
    assert response.status_code == 422
    assert "Type a value." in page
    assert "This field is required." in page
    assert '<option value="plan" selected>' in page
    assert not Segment.objects.exists()


def test_it_stores_a_new_version_and_refills(client_of: Any, marketer: Any, poles: Segment) -> None:
    definition = {**POLES, "root": {"match": "none", "items": [POLISH]}}
    data = {"name": "Not Poles", "version": poles.version, "definition": json.dumps(definition)}

    client_of(marketer).post(reverse("segments:segment-edit", args=[poles.pk]), data)

    poles.refresh_from_db()
    assert (poles.name, poles.version, poles.stale_since is not None) == ("Not Poles", 2, True)
    assert [(version.number, version.until_at is None) for version in poles.versions.order_by("number")] == [
        (1, False),
        (2, True),
    ]


def test_it_does_not_overwrite_what_somebody_saved_meanwhile(client_of: Any, marketer: Any, poles: Segment) -> None:
    data = {"name": "Mine", "version": poles.version - 1, "definition": json.dumps(POLES)}

    response = client_of(marketer).post(reverse("segments:segment-edit", args=[poles.pk]), data)

    poles.refresh_from_db()
    assert (response.status_code, poles.name) == (422, "Poles")
    assert "Somebody saved this segment meanwhile." in response.content.decode()


def test_it_refuses_a_segment_that_asks_about_itself(client_of: Any, marketer: Any, poles: Segment) -> None:
    asking = editing.create(name="Asking", definition=asking_about(poles), by=None, now=timezone.now())
    data = {"name": "Poles", "version": 1, "definition": json.dumps(asking_about(asking))}

    response = client_of(marketer).post(reverse("segments:segment-edit", args=[poles.pk]), data)

    assert response.status_code == 422
    assert "This segment would ask about itself." in response.content.decode()


def test_it_shows_who_is_in_and_where_it_is_used(
    client_of: Any, analyst: Any, poles: Segment, django_assert_max_num_queries: Any
) -> None:
    editing.create(name="Asking", definition=asking_about(poles), by=None, now=timezone.now())
    client = client_of(analyst)

    with django_assert_max_num_queries(14):
        page = client.get(poles.get_absolute_url()).content.decode()
    assert "Ewa Nowak" in page
    assert "Jan Kowal" in page
    assert "Ivan Petrov" not in page
    assert "Asking" in page


def test_it_says_why_somebody_is_in_or_out(client_of: Any, analyst: Any, poles: Segment, town: World) -> None:
    client, url = client_of(analyst), reverse("segments:segment-person", args=[poles.pk])

    assert "Yes" in client.get(url, {"q": str(town.pks[0])}).content.decode()
    no = client.get(url, {"q": str(town.pks[2])}).content.decode()
    assert "No" in no
    assert "country: Bulgaria" in no
    assert "Nobody of that name" in client.get(url, {"q": "zzz"}).content.decode()


def test_it_exports_exactly_who_is_in(client_of: Any, marketer: Any, support: Any, poles: Segment) -> None:
    url = reverse("segments:segment-export", args=[poles.pk])

    lines = b"".join(client_of(marketer).get(url).streaming_content).decode().splitlines()

    assert len(lines) == 3
    assert client_of(support).get(url).status_code == 403


def test_it_archives_with_a_way_back(client_of: Any, marketer: Any, poles: Segment) -> None:
    client = client_of(marketer)

    client.post(reverse("segments:segment-archive", args=[poles.pk]))
    poles.refresh_from_db()
    assert poles.archived_at is not None
    client.post(reverse("segments:segment-restore", args=[poles.pk]))
    poles.refresh_from_db()
    assert (poles.archived_at, poles.refreshed_at) == (None, None)


def test_it_does_not_archive_what_is_in_use(client_of: Any, marketer: Any, poles: Segment, monkeypatch: Any) -> None:
    monkeypatch.setattr(usage, "_finders", [lambda ids: [usage.Use(poles.pk, "Spring sale", "Campaign", "/campaigns/1/", True)]])

    page = client_of(marketer).post(reverse("segments:segment-archive", args=[poles.pk]), follow=True).content.decode()

    poles.refresh_from_db()
    assert poles.archived_at is None
    assert "Spring sale" in page


@pytest.mark.parametrize("name", ["segment-edit", "segment-archive"])
def test_support_may_look_but_not_touch(client_of: Any, support: Any, poles: Segment, name: str) -> None:
    client = client_of(support)

    assert client.get(poles.get_absolute_url()).status_code == 200
    assert client.post(reverse(f"segments:{name}", args=[poles.pk])).status_code == 403


def test_the_builder_answers_an_operation(client_of: Any, marketer: Any) -> None:
    data = {"definition": json.dumps(POLES), "builder": "definition", "definition:op": "add-condition@@event"}

    page = client_of(marketer).post(reverse("segments:builder"), data).content.decode()

    assert 'id="definition-1"' in page
    assert "data-focus" in page
    assert "People whose country is Poland." in page
    assert "Condition added" in page


def test_the_builder_keeps_to_its_own_names(client_of: Any, marketer: Any) -> None:
    data = {"yes": json.dumps(POLES), "builder": "yes", "yes:op": "wrap@0"}

    page = client_of(marketer).post(reverse("segments:builder"), data).content.decode()

    assert 'id="yes-builder"' in page
    assert 'name="yes:0.0:attribute"' in page
    assert "definition:" not in page


def test_the_preview_counts_what_is_finished(client_of: Any, marketer: Any, town: World) -> None:
    unfinished = {"kind": "attribute", "params": {"attribute": "plan"}}
    data = {"definition": json.dumps({"version": 1, "root": {"match": "all", "items": [POLISH, unfinished]}})}

    page = client_of(marketer).post(reverse("segments:preview"), data).content.decode()

    assert '<p class="preview-count">2' in page
    assert "1 part is not finished" in page
    assert "Ewa Nowak" in page
    assert "country: Poland" in page


def test_the_preview_says_who_would_enter_and_leave(client_of: Any, marketer: Any, poles: Segment) -> None:
    turned = {**POLES, "root": {"match": "none", "items": [POLISH]}}
    data = {"definition": json.dumps(turned), "builder_segment": poles.pk}

    page = client_of(marketer).post(reverse("segments:preview"), data).content.decode()

    assert "Saving lets 1 in and 2 out." in page


def test_the_preview_of_nothing_invites(client_of: Any, marketer: Any, town: World) -> None:
    page = client_of(marketer).post(reverse("segments:preview"), {"definition": ""}).content.decode()

    assert "3 people are known." in page


def test_people_of_a_segment_that_were_erased_do_not_break_its_page(
    client_of: Any, analyst: Any, poles: Segment, town: World
) -> None:
    Profile.objects.filter(pk=town.pks[1]).delete()

    assert client_of(analyst).get(poles.get_absolute_url()).status_code == 200
