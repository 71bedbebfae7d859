"""What do the columns of a file most probably mean?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from profiles.imports import mapping, values
from profiles.imports.mapping import Column

MOST_SAMPLES = 200
_ENOUGH = 0.8

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"^(?:\+|00)\d[\d\s().-]{6,}$")
_LEADING_ZERO = re.compile(r"^0\d+$")

_IDENTIFIER_NAMES = {
    mapping.EMAIL: {"email", "e_mail", "mail", "email_address", "e_mail_address", "почта", "электронная_почта", "емейл", "имейл"},
    mapping.PHONE: {"phone", "phone_number", "mobile", "mobile_phone", "tel", "telephone", "cell", "телефон", "telefon", "gsm"},
    mapping.USER_ID: {"id", "user_id", "userid", "customer_id", "client_id", "external_id", "uid", "customer", "код_клиента"},
}
_CREATED_NAMES = {"created_at", "signed_up_at", "registered_at", "registration_date", "signup_date", "customer_since"}
_ATTRIBUTE_NAMES = {
    "firstname": "first_name", "given_name": "first_name", "имя": "first_name", "имe": "first_name", "imię": "first_name",
    "lastname": "last_name", "surname": "last_name", "family_name": "last_name", "фамилия": "last_name", "nazwisko": "last_name",
    "full_name": "name", "fullname": "name", "фио": "name", "име": "first_name",
    "страна": "country", "kraj": "country", "държава": "country", "country_code": "country",
    "город": "city", "miasto": "city", "град": "city", "town": "city",
    "пол": "gender", "sex": "gender", "язык": "language", "locale": "language", "lang": "language",
    "день_рождения": "birthday", "дата_рождения": "birthday", "birth_date": "birthday", "date_of_birth": "birthday",
    "timezone": "time_zone",
}  # fmt: skip


def guess(*, header: Sequence[str], rows: Sequence[Sequence[str]], known_types: Mapping[str, str]) -> list[Column]:
    """Return a column each for `header`. `rows` are the first rows; an identifier is guessed once, empty columns are skipped."""
    columns: list[Column] = []
    taken: set[str] = set()
    for index, name in enumerate(header):
        cells = [row[index].strip() for row in rows[:MOST_SAMPLES] if index < len(row) and row[index].strip()]
        column = _guess_one(index, name, cells, known_types, taken)
        taken.add(column.to)
        columns.append(column)
    return columns


def _guess_one(index: int, name: str, cells: list[str], known_types: Mapping[str, str], taken: set[str]) -> Column:
    if not cells:
        return Column(index, name)
    slug = key_of(name)
    identifier = _identifier(slug, cells)
    if identifier and identifier not in taken:
        return Column(index, name, identifier)
    if slug in _CREATED_NAMES and mapping.CREATED_AT not in taken and _reads_as(cells, values.Type.DATE):
        return Column(index, name, mapping.CREATED_AT, values.Type.DATE.value)
    key = _known_key(_ATTRIBUTE_NAMES.get(slug, slug), known_types)
    if mapping.ATTRIBUTE + key in taken:
        key = f"{key}_{index + 1}"
    kind = known_types.get(key) or type_of(cells)
    if kind == values.Type.DATE and not _reads_as(cells, kind) and _reads_as(cells, values.MONTH_FIRST):
        kind = values.MONTH_FIRST
    return Column(index, name, mapping.ATTRIBUTE + key, kind if kind in values.READERS else values.Type.STRING.value)


def key_of(name: str) -> str:
    """Return the name of a column as the key of an attribute: "First name" becomes "first_name"."""
    return re.sub(r"[^\w]+", "_", name.strip().casefold()).strip("_")[:255]


def type_of(cells: Sequence[str]) -> str:
    """Return the narrowest type that reads nearly all of `cells`."""
    if all(cell[:1] == "{" for cell in cells) and _reads_as(cells, values.Type.OBJECT):
        return values.Type.OBJECT.value
    if all(_LEADING_ZERO.match(cell) or len(cell) > 15 for cell in cells):
        return values.Type.STRING.value  # post codes and long numbers are names, not amounts
    if _reads_as(cells, values.Type.BOOLEAN) and not {"0", "1"} >= set(cells):
        return values.Type.BOOLEAN.value
    if not any(_LEADING_ZERO.match(cell) for cell in cells) and _reads_as(cells, values.Type.NUMBER):
        return values.Type.NUMBER.value
    if _reads_as(cells, values.Type.DATE):
        return values.Type.DATE.value
    if _reads_as(cells, values.MONTH_FIRST):
        return values.MONTH_FIRST
    if _share(sum(bool(re.search(r"[|;]|^\[.*\]$", cell)) for cell in cells), cells) >= 0.5:
        return values.Type.LIST.value
    return values.Type.STRING.value


def _identifier(slug: str, cells: Sequence[str]) -> str:
    emails = _share(sum(bool(_EMAIL.match(cell)) for cell in cells), cells)
    if emails >= _ENOUGH or (slug in _IDENTIFIER_NAMES[mapping.EMAIL] and emails > 0):
        return mapping.EMAIL
    if slug in _IDENTIFIER_NAMES[mapping.USER_ID]:
        return mapping.USER_ID
    if slug in _IDENTIFIER_NAMES[mapping.PHONE]:
        return mapping.PHONE
    return mapping.PHONE if _share(sum(bool(_PHONE.match(cell)) for cell in cells), cells) >= _ENOUGH else ""


def _known_key(key: str, known_types: Mapping[str, str]) -> str:
    return next((known for known in known_types if key_of(known) == key), key)


def _reads_as(cells: Sequence[str], kind: str) -> bool:
    read = 0
    for cell in cells:
        with suppress(values.UnusableValueError):
            values.read(cell, kind=kind)
            read += 1
    return _share(read, cells) >= 0.95


def _share(part: int, cells: Sequence[str]) -> float:
    return part / len(cells) if cells else 0.0
