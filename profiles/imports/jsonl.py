"""How is a file of JSON objects, one a line, read as rows?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

MOST_KEYS = 1_000  # an end for files whose keys are data; the wizard refuses far fewer columns


def is_jsonl(text: str) -> bool:
    """Say whether the first filled line is a JSON object."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return isinstance(_parsed(first), dict)


def keys(lines: Iterable[str]) -> list[str]:
    """Return the keys of all objects, in order of appearance. Reads all lines."""
    found: dict[str, None] = {}
    for line in lines:
        value = _parsed(line)
        if isinstance(value, dict) and not found.keys() >= value.keys():
            found.update(dict.fromkeys(value))
            if len(found) > MOST_KEYS:
                break
    return list(found)


def rows(lines: Iterable[str], names: list[str]) -> Iterator[tuple[int, list[str], str]]:
    """Yield for each filled line its number, a cell for each name, and '' or why there are no cells."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        value = _parsed(line)
        if isinstance(value, dict):
            yield number, [_cell(value.get(name)) for name in names], ""
        else:
            yield number, [], _("The line is not a JSON object.")


def _parsed(line: str) -> Any:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _speakable(value) if "\\u" in line else value


def _speakable(value: Any) -> Any:
    """Replace halves of characters, which JSON can write and no database can hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_speakable(key): _speakable(inner) for key, inner in value.items()}
    return [_speakable(inner) for inner in value] if isinstance(value, list) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
