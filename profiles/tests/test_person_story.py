"""Former values of attributes, staff notes, permanent addresses and the file of the timeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni.models import User
from profiles import attributes, identity
from profiles.ingest import house
from profiles.models import AttributeChange, Note, Profile
from profiles.person import timeline

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture
def ann(now: datetime) -> Profile:
    (pk,) = identity.resolve(claims=[identity.Claim((("email", "ann@shop.test"),), "test", now)], now=now)
    return Profile.objects.get(pk=pk)


def _set(person: Profile, at: datetime, source: str = "Shop", **values: Any) -> None:
    attributes.apply(changes=[attributes.Change(person.pk, values, at, source)], now=at)


def _told(person: Profile) -> list[tuple[str, str]]:
    days = timeline.read(profile_ids=[person.pk], kind="profile").days
    return [(str(entry.title), str(entry.sentence)) for day in days for entry in day.entries]


def test_a_value_that_gives_way_is_told_with_both(ann: Profile, now: datetime) -> None:
    _set(ann, now - timedelta(days=3), city="Varna", vip=True)
    _set(ann, now - timedelta(days=2), city="Sofia")
    _set(ann, now - timedelta(days=1), city=None)

    assert _told(ann) == [("city", "Sofia → taken away"), ("city", "Varna → Sofia"), ("Attributes set", "vip")]


def test_first_and_repeated_values_make_no_rows(ann: Profile, now: datetime) -> None:
    _set(ann, now - timedelta(days=3), city="Varna")
    _set(ann, now - timedelta(days=2), city="Varna")

    assert not AttributeChange.objects.exists()


def test_a_batch_of_changes_costs_one_statement_more(ann: Profile, now: datetime, django_assert_max_num_queries: Any) -> None:
    _set(ann, now - timedelta(days=3), **{f"k{number}": 1 for number in range(50)})
    changes = [attributes.Change(ann.pk, {f"k{number}": 2}, now, "Shop") for number in range(50)]

    with django_assert_max_num_queries(12):
        attributes.apply(changes=changes, now=now)

    assert AttributeChange.objects.count() == 50


def test_former_values_are_kept_for_a_year(ann: Profile, now: datetime) -> None:
    _set(ann, now - timedelta(days=3), city="Varna")
    _set(ann, now - timedelta(days=2), city="Sofia")

    house.prune(now=now + timedelta(days=300))
    assert AttributeChange.objects.exists()
    house.prune(now=now + timedelta(days=366))
    assert not AttributeChange.objects.exists()


def test_the_page_shows_former_values(ann: Profile, now: datetime, client_of: ClientOf, analyst: User) -> None:
    _set(ann, now - timedelta(days=3), city="Varna")
    _set(ann, now - timedelta(days=2), city="Sofia")

    assert "1 value before" in client_of(analyst).get(f"/people/{ann.pk}/").content.decode()


def test_staff_note_edit_and_pin(ann: Profile, client_of: ClientOf, support: User, marketer: User) -> None:
    sam, max_ = client_of(support), client_of(marketer)
    sam.post(f"/people/{ann.pk}/notes/", {"text": "Calls <b>only</b> after six"})
    note = Note.objects.get()

    assert sam.post(f"/people/{ann.pk}/notes/{note.pk}/edit/", {"text": "Calls after seven"}).status_code == 302
    assert max_.post(f"/people/{ann.pk}/notes/{note.pk}/edit/", {"text": "Mine"}).status_code == 403
    max_.post(f"/people/{ann.pk}/notes/{note.pk}/pin/")

    page = max_.get(f"/people/{ann.pk}/").content.decode()
    note.refresh_from_db()
    assert (note.text, note.pinned_at is not None) == ("Calls after seven", True)
    assert "Sam Support noted" in page
    assert "<b>only</b>" not in page


def test_a_note_is_thrown_away_and_taken_back(ann: Profile, client_of: ClientOf, support: User, marketer: User) -> None:
    sam = client_of(support)
    sam.post(f"/people/{ann.pk}/notes/", {"text": "Here once"})
    note = Note.objects.get()

    assert client_of(marketer).post(f"/people/{ann.pk}/notes/{note.pk}/delete/").status_code == 403
    page = sam.post(f"/people/{ann.pk}/notes/{note.pk}/delete/", follow=True)
    undo = next(message.extra_tags.removeprefix("undo:") for message in page.context["messages"] if message.extra_tags)
    assert "Here once" not in sam.get(f"/people/{ann.pk}/").content.decode()
    sam.post(undo)

    assert "Here once" in sam.get(f"/people/{ann.pk}/").content.decode()


def test_an_empty_note_is_refused_at_its_field(ann: Profile, client_of: ClientOf, support: User) -> None:
    assert client_of(support).post(f"/people/{ann.pk}/notes/", {"text": " "}).status_code == 422
    assert not Note.objects.exists()


@pytest.mark.parametrize("path", ["notes/", "notes/1/edit/", "notes/1/pin/", "notes/1/delete/", "notes/1/restore/"])
def test_an_analyst_notes_nothing(path: str, ann: Profile, client_of: ClientOf, analyst: User) -> None:
    assert client_of(analyst).post(f"/people/{ann.pk}/{path}").status_code == 403


def test_the_note_about_somebody_else_is_not_found(ann: Profile, now: datetime, client_of: ClientOf, support: User) -> None:
    (other,) = identity.resolve(claims=[identity.Claim((("email", "bob@shop.test"),), "test", now)], now=now)
    note = Note.objects.create(profile_id=other, text="x", author=support, created_at=now)

    assert client_of(support).post(f"/people/{ann.pk}/notes/{note.pk}/delete/").status_code == 404


def test_an_entry_has_an_address_that_shows_it_first(ann: Profile, now: datetime, client_of: ClientOf, analyst: User) -> None:
    for day in range(40):
        _set(ann, now - timedelta(days=50 - day), step=day)
    client = client_of(analyst)
    newest = timeline.read(profile_ids=[ann.pk], kind="profile")
    entry = newest.days[20].entries[0]

    page = client.get(f"/people/{ann.pk}/?upto={entry.anchor}")

    shown = [found.anchor for day in page.context["main"] and _slice(page).days for found in day.entries]
    assert shown[0] == entry.anchor
    assert f'id="at-{entry.anchor}"' in page.content.decode()
    assert client.get(f"/people/{ann.pk}/?upto=nonsense").status_code == 200


def _slice(page: Any) -> Any:
    return next(context["slice"] for context in page.context if "slice" in context)


def test_the_timeline_is_a_file_without_formulas(
    ann: Profile, now: datetime, client_of: ClientOf, marketer: User, support: User
) -> None:
    _set(ann, now - timedelta(days=3), note="=1+1")
    _set(ann, now - timedelta(days=2), note="=2+2")

    answer = client_of(marketer).get(f"/people/{ann.pk}/timeline.csv?show=profile")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]

    assert "'=1+1 → =2+2" in text
    assert client_of(support).get(f"/people/{ann.pk}/timeline.csv").status_code == 403
