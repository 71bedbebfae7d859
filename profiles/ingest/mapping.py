"""What does the payload of a webhook mean in our words? A closed structure: places in the payload, and what each is.

A place is a JSON path of keys and indexes only, such as `$.order.lines[0].sku` or `$["e-mail"]`. Payloads become calls of
the tracking spec, read by the same code as all others: an event, and what is said about the person.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profiles.ingest.spec import BUCKET_SECONDS, LONGEST_NAME, MOST_PROPERTIES

Path = tuple[str | int, ...]

DEEPEST = 32
MOST_LEAVES = 300
LONGEST_PATH = 1_000

PROPERTY, ATTRIBUTE = "property", "attribute"
# What one place can be; each at most once.
FIELDS: dict[str, str | Promise] = {
    "email": _("E-mail"),
    "user_id": _("User id"),
    "phone": _("Phone"),
    "anonymous_id": _("Anonymous id"),
    "event": _("Name of the event"),
    "time": _("Time"),
    "message_id": _("Id of the message"),
}
WHO = ("email", "user_id", "phone", "anonymous_id")

_STEP = re.compile(r'\.([^\W\d][\w-]*)|\[(\d{1,6})\]|\[("(?:[^"\\]|\\.)*")\]')
_PLAIN_KEY = re.compile(r"[^\W\d][\w-]*")


class MappingError(ValueError):
    """This is no mapping; the sentence says why, for whoever made it."""

    permanent = True


@dataclass(frozen=True)
class HookMapping:
    """Which place of a payload is what. `event_name` is the name of every event, when no place holds it."""

    fields: dict[str, Path] = field(default_factory=dict)
    properties: dict[str, Path] = field(default_factory=dict)
    attributes: dict[str, Path] = field(default_factory=dict)
    event_name: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether it says who, and what: an event or something about the person."""
        says_what = "event" in self.fields or self.event_name or self.attributes
        return bool(says_what and any(name in self.fields for name in WHO))


def load(stored: object) -> HookMapping:
    """Return the mapping that this JSON means; raises MappingError."""
    if not isinstance(stored, dict):
        raise MappingError(_("A mapping is a JSON object."))
    if unknown := sorted(set(stored) - {"fields", "properties", "attributes", "event_name"}):
        raise MappingError(_("“%(key)s” is not a part of a mapping.") % {"key": unknown[0]})
    groups = {name: _group(name, stored.get(name, {})) for name in ("fields", "properties", "attributes")}
    if strange := sorted(set(groups["fields"]) - set(FIELDS)):
        raise MappingError(_("“%(key)s” is not one of the fields.") % {"key": strange[0]})
    event_name = stored.get("event_name", "")
    if not isinstance(event_name, str) or len(event_name) > LONGEST_NAME or "\x00" in event_name:
        raise MappingError(_("The name of an event is a text of at most 255 characters."))
    return HookMapping(**groups, event_name=event_name.strip())


def dump(mapping: HookMapping) -> dict[str, Any]:
    """Return the mapping as JSON."""
    return {
        **{
            name: {key: spell(path) for key, path in getattr(mapping, name).items()}
            for name in ("fields", "properties", "attributes")
        },
        "event_name": mapping.event_name,
    }


def parse(text: object) -> Path:
    """Return the path that this text spells; raises MappingError."""
    if not isinstance(text, str) or not text.startswith("$") or len(text) > LONGEST_PATH:
        raise MappingError(_("A place is written like $.customer.email."))
    found: list[str | int] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or len(found) >= DEEPEST:
            raise MappingError(_("“%(text)s” is no place: only keys and numbers are allowed.") % {"text": text[:100]})
        key, index, quoted = step.groups()
        try:
            found.append(key if key is not None else int(index) if index is not None else str(json.loads(quoted)))
        except ValueError:
            raise MappingError(_("“%(text)s” is no place: only keys and numbers are allowed.") % {"text": text[:100]}) from None
        at = step.end()
    return tuple(found)


def spell(path: Path) -> str:
    """Return the one spelling of a path."""
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _PLAIN_KEY.fullmatch(step) else f"[{json.dumps(step)}]"
        for step in path
    )


def at(payload: object, path: Path) -> Any:
    """Return what is at this place; None when there is no such place."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(payload, list) or step >= len(payload):
                return None
            payload = payload[step]
        elif isinstance(payload, dict):
            payload = payload.get(step)
        else:
            return None
    return payload


def leaves(payload: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value that holds no others, in order, at most DEEPEST deep."""
    if isinstance(payload, dict | list) and payload and len(path) < DEEPEST:
        steps = payload.items() if isinstance(payload, dict) else enumerate(payload)
        for step, inner in steps:
            yield from leaves(inner, (*path, step))
    else:
        yield path, payload


def calls_of(payload: object, mapping: HookMapping, *, version: int, received_at: datetime) -> list[dict[str, Any]]:
    """Return the calls of the tracking spec that this payload means: what is said about the person, then the event. Pure.

    The same payload under the same version of the mapping is the same call, so processing it again doubles nothing.
    """
    found = {name: at(payload, path) for name, path in mapping.fields.items()}
    attributes = {name: at(payload, path) for name, path in mapping.attributes.items()}
    base = {
        "userId": found.get("user_id"),
        "anonymousId": found.get("anonymous_id"),
        "timestamp": found.get("time"),
        "context": {"externalIds": [{"type": kind, "id": found[kind]} for kind in ("email", "phone") if found.get(kind)]},
    }
    key = f"{version}:{_identity(payload, found.get('message_id'), received_at)}"
    calls: list[dict[str, Any]] = []
    if mapping.attributes or not ("event" in mapping.fields or mapping.event_name):
        calls.append({**base, "type": "identify", "traits": attributes, "messageId": f"hook:identify:{key}"})
    if "event" in mapping.fields or mapping.event_name:
        properties = {name: at(payload, path) for name, path in mapping.properties.items()}
        name = found.get("event") or mapping.event_name
        calls.append({**base, "type": "track", "event": name, "properties": properties, "messageId": f"hook:track:{key}"})
    return calls


def _identity(payload: object, message_id: object, received_at: datetime) -> str:
    if isinstance(message_id, str | int) and message_id != "":
        return f"id:{message_id}"
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    bucket = int(received_at.timestamp()) // BUCKET_SECONDS
    return f"{bucket}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _group(name: str, given: object) -> dict[str, Path]:
    if not isinstance(given, Mapping) or len(given) > MOST_PROPERTIES:
        raise MappingError(_("“%(key)s” is an object of at most 255 names and places.") % {"key": name})
    if any(not isinstance(key, str) or not key or len(key) > LONGEST_NAME or "\x00" in key for key in given):
        raise MappingError(_("A name has between 1 and 255 characters."))
    return {key: parse(text) for key, text in given.items()}
