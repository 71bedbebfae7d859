"""Whatever a text holds, it comes out of the database as it went in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from profiles import bulk

pytestmark = pytest.mark.django_db

TEXTS = st.lists(st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",))), max_size=6)


@given(TEXTS)
def test_texts_come_back_from_an_array(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], cardinality(%s::bigint[])", [bulk.texts(texts), bulk.numbers(range(len(texts)))])

        assert cursor.fetchone() == (texts, len(texts))


@given(TEXTS)
def test_texts_come_back_from_a_copy(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS kept (place int, words text); TRUNCATE kept")
        bulk.copy("kept", ("place", "words"), [(str(place), text) for place, text in enumerate([*texts, None])])
        cursor.execute("SELECT words FROM kept ORDER BY place")

        assert [words for (words,) in cursor.fetchall()] == [*texts, None]


def test_moments_come_back() -> None:
    moments = [datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(1999, 1, 1, 0, 0, 0, 5, tzinfo=UTC)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz[]", [bulk.moments([*moments, moments[0]])])

        assert cursor.fetchone() == ([*moments, moments[0]],)


def test_what_the_table_cannot_hold_is_an_error_of_the_data() -> None:
    with pytest.raises(DataError), transaction.atomic():
        bulk.copy("profiles_importfault", ("of_id",), [("no number",)])
