from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from campaigns.channels import headers

BREAKS = ["\r", "\n", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ud800", "\u202e"]


@pytest.mark.parametrize("mark", BREAKS, ids=lambda mark: f"U+{ord(mark):04X}")
def test_nothing_breaks_out_of_a_line(mark: str):
    for make in (
        lambda: headers.words(f"Hi{mark}Bcc: all@example.com"),
        lambda: headers.named_mailbox(f"Shop{mark}", "shop@example.com"),
        lambda: headers.named_mailbox("Shop", f"shop@example.com{mark}Bcc: x@example.com"),
        lambda: headers.mailbox(f"a{mark}@example.com"),
        lambda: headers.token(f"x{mark}y"),
    ):
        with pytest.raises(headers.HeaderError):
            make()


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "Привет, Анна! У нас новости и скидки до конца недели",
        "=?utf-8?B?eA==?=",
        "😀" * 60,
        "a" * 2000,
        "Zażółć gęślą jaźń",
        " ",
    ],
)
def test_words_read_back_as_they_were(text: str):
    line = headers.words(text)

    assert max(map(len, line.split(b"\r\n"))) <= 998
    parsed = message_from_bytes(b"Subject: " + line + b"\r\n\r\n")
    assert str(make_header(decode_header(parsed["Subject"]))).strip() == text.strip()


def test_encoded_words_keep_to_75_characters_and_to_whole_characters():
    for word in headers.words("😀ж" * 80).split(b"\r\n "):
        assert len(word) <= 75
        assert decode_header(word.decode())[0][0].decode("utf-8")


@pytest.mark.parametrize(
    "address",
    [
        "a@b@example.com", "a b@example.com", '"a b"@example.com', "a@example.com>", "a,b@example.com", "@example.com", "a@", "a",
        "a..b@example.com", ".a@example.com", "a@-example.com", "a@exa_mple.com", "é@example.com",
        "a@example.com\r\nX: y", "a" * 65 + "@x.y",
    ],
)  # fmt: skip
def test_addresses_that_could_mean_something_else_are_refused(address: str):
    with pytest.raises(headers.HeaderError):
        headers.mailbox(address)


def test_domains_in_other_letters_go_out_in_ascii():
    assert headers.mailbox("anna@пример.рф") == "anna@xn--e1afmkfd.xn--p1ai"


def test_names_are_quoted_when_they_must_be():
    assert headers.named_mailbox("Shop", "a@b.c") == b"Shop <a@b.c>"
    assert headers.named_mailbox('Shop "B", Ltd.', "a@b.c") == b'"Shop \\"B\\", Ltd." <a@b.c>'
    assert headers.named_mailbox("Магазин", "a@b.c").startswith(b"=?utf-8?B?")
    assert headers.named_mailbox("", "a@b.c") == b"a@b.c"
