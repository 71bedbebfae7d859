"""Syntax, slips and lists: what can be said without asking anybody."""

from __future__ import annotations

import pytest

from profiles.hygiene import lists, phones, syntax, typos


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Anna@Shop.BG", "anna@shop.bg"),
        ("  anna@shop.bg\u200b ", "anna@shop.bg"),
        ('"Anna P." <anna@shop.bg>', "anna@shop.bg"),
        ("mailto:anna@shop.bg", "anna@shop.bg"),
        ("anna@пример.рф", "anna@xn--e1afmkfd.xn--p1ai"),
        ("o'hara@shop.bg", "o'hara@shop.bg"),
        ("a" * 64 + "@shop.bg", "a" * 64 + "@shop.bg"),
    ],
)
def test_it_reads_addresses_as_people_write_them(text: str, address: str) -> None:
    read = syntax.read(text)

    assert (read.address, read.is_address) == (address, True)
    assert syntax.read(read.address) == read


@pytest.mark.parametrize(
    "text",
    [
        "anna",
        "anna@",
        "@shop.bg",
        "anna@shop",
        "an na@shop.bg",
        "a..b@shop.bg",
        ".a@shop.bg",
        "a" * 65 + "@shop.bg",
        "",
        "a@b@c.bg",
    ],
)
def test_it_refuses_what_is_none(text: str) -> None:
    assert not syntax.read(text).is_address


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ann@gmial.com", "ann@gmail.com"),
        ("ann@gmail.con", "ann@gmail.com"),
        ("ann@gmaik.com", "ann@gmail.com"),
        ("ann@hotmaill.com", "ann@hotmail.com"),
        ("ann@yandxe.ru", "ann@yandex.ru"),
        ("ann@shop.con", "ann@shop.com"),
        ("ann@gmail,com", "ann@gmail.com"),
        ("ann @gmial.com", "ann@gmail.com"),
        ("ann..lee@abv.bg", "ann.lee@abv.bg"),
        ("ann@ourcompani.bg", "ann@ourcompany.bg"),
        # Right as they are.
        ("ann@mail.com", ""),
        ("ann@gmail.com", ""),
        ("ann@ymail.com", ""),
        ("ann@mail.bg", ""),
        ("ann@op.pl", ""),
        ("ann@outlook.fr", ""),
        ("ann@ourcompany.bg", ""),
        ("ann", ""),
    ],
)
def test_it_says_what_was_probably_meant(text: str, meant: str) -> None:
    assert typos.suggest(syntax.read(text), common={"ourcompany.bg"}) == meant


def test_lists_tell_throw_away_and_role_and_filler() -> None:
    assert lists.is_disposable("mailinator.com")
    assert lists.is_disposable("a.mailinator.com")
    assert not lists.is_disposable("gmail.com")
    assert [lists.is_role(name) for name in ("info", "sales+spring", "information")] == [True, True, False]
    assert [lists.is_low_quality(name) for name in ("asdf", "aaaaaa", "79161234567")] == [True, True, False]


def test_the_provider_is_known_by_domain_or_mail_server() -> None:
    assert lists.provider_of("bk.ru") == "mail.ru"
    assert lists.provider_of("shop.bg", "aspmx.l.google.com") == "gmail"
    assert lists.provider_of("shop.bg", "notgoogle.com") == ""


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("+359888123456", "mobile"),
        ("+35929876543", "landline"),
        ("+12025550123", "line_unknown"),
        ("+18005550199", "special_number"),
        ("+35900", "invalid_number"),
        ("nonsense", "invalid_number"),
    ],
)
def test_numbers_tell_their_line(number: str, reason: str) -> None:
    assert phones.reason_of(number) == reason
