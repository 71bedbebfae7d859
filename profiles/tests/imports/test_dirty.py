"""A set of files as customers really send them, and what becomes of each row."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest

from profiles.models import ConsentState, Profile
from profiles.tests.imports.files import counts, import_file, person_of

pytestmark = pytest.mark.django_db

CONSENT = {"status": "granted", "channels": ["email"], "source": "Till"}


def test_the_customers_of_a_shop(now: datetime) -> None:
    """Windows-1251 with semicolons, an empty column, other letter case, phones in five spellings, quotes across lines."""
    text = (
        "Почта;Телефон;Имя;;Город;Заметка\r\n"
        "Anna@Shop.test;+359 88 123 4567;Анна;;София;\"первая строка\r\nвторая, с точкой\"\r\n"
        "ANNA@SHOP.TEST;00359881234567;Анна;;Варна;\r\n"
        ";+359 (88) 123-45-67;;;Русе;\r\n"
        "boris@shop.test;+359-88-765-4321;Борис;;София;=HYPERLINK(\"x\")\r\n"
        "ivan@shop.test;+359.88.123.4567;Иван;;Бургас;\r\n"
        "нет;;Никто;;София;\r\n"
        ";;;;;\r\n"
    )  # fmt: skip

    done = import_file(text.encode("cp1251"), now=now, consent_given=CONSENT)

    assert (done.encoding, done.delimiter) == ("cp1251", ";")
    assert counts(done) == (6, 2, 3, 0, 1)
    assert Profile.objects.surviving().count() == 2
    anna = person_of("anna@shop.test")
    assert anna == person_of("+359881234567") == person_of("ivan@shop.test")  # a shared phone makes them one, as the rules say
    assert person_of("boris@shop.test").attributes["заметка"] == '=HYPERLINK("x")'
    assert done.faults.get().row == 7
    assert ConsentState.objects.count() == 3


def test_a_byte_order_mark_and_two_hundred_columns(now: datetime) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["email", *(f"c{n}" for n in range(199))])
    writer.writerow(["anna@shop.test", *("x" for _ in range(199))])

    done = import_file("\ufeff".encode() + out.getvalue().encode(), now=now)

    assert counts(done) == (1, 1, 0, 0, 0)
    assert len(person_of("anna@shop.test").attributes) == 199


def test_a_cell_of_ten_megabytes_costs_its_row_alone(now: datetime) -> None:
    done = import_file(f"email,note\na@shop.test,{'x' * 10_000_000}\nb@shop.test,fine\n", now=now)

    assert counts(done) == (2, 1, 0, 0, 1)
    assert done.faults.get().row == 2
