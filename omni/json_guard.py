"""Which JSON bodies are let in? UTF-8, of a bounded size and depth, with numbers that end and text that can be stored."""

from __future__ import annotations

import json
import math
import re
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from rest_framework import exceptions
from rest_framework.parsers import JSONParser

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 64
MOST_KEYS = 1_000  # of one object
CHARSETS = frozenset({"", "utf-8", "utf8"})

# PostgreSQL stores no NUL in text and no lone surrogate in UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class TooLargeError(exceptions.APIException):
    """The body is larger than the installation takes."""

    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


class GuardedJSONParser(JSONParser):
    """Reads JSON by the rules above. What cannot be stored in text is replaced by the sign for it, as at every door."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        _check_charset(media_type or "")
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLargeError
        try:
            return _clean(json.loads(body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite), 0)
        except RecursionError:
            raise exceptions.ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise exceptions.ParseError(f"This is not JSON: {error}"[:300]) from None


def _check_charset(media_type: str) -> None:
    """Refuse other charsets: some of Python's codecs inflate, and would do so behind the limit of size."""
    for part in media_type.split(";")[1:]:
        name, _mark, value = part.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip("\"'").lower() not in CHARSETS:
            raise exceptions.UnsupportedMediaType(media_type[:100])


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _clean(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _storable(value)
    if kind not in (dict, list):
        return value
    if depth >= DEEPEST:
        raise exceptions.ParseError("The JSON is nested too deeply.")
    if kind is list:
        return [_clean(inner, depth + 1) for inner in value]
    if len(value) > MOST_KEYS:
        raise exceptions.ParseError(f"An object of the JSON has more than {MOST_KEYS} keys.")
    return {_storable(key): _clean(inner, depth + 1) for key, inner in value.items()}


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text
