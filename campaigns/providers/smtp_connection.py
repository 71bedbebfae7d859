"""How is a conversation with a mail server opened, kept, and given up?"""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.utils.translation import gettext as _

from campaigns.providers.base import DeliveryError, Settings

IDLE_SECONDS = 20  # servers close idle conversations; asking whether they did costs a round trip
LETTERS_PER_CONNECTION = 1_000


class Connection:
    """A conversation with one server. `reopen` and `drop` never raise for the old socket."""

    TIMEOUT_SECONDS = 30

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.smtp: smtplib.SMTP | None = None
        self.can_pipeline = False
        self.letters = 0
        self.idle_since = time.monotonic()

    def open(self) -> Connection:
        """Connect, greet, encrypt, sign in; raises DeliveryError in words."""
        host, port = str(self.settings["host"]), int(self.settings["port"])
        greeting = urlsplit(django_settings.BASE_URL).hostname or "localhost"
        try:
            if self.settings.get("security") == "tls":
                self.smtp = smtplib.SMTP_SSL(
                    host, port, greeting, timeout=self.TIMEOUT_SECONDS, context=ssl.create_default_context()
                )
            else:
                self.smtp = smtplib.SMTP(host, port, greeting, timeout=self.TIMEOUT_SECONDS)
            self.smtp.ehlo_or_helo_if_needed()
            if self.settings.get("security") == "starttls":
                self.smtp.starttls(context=ssl.create_default_context())
                self.smtp.ehlo()
            if self.settings.get("username"):
                self.smtp.login(str(self.settings["username"]), str(self.settings.get("password", "")))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self.drop()
            raise self.lost(error) from error
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.can_pipeline = self.smtp.has_extn("pipelining")
        self.letters = 0
        return self

    def reopen(self) -> None:
        self.drop()
        self.open()

    def drop(self) -> None:
        """Close without a word: the server forgets what it was not given completely."""
        if self.smtp is not None:
            with suppress(OSError):
                self.smtp.close()
        self.smtp = None

    def close(self) -> None:
        """Say good-bye and close."""
        if self.smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.smtp.quit()
        self.smtp = None

    def reset(self) -> None:
        """Forget the letter that was begun; a server that does not answer is left."""
        try:
            if self.smtp is not None:
                self.ask_all("RSET")
        except (smtplib.SMTPException, OSError):
            self.drop()

    def ask_all(self, *commands: str) -> list[tuple[int, str]]:
        """Say these commands and return the answers, in one go where the server can; stops at the first refusal else."""
        smtp = self._ready()
        answers: list[tuple[int, str]] = []
        if self.can_pipeline:
            smtp.send("".join(f"{command}\r\n" for command in commands))
            return [_plain(smtp.getreply()) for _ in commands]
        for command in commands:
            smtp.send(f"{command}\r\n")
            answers.append(_plain(smtp.getreply()))
            if answers[-1][0] >= 400:
                break
        return answers

    def send_body(self, data: bytes, deadline: float) -> tuple[int, str]:
        """Give the letter and return the server's last answer; raises when it does not come before the deadline."""
        smtp = self._ready()
        self._socket().settimeout(max(1.0, deadline - time.monotonic()))
        try:
            smtp.send(_dotted(data))
            answer = _plain(smtp.getreply())
        finally:
            if smtp.sock is not None:
                smtp.sock.settimeout(self.TIMEOUT_SECONDS)
        self.letters += 1
        return answer

    def lost(self, error: Exception) -> DeliveryError:
        """Return why the server cannot be used, in words for a person."""
        self.drop()
        facts = {"host": self.settings.get("host"), "port": self.settings.get("port"), "error": _said(error)}
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return DeliveryError(_("The server refused the user name or password: %(error)s") % facts, permanent=True)
        if isinstance(error, ssl.SSLError):
            return DeliveryError(_("The encryption with %(host)s failed: %(error)s") % facts, permanent=False)
        return DeliveryError(_("%(host)s:%(port)s cannot be used: %(error)s") % facts, permanent=False)

    def _socket(self) -> socket.socket:
        smtp = self._ready()
        if smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("there is no connection")
        return smtp.sock

    def _ready(self) -> smtplib.SMTP:
        if self.smtp is None or self.smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("there is no connection")
        return self.smtp


class _Pool:
    """Idle connections of this process, by account settings; those of a parent process are never used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[int, str], list[Connection]] = {}

    @contextmanager
    def borrow(self, settings: Settings) -> Iterator[Connection]:
        """Lend a connection that is open; it comes back unless it was dropped. Raises DeliveryError when there is none."""
        key = (os.getpid(), repr(sorted(settings.items())))
        line = self._take(key) or Connection(settings).open()
        try:
            yield line
        finally:
            self._give_back(key, line)

    def clear(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for lines in idle.values():
            for line in lines:
                line.close()

    def _take(self, key: tuple[int, str]) -> Connection | None:
        with self._lock:
            lines = self._idle.get(key, [])
            line = lines.pop() if lines else None
        if line is None or time.monotonic() - line.idle_since > IDLE_SECONDS:
            if line is not None:
                line.close()
            return None
        return line

    def _give_back(self, key: tuple[int, str], line: Connection) -> None:
        if line.smtp is None:
            return
        if line.letters >= LETTERS_PER_CONNECTION:
            line.close()
            return
        line.idle_since = time.monotonic()
        with self._lock:
            self._idle.setdefault(key, []).append(line)


pool = _Pool()


def _dotted(data: bytes) -> bytes:
    # Bodies are base64 and headers never begin with a dot; another source of letters may, so it is done all the same.
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def _plain(reply: tuple[int, bytes]) -> tuple[int, str]:
    code, words = reply
    if code == -1:
        raise smtplib.SMTPServerDisconnected("the server closed the connection")
    return code, words.decode("utf-8", "replace").replace("\n", " ")[:480]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return f"{error.smtp_code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
    return str(error) or type(error).__name__
