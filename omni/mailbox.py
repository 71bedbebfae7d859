"""Which letters did the local catcher receive?

A Maildir below VAR: one file per letter, durable before the sender hears 250. File names begin with the moment of
arrival, so that their order is the order of the letters and no index is needed.
"""

from __future__ import annotations

import email.policy
import itertools
import os
import re
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE_SIZE = 50
MOST_SEARCHED = 5_000
LONGEST_HEADER_BYTES = 64 * 1024
NAME = re.compile(r"[0-9]{19}\.[0-9]+_[0-9]+\.[A-Za-z0-9.-]+")

_headers = BytesHeaderParser(policy=email.policy.default)
_letters = BytesParser(policy=email.policy.default)
_count = itertools.count(1)


class NoSuchLetterError(LookupError):
    """No letter of this name is in the mailbox."""


@dataclass(frozen=True)
class Letter:
    """A letter in the list. `recipient` is the envelope's, which may differ from the header To."""

    name: str
    received_at: datetime
    sender: str
    recipient: str
    subject: str


@dataclass(frozen=True)
class Page:
    """A slice of the list, newest first, in the shape that the pager draws."""

    items: list[Letter]
    next_cursor: str | None
    previous_cursor: None = None


@dataclass(frozen=True)
class OpenLetter:
    letter: Letter
    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[str] = field(default_factory=list)


def is_enabled() -> bool:
    """Say whether a catcher ever ran here."""
    return (directory() / "new").is_dir()


def directory() -> Path:
    return Path(settings.MAILBOX_DIR)


def prepare() -> None:
    """Make the Maildir; `tmp` may hold halves of letters whose sender never heard 250: they are dropped."""
    for part in ("tmp", "new", "cur"):
        (directory() / part).mkdir(parents=True, exist_ok=True)
    for half in (directory() / "tmp").iterdir():
        half.unlink(missing_ok=True)


def store(content: bytes, *, sender: str, recipients: Sequence[str]) -> str:
    """Keep one letter; when this returns its name, the letter survives a crash. Two fsyncs."""
    envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
    name = f"{time.time_ns():019d}.{os.getpid()}_{next(_count)}.{socket.gethostname() or 'localhost'}"
    half, whole = directory() / "tmp" / name, directory() / "new" / name
    with half.open("wb") as out:
        out.write("\r\n".join([*envelope, ""]).encode("ascii", "replace") + content)
        out.flush()
        os.fsync(out.fileno())
    half.rename(whole)
    _sync_directory(whole.parent)
    return name


def page(*, query: str = "", after: str = "", size: int = PAGE_SIZE) -> Page:
    """Return the newest letters that follow the letter `after` in the list, that is, which arrived before it.

    `query` is looked for in sender, recipient and subject; a search ends after MOST_SEARCHED letters.
    """
    names = [name for name in _names() if not after or name < after]
    found: list[Letter] = []
    for name in names[:MOST_SEARCHED] if query else names:
        letter = _head(name)
        if letter is None or not _matches(letter, query):
            continue
        if len(found) == size:
            return Page(found, found[-1].name)
        found.append(letter)
    return Page(found, None)


def count() -> int:
    return len(_names())


def load(name: str) -> OpenLetter:
    """Return a letter with its headers, its text and its HTML; raises NoSuchLetterError."""
    message = _letters.parsebytes(raw(name))
    return OpenLetter(
        letter=_summary(name, message),
        headers=[(key, str(value)) for key, value in message.items()],
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=[part.get_filename() or part.get_content_type() for part in message.iter_attachments()],
    )


def raw(name: str) -> bytes:
    """Return the bytes of a letter as they came, below the envelope's lines; raises NoSuchLetterError."""
    if not NAME.fullmatch(name):
        raise NoSuchLetterError(name)
    try:
        return (directory() / "new" / name).read_bytes()
    except FileNotFoundError:
        raise NoSuchLetterError(name) from None


def letters() -> Iterator[EmailMessage]:
    """Yield every letter, oldest first, parsed."""
    for name in reversed(_names()):
        yield _letters.parsebytes(raw(name))


def _names() -> list[str]:
    try:
        return sorted(filter(NAME.fullmatch, os.listdir(directory() / "new")), reverse=True)
    except FileNotFoundError:
        return []


def _head(name: str) -> Letter | None:
    try:
        with (directory() / "new" / name).open("rb") as content:
            return _summary(name, _headers.parsebytes(content.read(LONGEST_HEADER_BYTES), headersonly=True))
    except FileNotFoundError:
        return None


def _summary(name: str, message: object) -> Letter:
    heads = cast("EmailMessage", message)
    return Letter(
        name=name,
        received_at=datetime.fromtimestamp(int(name[:19]) / 1e9, tz=UTC),
        sender=str(heads.get("From", "")),
        recipient=", ".join(map(str, heads.get_all("Delivered-To", []))) or str(heads.get("To", "")),
        subject=str(heads.get("Subject", "")),
    )


def _matches(letter: Letter, query: str) -> bool:
    wanted = query.casefold()
    return not wanted or any(wanted in text.casefold() for text in (letter.sender, letter.recipient, letter.subject))


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):  # a charset nobody knows
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
