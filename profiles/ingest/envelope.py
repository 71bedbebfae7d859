"""Is this body one that can be taken, and which calls are in it? Bounded, whatever it claims to be.

Content-Type is ignored: browsers send JSON as text/plain, and one server library labels it as a form.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

MOST_BYTES = 500 * 1024  # as sent, and as inflated
MOST_CALLS = 2_500

GZIP_MAGIC = b"\x1f\x8b"


class RefusedError(Exception):
    """The request is not taken; nothing was stored. Carries the HTTP status, a code and a sentence for its author."""

    permanent = True

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Envelope:
    """The calls of a request as they came, and what the request says about all of them."""

    calls: list[Any]
    sent_at: object
    write_key: str
    is_large: bool  # large enough that a single call may be too large


def open_envelope(body: bytes, *, encoding: str) -> Envelope:
    """Return what is in `body`, a batch or a single call; raises RefusedError."""
    plain = inflate(body, encoding=encoding)
    value = parse(plain)
    if not isinstance(value, dict):
        raise RefusedError(400, "not_an_object", _("The body must be a JSON object."))
    calls = value.get("batch", [value])
    if not isinstance(calls, list):
        raise RefusedError(400, "not_a_batch", _("“batch” must be a list of calls."))
    if len(calls) > MOST_CALLS:
        raise RefusedError(413, "too_many_calls", _("A batch holds at most %(most)s calls.") % {"most": MOST_CALLS})
    key = value.get("writeKey")
    return Envelope(calls, value.get("sentAt"), key if isinstance(key, str) else "", len(plain) > MOST_BYTES // 16)


def inflate(body: bytes, *, encoding: str) -> bytes:
    """Return the plain bytes; never more than MOST_BYTES are made on the way. Raises RefusedError."""
    if len(body) > MOST_BYTES:
        raise _too_large()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise RefusedError(415, "unknown_encoding", _("Send the body plain or as gzip."))
    if encoding != "deflate" and not body.startswith(GZIP_MAGIC):
        return body
    wbits = zlib.MAX_WBITS if encoding == "deflate" else 16 + zlib.MAX_WBITS
    stream = zlib.decompressobj(wbits)
    try:
        plain = stream.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        raise RefusedError(400, "broken_encoding", _("The compressed body is damaged.")) from None
    if len(plain) > MOST_BYTES:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise RefusedError(400, "broken_encoding", _("The compressed body is damaged."))
    return plain


def parse(plain: bytes) -> object:
    """Return the JSON value; raises RefusedError."""
    try:
        return json.loads(plain.decode("utf-8-sig"), parse_constant=_nothing)
    except UnicodeDecodeError:
        raise RefusedError(400, "not_utf8", _("The body must be UTF-8.")) from None
    except RecursionError:
        raise RefusedError(400, "too_deep", _("The body is nested too deeply.")) from None
    except ValueError as error:
        raise RefusedError(400, "not_json", _("The body is not JSON: %(why)s.") % {"why": str(error)[:200]}) from None


def _nothing(constant: str) -> None:
    # NaN and Infinity are no JSON, but the SDK of Python sends them; they stand for "no number".
    return None


def _too_large() -> RefusedError:
    return RefusedError(413, "too_large", _("A request holds at most %(most)s KB.") % {"most": MOST_BYTES // 1024})
