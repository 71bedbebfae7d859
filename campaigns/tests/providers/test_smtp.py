"""The conversation with mail servers of every mood; a small one is played here, on a real socket."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest

from campaigns.channels.base import Message
from campaigns.channels.email import Letter
from campaigns.providers import DeliveryError, Receipt, registry
from campaigns.providers.smtp_connection import Connection, pool

SMTP = registry["smtp"]


class Server(socketserver.ThreadingTCPServer):
    """Answers by `answers[verb]`: a line, None to hang up, or a function of the command that returns one of both."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.answers: dict[str, str | Callable[[str], str | None] | None] = {}
        self.heard: list[str] = []
        self.letters: list[bytes] = []
        self.connections = 0

    @property
    def settings(self) -> dict[str, object]:
        return {"host": "127.0.0.1", "port": self.server_address[1], "security": "none"}


class Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        if not self.say("BANNER", "", "220 hello"):
            return
        while line := self.rfile.readline().decode():
            command = line.strip()
            verb = command[:4].upper()
            self.server.heard.append(command)
            usual = "250-hello\r\n250 PIPELINING" if verb == "EHLO" else "354 go" if verb == "DATA" else "250 ok"
            if not self.say(verb, command, usual):
                return
            if verb == "QUIT":
                return
            if verb == "DATA" and self.told.startswith("354"):
                lines = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(part)
                self.server.letters.append(b"".join(lines))
                if not self.say("DOT", "", "250 2.0.0 Ok: queued as ABC123"):
                    return

    def say(self, verb: str, command: str, usual: str) -> bool:
        answer = self.server.answers.get(verb, usual)
        answer = answer(command) if callable(answer) else answer
        self.told = answer or ""
        if answer is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        return True


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        pool.clear()
        made.shutdown()
        thread.join()


def message(number: int, data: bytes = b"Subject: x\r\n\r\nbody\r\n") -> Message:
    address = f"p{number}@example.com"
    return Message(number, f"key-{number}", address, Letter("shop@example.com", address, data), "hash")


def send(server: Server, count: int = 1, begin: Callable[[Message], bool] = lambda message: True) -> list[Receipt]:
    return list(SMTP.send([message(number) for number in range(count)], server.settings, begin))


def test_letters_go_over_one_connection_that_is_kept(server: Server):
    receipts = [*send(server, 3), *send(server, 2)]

    assert [receipt.error for receipt in receipts] == [None] * 5
    assert receipts[0].provider_ref == "ABC123"
    assert server.connections == 1
    assert len(server.letters) == 5


@pytest.mark.parametrize("pipelining", [True, False])
def test_the_doubt_is_committed_after_the_recipient_and_before_the_data(server: Server, pipelining: bool):
    if not pipelining:
        server.answers["EHLO"] = "250 hello"
    heard: list[list[str]] = []

    send(server, 1, begin=lambda message: bool(heard.append(list(server.heard))) or True)

    [before] = heard
    assert before[-1] == "RCPT TO:<p0@example.com>"
    assert server.heard[len(before)] == "DATA"


def test_what_must_not_go_is_not_handed_over(server: Server):
    receipts = send(server, 3, begin=lambda message: message.delivery_id != 1)

    assert [receipt.delivery_id for receipt in receipts] == [0, 2]
    assert len(server.letters) == 2
    assert "RSET" in server.heard


def test_dots_at_the_beginning_of_lines_survive(server: Server):
    list(SMTP.send([message(1, b".a\r\n..\r\n.\r\nb")], server.settings, lambda message: True))

    assert server.letters == [b"..a\r\n...\r\n..\r\nb\r\n"]


@pytest.mark.parametrize(
    ("verb", "answer", "permanent", "reason"),
    [
        ("RCPT", "550 5.1.1 no such user", True, "hard_bounced"),
        ("RCPT", "550 User unknown", True, "hard_bounced"),
        ("RCPT", "550 5.7.1 blocked by policy", True, "provider_rejected"),
        ("RCPT", "450 4.2.1 try later", False, "provider_rejected"),
        ("MAIL", "550 5.1.8 sender address rejected", True, "invalid_sender"),
        ("MAIL", "451 4.3.0 busy", False, "provider_rejected"),
        ("DATA", "554 5.6.0 no", True, "provider_rejected"),
        ("DATA", "452 4.3.1 full", False, "provider_rejected"),
        ("DOT", "554 5.7.1 spam", True, "provider_rejected"),
        ("DOT", "451 4.3.0 queue", False, "provider_rejected"),
    ],
)
def test_refusals_are_certain_and_the_next_letter_goes_on(server: Server, verb: str, answer: str, permanent: bool, reason: str):
    turns = iter([answer])
    usual = {"DATA": "354 go", "DOT": "250 ok"}.get(verb, "250 ok")
    server.answers[verb] = lambda command: next(turns, usual)

    refused, taken = send(server, 2)

    assert refused.error is not None
    assert (refused.error.permanent, refused.error.reason, refused.error.certain) == (permanent, reason, True)
    assert answer.split(" ", 1)[1] in refused.error.detail
    assert taken.error is None
    assert server.connections == 1


def test_an_answer_that_gets_lost_leaves_doubt_and_the_next_letter_goes_on(server: Server):
    turns = iter([None])
    server.answers["DOT"] = lambda command: next(turns, "250 ok")

    lost, taken = send(server, 2)

    assert lost.error is not None
    assert not lost.error.certain
    assert taken.error is None
    assert server.connections == 2


def test_a_server_that_takes_too_long_leaves_doubt(server: Server, monkeypatch: pytest.MonkeyPatch):
    slow = threading.Event()
    server.answers["DOT"] = lambda command: slow.wait(5) and None
    monkeypatch.setattr(Connection, "TIMEOUT_SECONDS", 1)

    [lost] = send(server)
    slow.set()

    assert lost.error is not None
    assert not lost.error.certain


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_an_idle_connection_that_was_closed_is_opened_again(server: Server, verb: str):
    send(server)
    turns = iter([None])
    server.answers[verb] = lambda command: next(turns, "250 ok")

    [receipt] = send(server)

    assert receipt.error is None
    assert server.connections == 2


def test_a_server_that_shuts_down_stops_the_batch_for_later(server: Server):
    server.answers["MAIL"] = "421 4.3.2 shutting down"
    begun: list[int] = []

    with pytest.raises(DeliveryError) as caught:
        send(server, 3, begin=lambda message: bool(begun.append(1)) or True)

    assert not caught.value.permanent
    assert begun == []


@pytest.mark.parametrize(("verb", "answer"), [("BANNER", "554 no service"), ("BANNER", None), ("EHLO", None)])
def test_the_check_says_what_the_server_says(server: Server, verb: str, answer: str | None):
    server.answers[verb] = answer

    with pytest.raises(DeliveryError) as caught:
        SMTP.check(server.settings)

    assert "127.0.0.1" in caught.value.detail


def test_the_check_is_content_with_a_server_that_answers(server: Server):
    SMTP.check(server.settings)

    assert server.letters == []


def test_a_wrong_password_is_said_in_words(server: Server):
    server.answers |= {"EHLO": "250-hello\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 wrong"}

    with pytest.raises(DeliveryError) as caught:
        SMTP.check({**server.settings, "username": "u", "password": "p"})

    assert "refused the user name or password" in caught.value.detail
    assert "535" in caught.value.detail


def test_encryption_that_is_asked_for_and_not_offered_is_an_error(server: Server):
    with pytest.raises(DeliveryError):
        SMTP.check({**server.settings, "security": "starttls"})

    assert not any(command.startswith("MAIL") for command in server.heard)
