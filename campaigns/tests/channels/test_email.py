from __future__ import annotations

import uuid
from email import message_from_bytes, policy
from typing import Any

import pytest

from campaigns.channels import RenderError, registry
from campaigns.models import Content, Delivery

EMAIL = registry["email"]
HTML = "<html><body><p>Hello {{ person.first_name }}</p><a href='{{ omni.links[0] }}'>x</a></body></html>"


def content(**fields: str) -> Content:
    return Content(
        **({"subject": "Hi {{ person.first_name }}", "html": HTML, "text": "Hello {{ person.first_name }}", "hash": "h"} | fields)
    )


def delivery(address: str = "anna@example.com") -> Delivery:
    return Delivery(pk=7, key=uuid.UUID(int=7), address=address, channel="email")


def context(**person: Any) -> dict[str, Any]:
    return {
        "person": {"first_name": "Anna"} | person,
        "unsubscribe_url": "https://omni.example/u/token",
        "omni": {
            "at": "2026-03-04T12:00:00+00:00",
            "from": ["Магазин", "shop@shop.example"],
            "reply_to": "help@shop.example",
            "list_id": "news.shop.example",
            "feedback_id": "1:2:A:omni",
            "links": ["https://omni.example/t/c/token"],
            "pixel": None,
        },
    }


def letter(data: bytes):
    return message_from_bytes(data, policy=policy.default)


def test_a_letter_has_the_headers_that_mailboxes_ask_for():
    message = EMAIL.compose(content(), delivery(), context())

    parsed = letter(message.payload.data)
    assert sorted(parsed.keys()) == sorted(
        [
            "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
            "Feedback-ID", "X-Delivery-ID", "MIME-Version", "Content-Type",
        ]
    )  # fmt: skip
    assert parsed["From"].addresses[0].display_name == "Магазин"
    assert parsed["To"] == message.payload.recipient == "anna@example.com"
    assert parsed["Subject"] == "Hi Anna"
    assert parsed["Message-ID"] == f"<{uuid.UUID(int=7)}@shop.example>"
    assert parsed["List-Unsubscribe"] == "<https://omni.example/u/token>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["Date"].datetime.isoformat() == "2026-03-04T12:00:00+00:00"
    assert not parsed.defects


def test_both_bodies_read_back():
    words = "Здравствуй, мир! " * 300
    parsed = letter(EMAIL.compose(content(text=words, html=f"<p>{words}</p>"), delivery(), context()).payload.data)

    text, html = parsed.iter_parts()
    assert text.get_content().strip() == words.strip()
    assert words.strip() in html.get_content()


def test_the_same_row_makes_the_same_bytes():
    first, second = (EMAIL.compose(content(), delivery(), context()) for _ in range(2))

    assert first.payload.data == second.payload.data
    assert first.body_hash == second.body_hash
    assert first.body_hash != EMAIL.compose(content(), delivery(), context(first_name="Eve")).body_hash


def test_lines_are_short_end_with_crlf_and_never_begin_with_a_dot():
    data = EMAIL.compose(content(text=".\r\n.\r\n\n.\n", html="<p>" + "." * 9000 + "</p>"), delivery(), context()).payload.data

    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert not [line for line in data.split(b"\r\n") if line.startswith(b".")]


@pytest.mark.parametrize("name", ["Eve\r\nBcc: all@example.com", "Eve\nX: y", "Eve\u2028X", "Eve\0"])
def test_a_persons_name_cannot_add_a_header(name: str):
    with pytest.raises(RenderError) as caught:
        EMAIL.compose(content(), delivery(), context(first_name=name))

    assert caught.value.reason == "template_error"


@pytest.mark.parametrize("address", ["a@b.c\r\nBcc: x@y.z", "a@b.c>,<x@y.z", "a b@c.d", ""])
def test_an_address_cannot_add_a_recipient(address: str):
    with pytest.raises(RenderError) as caught:
        EMAIL.compose(content(), delivery(address), context())

    assert caught.value.reason == "undeliverable"


def test_what_a_person_typed_is_escaped_in_html_and_plain_in_text():
    parsed = letter(EMAIL.compose(content(), delivery(), context(first_name="<b>A</b>")).payload.data)

    text, html = parsed.iter_parts()
    assert "Hello <b>A</b>" in text.get_content()
    assert "Hello &lt;b&gt;A&lt;/b&gt;" in html.get_content()


@pytest.mark.parametrize(
    ("fields", "reason"), [({"subject": "{{ nothing }}"}, "empty_content"), ({"html": "{% if %}"}, "template_error")]
)
def test_a_letter_that_cannot_be_made_says_why(fields: dict[str, str], reason: str):
    with pytest.raises(RenderError) as caught:
        EMAIL.compose(content(**fields), delivery(), context())

    assert caught.value.reason == reason
