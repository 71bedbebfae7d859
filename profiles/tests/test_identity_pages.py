"""The Identity tab: why they are one, taking it back, merging by hand, and mending identifiers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni.models import AuditEntry, User
from profiles import attributes, consent, identity
from profiles.identity import by_hand, parting
from profiles.models import ContactPoint, Identifier, KeptApart, Merge, Profile, Refusal

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def person(now: datetime, *keys: identity.Key, **values: object) -> Profile:
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "Shop", now)], now=now)
    if values:
        attributes.apply(changes=[attributes.Change(pk, values, now, "staff:Max")], now=now)
    return Profile.objects.get(pk=pk)


@pytest.fixture
def ann(now: datetime) -> Profile:
    return person(now, ("user_id", "1"), ("email", "ann@shop.test"), name="Ann Lee", city="Varna")


@pytest.fixture
def visitor(now: datetime) -> Profile:
    return person(now + timedelta(hours=1), ("anonymous_id", "v-1"), city="Sofia", size=42)


@pytest.fixture
def merge(ann: Profile, visitor: Profile, now: datetime) -> Merge:
    person(now + timedelta(hours=2), ("user_id", "1"), ("anonymous_id", "v-1"))
    return Merge.objects.get()


def test_the_tab_says_why_in_words(client_of: ClientOf, analyst: User, ann: Profile, merge: Merge) -> None:
    page = client_of(analyst).get(f"/people/{ann.pk}/tab/identity/").content.decode()

    assert "Shop named User id “1” and Anonymous id “v-1” in one breath." in page
    assert f"with merged profile {merge.origin_id}" in page
    assert "Undo this merge" not in page  # an analyst only looks


def test_the_tab_costs_the_same_whatever_there_is(
    client_of: ClientOf, marketer: User, ann: Profile, now: datetime, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = client_of(marketer)
    client.get("/people/")
    for number in range(4):
        person(now + timedelta(days=9 * number), ("anonymous_id", f"x{number}"))
        person(now + timedelta(days=9 * number), ("user_id", "1"), ("anonymous_id", f"x{number}"))

    with django_assert_max_num_queries(22):
        page = client.get(f"/people/{ann.pk}/tab/identity/").content.decode()

    assert page.count("Undo this merge") == 4


def test_undoing_shows_what_goes_where_and_does_it(
    client_of: ClientOf, support: User, ann: Profile, visitor: Profile, merge: Merge, now: datetime
) -> None:
    late = by_hand.add_identifier(person=ann, key=("phone", "+359881234567"), source="x", now=now + timedelta(days=1))
    address = f"/people/{ann.pk}/merges/{merge.pk}/undo/"
    client = client_of(support)

    page = client.get(address).content.decode()
    assert "Came after the merge" in page
    assert "+359881234567" in page
    assert "Sofia" in page
    assert "Varna" in page

    client.post(address, {"give": [late.pk]})

    ann.refresh_from_db()
    visitor.refresh_from_db()
    assert (ann.attributes, visitor.attributes) == ({"name": "Ann Lee", "city": "Varna"}, {"city": "Sofia", "size": 42})
    assert set(visitor.identifiers.values_list("value", flat=True)) == {"v-1", "+359881234567"}
    assert ContactPoint.objects.get(kind="phone").profile_id == visitor.pk
    merge.refresh_from_db()
    assert merge.reversed_by == f"staff:{support}"
    assert AuditEntry.objects.filter(action="person.unmerge").count() == 1


def test_what_a_person_parted_the_same_evidence_does_not_join_again(
    ann: Profile, visitor: Profile, merge: Merge, now: datetime, client_of: ClientOf, analyst: User
) -> None:
    parting.part(merge_id=merge.pk, by="staff:Sam", now=now)

    again = person(now, ("user_id", "1"), ("anonymous_id", "v-1"))

    assert again.pk == ann.pk
    assert Identifier.objects.get(value="v-1").profile_id == visitor.pk
    assert Refusal.objects.get().rule == "kept_apart"
    page = client_of(analyst).get(f"/people/{ann.pk}/tab/identity/").content.decode()
    assert "Sam said that they are two people" in page
    assert "Somebody here said that these are two people." in page


def test_a_nested_merge_is_refused_until_the_one_above_is_undone(
    client_of: ClientOf, support: User, ann: Profile, visitor: Profile, merge: Merge, now: datetime
) -> None:
    first = Profile.objects.create(created_at=now, updated_at=now)
    Identifier.objects.create(
        profile=first, type="email", value="old@shop.test", source="x", first_seen_at=now, latest_seen_at=now
    )
    above = Merge.objects.create(root=first, origin=ann, reason="x", snapshot=_snapshot(first, ann), merged_at=now)
    Profile.objects.filter(pk__in=[ann.pk, visitor.pk]).update(merged_into=first)
    Identifier.objects.filter(profile=ann).update(profile=first)
    client = client_of(support)

    with pytest.raises(parting.CannotPartError):
        parting.part(merge_id=merge.pk, by="staff:Sam", now=now)
    refused = client.post(f"/people/{ann.pk}/merges/{merge.pk}/undo/")
    assert refused.status_code == 409
    assert f"Profile {ann.pk} went into profile {first.pk} after this merge" in refused.content.decode()

    parting.part(merge_id=above.pk, by="staff:Sam", now=now)
    parting.part(merge_id=merge.pk, by="staff:Sam", now=now)

    assert Profile.objects.surviving().filter(pk__in=[first.pk, ann.pk, visitor.pk]).count() == 3


def _snapshot(root: Profile, origin: Profile) -> dict[str, Any]:
    def picture(each: Profile) -> dict[str, Any]:
        return {
            "id": each.pk,
            "attributes": each.attributes,
            "attribute_facts": each.attribute_facts,
            "identifiers": list(each.identifiers.values_list("pk", flat=True)),
            "is_test": False,
            "created_at": each.created_at.isoformat(),
            "latest_seen_at": None,
        }

    return {"root": picture(root), "origin": picture(origin)}


def test_merging_by_hand_shows_both_and_keeps_what_was_chosen(
    client_of: ClientOf, support: User, ann: Profile, now: datetime
) -> None:
    bob = person(now + timedelta(hours=1), ("email", "bob@shop.test"), city="Sofia", name="Bob")
    consent.withdraw(channel="email", address="bob@shop.test", method="one_click", proof={}, now=now)
    client = client_of(support)
    found = client.get(f"/people/{ann.pk}/merge/?q=bob").content.decode()
    assert f"/people/{ann.pk}/merge/{bob.pk}/" in found

    page = client.get(f"/people/{ann.pk}/merge/{bob.pk}/").content.decode()
    assert "bob@shop.test stays opted out" in page
    client.post(f"/people/{ann.pk}/merge/{bob.pk}/", {"keep-city": str(ann.pk), "keep-name": ""})

    ann.refresh_from_db()
    assert (ann.attributes["city"], ann.attributes["name"]) == ("Varna", "Bob")
    assert consent.standings(channel="email", addresses=["bob@shop.test"])["bob@shop.test"].is_allowed is False
    done = Merge.objects.get()
    parting.part(merge_id=done.pk, by="staff:Sam", now=now)
    ann.refresh_from_db()
    assert ann.attributes == {"name": "Ann Lee", "city": "Varna"}
    assert ann.attribute_facts["city"] == [now.isoformat(), "staff:Max"]


def test_two_user_ids_need_a_confirmation(client_of: ClientOf, support: User, ann: Profile, now: datetime) -> None:
    other = person(now, ("user_id", "2"))
    client = client_of(support)

    refused = client.post(f"/people/{ann.pk}/merge/{other.pk}/")
    assert refused.status_code == 422
    assert not Merge.objects.exists()

    client.post(f"/people/{ann.pk}/merge/{other.pk}/", {"confirms": "1"})
    assert set(ann.identifiers.filter(type="user_id").values_list("value", flat=True)) == {"1", "2"}
    # Who has two user ids still collects browsers, and no third user id.
    assert person(now, ("user_id", "2"), ("anonymous_id", "new")).pk == ann.pk
    assert person(now, ("user_id", "3"), ("anonymous_id", "new")).pk != ann.pk


def test_staff_add_an_identifier_and_one_that_is_taken_leads_to_a_merge(
    client_of: ClientOf, support: User, ann: Profile, now: datetime
) -> None:
    bob = person(now, ("email", "bob@shop.test"))
    client = client_of(support)

    client.post(f"/people/{ann.pk}/identifiers/", {"type": "telegram", "value": "https://t.me/AnnLee"})
    client.post(f"/people/{ann.pk}/identifiers/", {"type": "other", "other_type": "loyalty_card", "value": "77"})
    taken = client.post(f"/people/{ann.pk}/identifiers/", {"type": "email", "value": "Bob@shop.test"})

    assert set(ann.identifiers.values_list("type", "value")) >= {("telegram", "@annlee"), ("loyalty_card", "77")}
    assert taken.status_code == 422
    assert f"/people/{ann.pk}/merge/{bob.pk}/" in taken.content.decode()


def test_staff_move_verify_and_remove_identifiers(client_of: ClientOf, support: User, ann: Profile, now: datetime) -> None:
    bob = person(now, ("user_id", "2"))
    email = ann.identifiers.get(type="email")
    client = client_of(support)

    client.post(f"/people/{ann.pk}/identifiers/{email.pk}/verify/")
    email.refresh_from_db()
    assert email.verified_at is not None

    client.post(f"/people/{ann.pk}/identifiers/{email.pk}/move/", {"to": bob.pk})
    assert ContactPoint.objects.get(address="ann@shop.test").profile_id == bob.pk
    assert KeptApart.objects.get().reason == "moved"

    last = ann.identifiers.get()
    client.post(f"/people/{ann.pk}/identifiers/{last.pk}/delete/")
    assert ann.identifiers.exists()
    client.post(f"/people/{bob.pk}/identifiers/{email.pk}/delete/")
    assert not Identifier.objects.filter(pk=email.pk).exists()
    assert not ContactPoint.objects.filter(address="ann@shop.test").exists()


def test_analysts_only_look(client_of: ClientOf, analyst: User, ann: Profile, merge: Merge) -> None:
    client = client_of(analyst)

    assert client.post(f"/people/{ann.pk}/merges/{merge.pk}/undo/").status_code == 403
    assert client.post(f"/people/{ann.pk}/identifiers/", {"type": "user_id", "value": "9"}).status_code == 403
