"""Is a person dealt once and for all, in the right proportion, and alike in Python and SQL?"""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from campaigns.experiments import assignment

SALTS = st.text(min_size=1, max_size=20)
PEOPLE = st.integers(min_value=1, max_value=2**62)


@given(SALTS, PEOPLE)
def test_it_deals_the_same_place_every_time(salt, person):
    place = assignment.bucket(salt, person)

    assert 0 <= place < assignment.BUCKETS
    assert assignment.bucket(salt, person) == place


@given(SALTS, PEOPLE, st.integers(0, 49))
def test_it_only_adds_people_to_a_control_group_that_grows(salt, person, percent):
    small = assignment.is_control(salt, person, percent=percent)

    assert not small or assignment.is_control(salt, person, percent=percent + 1)


def test_it_holds_back_the_share_that_was_asked_for():
    held = sum(assignment.is_control("salt", person, percent=10) for person in range(1, 50_001))

    assert held / 50_000 == pytest.approx(0.10, abs=0.005)
    assert not any(assignment.is_control("salt", person, percent=0) for person in range(1, 1000))


def test_it_deals_variants_by_their_shares():
    dealt = Counter(assignment.variant("s", person, [("A", 70), ("B", 20), ("C", 10)]) for person in range(1, 50_001))

    assert dealt["A"] / 50_000 == pytest.approx(0.7, abs=0.01)
    assert dealt["B"] / 50_000 == pytest.approx(0.2, abs=0.01)
    assert dealt["C"] / 50_000 == pytest.approx(0.1, abs=0.01)


def test_it_deals_two_experiments_independently():
    both = Counter(
        (assignment.variant("one", person, [("A", 1), ("B", 1)]), assignment.variant("two", person, [("A", 1), ("B", 1)]))
        for person in range(1, 40_001)
    )

    for pair in both.values():
        assert pair / 40_000 == pytest.approx(0.25, abs=0.01)


def test_it_never_deals_a_variant_without_a_share():
    assert {assignment.variant("s", person, [("A", 0), ("B", 5)]) for person in range(1, 2000)} == {"B"}
    with pytest.raises(ValueError, match="share"):
        assignment.variant("s", 1, [("A", 0)])


@pytest.mark.django_db
def test_it_deals_alike_in_sql():
    people = [1, 2, 3, 10_007, 2**31 + 5, 2**53 + 1]
    text = f"SELECT p, {assignment.bucket_sql('p')} FROM unnest(%s::bigint[]) AS p"

    with connection.cursor() as cursor:
        cursor.execute(text, ["соль:", people])
        dealt = dict(cursor.fetchall())

    assert dealt == {person: assignment.bucket("соль", person) for person in people}
