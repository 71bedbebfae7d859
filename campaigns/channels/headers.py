"""Which bytes may stand in a header of a letter? What could break out of its line is refused, never mended."""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_base64
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

# Line ends of any kind, other controls, lone surrogates, and marks that reorder what is read.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_TOKEN = re.compile(r"[!-;=?-~]{1,900}")  # printable ASCII without blanks and angle brackets
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]{1,70}")
_LONGEST_PLAIN = 900  # RFC 5322 allows 998 octets a line
_CHARS_PER_LINE_BYTES = 42  # 75 octets of an encoded word hold 45 octets of base64 input; whole characters need slack
_BASE64_LINE_CHARS = 76


class HeaderError(ValueError):
    """This value cannot stand in a header; `reason` is a reason code."""

    def __init__(self, message: str, reason: str = "template_error") -> None:
        super().__init__(message)
        self.reason = reason


def words(text: str) -> bytes:
    """Return free text for a header: as it is when plain, else as RFC 2047 encoded words."""
    if _FORBIDDEN.search(text):
        raise HeaderError("A header line must not contain a line break or control character.")
    if text.isascii() and len(text) <= _LONGEST_PLAIN and "=?" not in text:
        return text.encode("ascii")
    return b"\r\n ".join(b"=?utf-8?B?" + b64encode(chunk) + b"?=" for chunk in _chunks(text))


def _chunks(text: str) -> list[bytes]:
    # An encoded word must hold whole characters.
    chunks, current = [], b""
    for character in text:
        encoded = character.encode("utf-8")
        if len(current) + len(encoded) > _CHARS_PER_LINE_BYTES:
            chunks.append(current)
            current = b""
        current += encoded
    return [*chunks, current]


@lru_cache(maxsize=256)
def named_mailbox(name: str, address: str) -> bytes:
    """Return `name <address>`; raises HeaderError when either could mean something else."""
    try:
        plain = mailbox(address)
        if not name:
            return plain.encode("ascii")
        shown = words(name)
    except HeaderError as error:
        raise HeaderError(str(error), "invalid_sender") from error
    if name.isascii() and not _PLAIN_NAME.fullmatch(name):
        shown = b'"' + shown.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return shown + b" <" + plain.encode("ascii") + b">"


def mailbox(address: str) -> str:
    """Return the address in the form that goes on the wire (the domain in ASCII); raises HeaderError."""
    local, _, host = address.rpartition("@")
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise HeaderError("This is no address that every mail server takes.", "undeliverable")
    return f"{local}@{_ascii_domain(host)}"


def domain(address: str) -> str:
    return _ascii_domain(address.rpartition("@")[2])


@lru_cache(maxsize=4096)
def _ascii_domain(host: str) -> str:
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise HeaderError("The domain of the address is not valid.", "undeliverable") from error
    if not _DOMAIN.fullmatch(name):
        raise HeaderError("The domain of the address is not valid.", "undeliverable")
    return name


def token(value: str) -> bytes:
    """Return an address of a page or an identifier: printable ASCII without blanks; raises HeaderError."""
    if not _TOKEN.fullmatch(value):
        raise HeaderError("This identifier cannot stand in a header.")
    return value.encode("ascii")


def date(at: datetime) -> bytes:
    return format_datetime(at).encode("ascii")


def base64_lines(text: str) -> bytes:
    """Return the text in UTF-8 as base64 lines with CRLF; '' becomes one empty line."""
    encoded = b2a_base64(text.encode("utf-8", "replace"), newline=False)
    lines = [encoded[start : start + _BASE64_LINE_CHARS] for start in range(0, len(encoded), _BASE64_LINE_CHARS)]
    return b"\r\n".join(lines) + b"\r\n"
