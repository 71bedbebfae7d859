"""The local mailbox by SMTP: nothing that was answered with 250 is missing, nothing half is shown."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from omni import mailbox
from omni.mailbox_server import Catcher

HELLO = "=?utf-8?q?=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82?="
LETTER = f"From: a@example.com\r\nTo: b@example.com\r\nSubject: {HELLO} {{}}\r\n\r\n.dot\r\nHello\r\n"


@pytest.fixture
def catcher(settings, tmp_path: Path) -> Iterator[Catcher]:
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    catcher = Catcher(host="127.0.0.1", port=port)
    catcher.start()
    yield catcher
    catcher.stop()


def _send(port: int, numbers: range) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as connection:
        for number in numbers:
            connection.sendmail("bounce@example.com", [f"p{number}@example.com"], LETTER.format(number).encode())


def test_it_keeps_every_letter_of_several_senders(catcher: Catcher) -> None:
    senders = [threading.Thread(target=_send, args=(catcher.port, range(start, start + 25))) for start in (0, 25, 50, 75)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    subjects = {str(letter["Subject"]) for letter in mailbox.letters()}
    assert subjects == {f"Привет {number}" for number in range(100)}


def test_it_keeps_the_bytes_and_the_envelope(catcher: Catcher) -> None:
    _send(catcher.port, range(7, 8))

    (letter,) = mailbox.page().items
    assert (letter.recipient, letter.subject) == ("p7@example.com", "Привет 7")
    assert mailbox.raw(letter.name).endswith(b"\r\n\r\n.dot\r\nHello\r\n")
    assert mailbox.raw(letter.name).startswith(b"Return-Path: <bounce@example.com>\r\nDelivered-To: p7@example.com\r\n")


def test_it_answers_a_full_disk_with_a_temporary_refusal(catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mailbox, "store", full)

    with pytest.raises(smtplib.SMTPDataError) as refusal:
        _send(catcher.port, range(1))

    assert refusal.value.smtp_code == 452


def test_it_drops_halves_of_an_earlier_crash(settings, tmp_path: Path) -> None:
    settings.MAILBOX_DIR = tmp_path
    mailbox.prepare()
    (tmp_path / "tmp" / "half").write_bytes(b"From: a")

    mailbox.prepare()

    assert list((tmp_path / "tmp").iterdir()) == []
    assert mailbox.page().items == []


def test_it_shows_a_letter_with_an_unknown_charset(settings, tmp_path: Path) -> None:
    settings.MAILBOX_DIR = tmp_path
    mailbox.prepare()
    name = mailbox.store(b"Content-Type: text/plain; charset=klingon\r\n\r\nnuqneH\r\n", sender="", recipients=["a@example.com"])

    assert "nuqneH" in mailbox.load(name).text
