"""What does this call say in our words, or why can it not be used? The tracking spec of Segment, read leniently.

page and screen become the events "Page viewed" and "Screen viewed", group the event "Group joined" and attributes of the
person ("group_id", "group_name"); alias and identify say who somebody is. Times are corrected by the sender's clock where
it says what time it thinks it is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, cached_property
from typing import Any
from zoneinfo import available_timezones

from profiles import identity
from profiles.identity import Key
from profiles.ingest.clean import LONGEST_KEY, TooDeepError, clean
from profiles.models import Identifier

MOST_BYTES_PER_CALL = 32 * 1024
MOST_PROPERTIES = 255
LONGEST_NAME = 255
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # each month of history costs a partition
# Within this the difference is the way of the request, not a wrong clock, and times stay exactly as they were given.
CLOCK_TOLERANCE = timedelta(minutes=1)
MOST_VALUE = Decimal(10) ** 14
BUCKET_SECONDS = 60

EVENT_TYPES = {"page": "Page viewed", "screen": "Screen viewed", "group": "Group joined"}
TYPES = frozenset({"track", "identify", "alias", *EVENT_TYPES})
VALUE_PROPERTIES = ("revenue", "value", "total")

# Reserved traits of the spec, in the words of this house. E-mail and phone are identifiers and no attributes.
TRAIT_NAMES = {"firstName": "first_name", "lastName": "last_name", "firstname": "first_name", "lastname": "last_name"}
CREATED_TRAITS = ("createdAt", "created_at")
EXTERNAL_ID_TYPES = frozenset(Identifier.Type.values)
MOST_EXTERNAL_IDS = 10
GROUP_PREFIX = "group_"
IDENTIFIER_TRAITS = {"email": Identifier.Type.EMAIL, "phone": Identifier.Type.PHONE}


class Drop(StrEnum):
    """Why a call was not used. All but DUPLICATE and ERASED are kept as dead letters."""

    UNREADABLE = "unreadable"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_PROPERTIES = "too_many_properties"
    UNKNOWN_TYPE = "unknown_type"
    NO_IDENTIFIER = "no_identifier"
    NO_EVENT_NAME = "no_event_name"
    NAME_TOO_LONG = "name_too_long"
    RESERVED_NAME = "reserved_name"
    TOO_MANY_NAMES = "too_many_names"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    UNPROVEN = "unproven"
    ERASED = "erased"  # only counted: nothing of it is kept
    UNMAPPED = "unmapped"
    FAILED = "failed"
    DUPLICATE = "duplicate"


class DropError(Exception):
    """This call cannot be used."""

    permanent = True

    def __init__(self, reason: Drop, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Origin:
    """What the request says about all its calls. `type` is the one of the path, '' for batches."""

    source_id: int
    received_at: datetime
    sent_at: object = None
    type: str = ""
    is_large: bool = True
    idempotency_key: str = ""

    @cached_property
    def sent(self) -> datetime | None:
        return moment(self.sent_at)


@dataclass(slots=True)
class Call:
    """One usable call: who, when, and what: an event (`name`), traits, or only that identifiers belong together."""

    raw: dict[str, Any]
    origin: Origin
    key: str  # 128 bits of the message as hexadecimal: the same one again is the same call
    time: datetime
    identifiers: tuple[Key, ...]
    name: str
    value: Decimal | None
    properties: dict[str, Any]
    traits: dict[str, Any]
    created_at: datetime | None  # when the sender says the person's account was made
    type: str = ""
    profile_id: int = 0
    is_doubted: bool = False  # a visitor claimed to be somebody without proof: kept with the visitor


def read(raw: object, origin: Origin) -> Call:
    """Return the call in our words; raises DropError. Pure."""
    if not isinstance(raw, dict):
        raise DropError(Drop.NOT_AN_OBJECT)
    if origin.is_large and len(json.dumps(raw, ensure_ascii=False)) > MOST_BYTES_PER_CALL:
        raise DropError(Drop.TOO_LARGE)
    kind = raw.get("type") or origin.type
    if not isinstance(kind, str) or kind not in TYPES:
        raise DropError(Drop.UNKNOWN_TYPE, str(kind)[:80])
    try:
        return _read(kind, raw, origin)
    except (TooDeepError, RecursionError):
        raise DropError(Drop.TOO_DEEP) from None


def _read(kind: str, raw: dict[str, Any], origin: Origin) -> Call:
    name = _event_name(kind, raw)
    traits = _traits(raw) if kind == "identify" else {}
    identifiers = _identifiers(kind, raw, traits)
    if not identifiers:
        raise DropError(Drop.NO_IDENTIFIER)
    properties = _properties(kind, raw)
    return Call(
        raw=raw,
        origin=origin,
        key=_message_key(raw, origin),
        time=_time(raw, origin),
        identifiers=identifiers,
        name=name,
        value=_value(properties) if name else None,
        properties=properties,
        traits=_learned(kind, raw, traits, properties),
        created_at=_created_at(traits, origin),
        type=kind,
    )


def _event_name(kind: str, raw: Mapping[str, Any]) -> str:
    if kind != "track":
        return EVENT_TYPES.get(kind, "")
    name = raw.get("event")
    if not isinstance(name, str) or not (name := str(clean(name)).strip()):
        raise DropError(Drop.NO_EVENT_NAME)
    if len(name) > LONGEST_NAME:
        raise DropError(Drop.NAME_TOO_LONG)
    return name


def _traits(raw: Mapping[str, Any]) -> dict[str, Any]:
    within = _object(_object(raw, "context"), "traits")
    return {**within, **_object(raw, "traits")}


def _identifiers(kind: str, raw: Mapping[str, Any], traits: Mapping[str, Any]) -> tuple[Key, ...]:
    given: list[tuple[str, object]] = [
        (Identifier.Type.USER_ID, raw.get("userId")),
        (Identifier.Type.ANONYMOUS_ID, raw.get("previousId") if kind == "alias" else raw.get("anonymousId")),
        *((type_, traits.get(name)) for name, type_ in IDENTIFIER_TRAITS.items()),
        *_external_ids(raw),
    ]
    found = ((str(type_), identity.normalize(type_, value)) for type_, value in given if value not in (None, ""))
    return tuple((type_, value) for type_, value in found if value is not None)


def _external_ids(raw: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield what `context.externalIds` names, the place of the spec for further identifiers of any call."""
    listed = _object(raw, "context").get("externalIds")
    for each in listed[:MOST_EXTERNAL_IDS] if isinstance(listed, list) else ():
        if isinstance(each, dict) and each.get("type") in EXTERNAL_ID_TYPES:
            yield str(each["type"]), each.get("id")


def _properties(kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    properties = _object(raw, "traits" if kind == "group" else "properties") if kind not in ("identify", "alias") else {}
    if len(properties) > MOST_PROPERTIES:
        raise DropError(Drop.TOO_MANY_PROPERTIES)
    found: dict[str, Any] = clean(properties)
    if kind in ("page", "screen"):
        extra = {key: raw[key] for key in ("name", "category") if isinstance(raw.get(key), str) and raw[key]}
        found = {**clean(extra), **found}
    if kind == "group":
        found = {**found, "group_id": clean(raw.get("groupId"))}
    return found


def _learned(kind: str, raw: Mapping[str, Any], traits: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the call says about the person: traits, or which group (a company, an account) the person is in."""
    if kind == "identify":
        return _attributes(traits, raw)
    if kind != "group" or properties.get("group_id") in (None, ""):
        return {}
    about = {key if key == "group_id" else f"{GROUP_PREFIX}{key}": value for key, value in properties.items() if key}
    return {key: value for key, value in about.items() if len(key) <= LONGEST_KEY}


def _attributes(traits: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    if len(traits) > MOST_PROPERTIES:
        raise DropError(Drop.TOO_MANY_PROPERTIES)
    kept = {key: value for key, value in traits.items() if key not in IDENTIFIER_TRAITS and key not in CREATED_TRAITS}
    found = {TRAIT_NAMES.get(key, key): value for key, value in clean(kept).items() if key}
    context = _object(raw, "context")
    zone, language = context.get("timezone"), context.get("locale")
    if "time_zone" not in found and isinstance(zone, str) and zone in _zones():
        found["time_zone"] = zone
    if "language" not in found and isinstance(language, str) and 2 <= len(language) <= 35:
        found["language"] = clean(language)
    return found


def _value(properties: Mapping[str, Any]) -> Decimal | None:
    """Return the number that conditions sum, from the first of VALUE_PROPERTIES that is one."""
    for key in VALUE_PROPERTIES:
        given = properties.get(key)
        if isinstance(given, bool) or not isinstance(given, int | float | str) or given == "":
            continue
        try:
            number = Decimal(str(given).strip()[:40])
        except (InvalidOperation, ValueError):
            continue
        if number.is_finite() and abs(number) < MOST_VALUE:
            return number.quantize(Decimal("0.0001"))
    return None


def _time(raw: Mapping[str, Any], origin: Origin) -> datetime:
    """Return when it happened: the sender's time moved by how wrong the sender's clock is, never in the future."""
    received = origin.received_at
    given = moment(raw.get("originalTimestamp")) or moment(raw.get("timestamp"))
    if given is None:
        return received
    own = raw.get("sentAt")
    sent = origin.sent if own is None else moment(own)
    try:
        if sent is not None and abs(received - sent) > CLOCK_TOLERANCE:
            given = received - (sent - given)
    except OverflowError:
        raise DropError(Drop.TIME_OUT_OF_RANGE) from None
    if given < EARLIEST:
        raise DropError(Drop.TIME_OUT_OF_RANGE)
    return min(given, received)


def moment(value: object) -> datetime | None:
    """Return the moment in UTC meant by an ISO 8601 text or by seconds or milliseconds since 1970; None for others."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _created_at(traits: Mapping[str, Any], origin: Origin) -> datetime | None:
    for key in CREATED_TRAITS:
        found = moment(traits.get(key))
        if found is not None and EARLIEST <= found <= origin.received_at:
            return found
    return None


def _message_key(raw: Mapping[str, Any], origin: Origin) -> str:
    given = raw.get("messageId")
    if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
        text = f"id:{given}"
    elif origin.idempotency_key:
        text = f"request:{origin.idempotency_key}:{json.dumps(raw, sort_keys=True, separators=(',', ':'))}"
    else:
        # Without an id the same words within the same minute count as a repetition.
        bucket = int(origin.received_at.timestamp()) // BUCKET_SECONDS
        text = f"content:{bucket}:{json.dumps(raw, sort_keys=True, separators=(',', ':'))}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _object(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}
