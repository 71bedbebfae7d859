"""By which words is a person found?"""

from __future__ import annotations

import pytest

from profiles import attributes, identity, search
from profiles.models import Profile
from tests.house import NOW


def person(*identifiers: identity.Key, **values: str) -> int:
    [pk] = identity.resolve(claims=[identity.Claim(identifiers, "test", NOW)], now=NOW)
    attributes.apply(changes=[attributes.Change(pk, values, NOW, "test")], now=NOW)
    return pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "anna",
        "ANN",
        "zoe anna",
        "Zoë",
        "лопатина",
        "Лопат",
        "anna.b",
        "anna.b@exam",
        "example.com",
        "shop",
        "35988",
        "88123",
        "4567",
        "567",
        "U-77",
        "77",
        "  anna  ",
        "o'neil",
        "łódź",
    ],
)
def test_prefixes_of_names_and_identifiers_find_a_person(query: str) -> None:
    anna = person(
        ("user_id", "u-77"),
        ("email", "anna.b@shop.example.com"),
        ("phone", "+359881234567"),
        first_name="Anna Zoë",
        last_name="Лопатина O'Neil Łódź",
    )
    person(("user_id", "x"), ("email", "bert@other.org"), first_name="Bert")

    found = list(Profile.objects.filter(search.matching(query)).values_list("pk", flat=True))

    assert found == ([anna] if query != "567" else []), "a phone is found by four of its digits or more"


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "   ", "'", "&|!():*<->", "\\", "%", "\x00", "anna'; DROP TABLE x", "a" * 5_000])
def test_no_query_is_strange_enough_to_fail(query: str) -> None:
    person(("user_id", "u"), first_name="Anna")

    assert not Profile.objects.filter(search.matching(query)).exists()


@pytest.mark.django_db
def test_endless_words_are_found_by_how_they_begin() -> None:
    person(("user_id", "u"), first_name="a" * 5_000)

    assert Profile.objects.filter(search.matching("aaaa")).exists()


@pytest.mark.django_db
def test_it_forgets_names_that_changed() -> None:
    pk = person(("user_id", "u"), first_name="Anna")
    attributes.apply(changes=[attributes.Change(pk, {"first_name": "Berta"}, NOW, "test")], now=NOW)

    assert not Profile.objects.filter(search.matching("anna")).exists()
    assert Profile.objects.filter(search.matching("berta")).exists()
