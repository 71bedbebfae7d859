"""By which words is a person found?

The words of the name and of every identifier, split at anything that is no letter or digit, without accents and case. The
same split is applied to what is looked for, so no text-search parser of PostgreSQL and no locale decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Q

from profiles.models import Identifier, Profile

LONGEST_WORD = 255  # PostgreSQL refuses more than 2 kB
MOST_WORDS = 12  # of a query; a pasted page is not a name

SHORTEST_DIGITS = 4  # of a phone number, to be looked for inside of it

_PHONE = re.compile(r"[\d\s()+./-]+")
_WORD = re.compile(r"[^\W_]+")
_NAME_ATTRIBUTES = ("name", "first_name", "last_name", "middle_name")


class _Prefixes(SearchQuery):
    """A query in PostgreSQL's own notation, whose words are taken as they are."""

    template = "%(expressions)s::tsquery"


def refresh(profile_ids: Sequence[int]) -> None:
    """Make `Profile.search` hold the words of these people as they are now. Three statements for any number."""
    if not profile_ids:
        return
    words: dict[int, set[str]] = {}
    named = Profile.objects.filter(pk__in=profile_ids).values_list("pk", *(f"attributes__{key}" for key in _NAME_ATTRIBUTES))
    for pk, *names in named:
        words[pk] = {word for name in names if isinstance(name, str) for word in split(name)}
    known = Identifier.objects.filter(profile_id__in=profile_ids).exclude(type=Identifier.Type.ANONYMOUS_ID)
    for pk, value in known.values_list("profile_id", "value"):
        words.setdefault(pk, set()).update(words_of(value))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_profile p SET search = array_to_tsvector(string_to_array(fresh.words, ' '))"
            " FROM unnest(%s::bigint[], %s::text[]) AS fresh (id, words) WHERE p.id = fresh.id"
            " AND p.search IS DISTINCT FROM array_to_tsvector(string_to_array(fresh.words, ' '))",
            [list(words), [" ".join(sorted(found)) for found in words.values()]],
        )


def matching(query: str) -> Q:
    """Return the condition on Profile for people who have, for each word of `query`, a word that begins with it.

    A query without any letter or digit matches nobody. Digits as one writes a phone number are a part of one, however they
    are grouped.
    """
    found = split(query)[:MOST_WORDS]
    if not found:
        return Q(pk__in=[])
    asked = " & ".join(f"'{word}':*" for word in found)
    digits = "".join(found)
    if len(found) > 1 and len(digits) >= SHORTEST_DIGITS and _PHONE.fullmatch(query):
        asked = f"({asked}) | '{digits[:LONGEST_WORD]}':*"
    return Q(search=_Prefixes(asked))


def words_of_all(identifiers: Iterable[tuple[str, str]]) -> str:
    """Return the words of these (type, value) as `refresh` would find them, divided by blanks."""
    values = (value for kind, value in identifiers if kind != Identifier.Type.ANONYMOUS_ID)
    return " ".join(sorted({word for value in values for word in words_of(value)}))


def words_of(identifier: str) -> list[str]:
    """Return the words an identifier is found by; a phone number by any run of SHORTEST_DIGITS or more of its digits."""
    words = split(identifier)
    if len(words) == 1 and identifier.startswith("+") and words[0].isdigit():
        digits = words[0]
        return [digits[start:] for start in range(max(1, len(digits) - SHORTEST_DIGITS + 1))]
    return words


def split(text: str) -> list[str]:
    """Return the words of `text` in the spelling of the index."""
    plain = text.lower() if text.isascii() else _without_accents(text)
    return [word[:LONGEST_WORD] for word in _WORD.findall(plain)]


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
