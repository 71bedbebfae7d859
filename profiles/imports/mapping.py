"""What shall each column become, and what did the people of the file allow? The shapes of Import.mapping and .consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from profiles.imports import values
from profiles.models import Import

SKIP = "skip"
EMAIL, PHONE, USER_ID = "email", "phone", "user_id"
CREATED_AT = "created_at"
IDENTIFIERS = (USER_ID, EMAIL, PHONE)
CHANNELS = (EMAIL, PHONE)
ATTRIBUTE = "attribute:"

GRANTED, WITHDRAWN, UNKNOWN = "granted", "withdrawn", "unknown"


class MappingError(ValueError):
    """The mapping cannot be used; `errors` is {column index as text, or "": what is wrong in words}."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Column:
    """A column: its place in the file, its name there, what it becomes, and how its cells are read."""

    index: int
    name: str
    to: str = SKIP
    type: str = values.Type.STRING.value

    @cached_property
    def attribute(self) -> str:
        """The key of the attribute it becomes; '' for identifiers and what is skipped."""
        return self.to.removeprefix(ATTRIBUTE) if self.to.startswith(ATTRIBUTE) else ""

    @property
    def stored_type(self) -> str:
        return values.Type.DATE.value if self.type == values.MONTH_FIRST else self.type


@dataclass(frozen=True)
class Decision:
    """What was decided about consent: `subjects` are (channel, topic), the topic '' for the channel as a whole."""

    status: str = ""  # GRANTED, WITHDRAWN, UNKNOWN; '' while nobody has decided
    channels: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    source: str = ""
    date: str = ""  # ISO; the day on which the people said so

    @property
    def subjects(self) -> list[tuple[str, str]]:
        if self.status == GRANTED:
            return [(channel, topic) for channel in self.channels for topic in ("", *self.topics)]
        if self.status == WITHDRAWN:
            return [(channel, topic) for channel in self.channels for topic in (self.topics or ("",))]
        return []

    def at(self, *, now: datetime) -> datetime:
        """Return the moment of the consent: noon (UTC) of its day, never after `now`."""
        if not self.date:
            return now
        day = date.fromisoformat(self.date)
        return min(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), now)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "channels": list(self.channels), "topics": list(self.topics)} if self.status else {}


@dataclass(frozen=True)
class Plan:
    """The whole decision about a file."""

    columns: tuple[Column, ...]
    consent: Decision = field(default_factory=Decision)

    @cached_property
    def used(self) -> list[Column]:
        """The columns that become something."""
        return [column for column in self.columns if column.to != SKIP]

    @property
    def attributes(self) -> list[Column]:
        return [column for column in self.columns if column.attribute]

    @property
    def channels(self) -> list[str]:
        """The kinds of addresses that are mapped, so that consent must be decided."""
        return [channel for channel in CHANNELS if any(column.to == channel for column in self.columns)]

    def mapping_as_json(self) -> dict[str, dict[str, str]]:
        return {str(column.index): {"to": column.to, "type": column.type} for column in self.columns}


def of(an_import: Import) -> Plan:
    """Return the plan stored with the import."""
    return build(header=an_import.header, mapping=an_import.mapping, consent=an_import.consent)


def build(*, header: Iterable[str], mapping: Mapping[str, Mapping[str, str]], consent: Mapping[str, Any]) -> Plan:
    """Return the plan for a header; columns that `mapping` does not name are skipped."""
    columns = []
    for index, name in enumerate(header):
        given = mapping.get(str(index), {})
        columns.append(Column(index, name, given.get("to", SKIP), given.get("type", values.Type.STRING.value)))
    decision = Decision(
        status=consent.get("status", ""),
        channels=tuple(consent.get("channels", ())),
        topics=tuple(consent.get("topics", ())),
        source=consent.get("source", ""),
        date=consent.get("date") or "",
    )
    return Plan(tuple(columns), decision)


def named(*, header: Sequence[str], guessed: Mapping[str, Mapping[str, str]], named: object, consent: object) -> Plan:
    """Return the plan a program asked for: `named` is {column name: {"to": ..., "type": ...}}, other columns as guessed.

    Raises MappingError for shapes that are no plan.
    """
    if not isinstance(named or {}, dict) or not isinstance(consent, dict):
        raise MappingError({"": _("The mapping and the consent are objects.")})
    asked = dict(guessed)
    for name, target in dict(named or {}).items():  # type: ignore[call-overload]
        if name not in header:
            raise MappingError({"": _("The file has no column “%(name)s”.") % {"name": str(name)[:80]}})
        if not isinstance(target, dict) or not all(isinstance(value, str) for value in target.values()):
            raise MappingError({str(header.index(name)): _("Say what the column becomes.")})
        asked[str(header.index(name))] = target
    try:
        return build(header=header, mapping=asked, consent=_checked(consent))
    except (TypeError, ValueError):
        raise MappingError({"consent": _("The consent is not of its shape.")}) from None


def _checked(consent: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in ("status", "source", "date"):
        if not isinstance(consent.get(name) or "", str):
            raise TypeError(name)
    for name in ("channels", "topics"):
        if not all(isinstance(one, str) for one in consent.get(name, ())):
            raise TypeError(name)
    date.fromisoformat(consent.get("date") or "2000-01-01")
    return consent


def check(plan: Plan, *, known_types: Mapping[str, str], today: date) -> None:
    """Raise MappingError when the plan cannot be run. `known_types` is {attribute key: type} of what is kept already."""
    errors = _column_errors(plan, known_types)
    if not any(column.to in IDENTIFIERS for column in plan.columns):
        errors[""] = _("Map at least one column to an e-mail, a phone or a user id: people are recognized by it.")
    if consent_error := _consent_error(plan, today):
        errors["consent"] = consent_error
    if errors:
        raise MappingError(errors)


def _column_errors(plan: Plan, known_types: Mapping[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    taken: dict[str, str] = {}
    for column in plan.columns:
        place = str(column.index)
        if column.to == SKIP:
            continue
        if column.to in taken:
            errors[place] = _("“%(other)s” goes there already.") % {"other": taken[column.to]}
        taken[column.to] = column.name
        if column.to in (*IDENTIFIERS, CREATED_AT):
            continue
        if not column.attribute or len(column.attribute) > 255:
            errors[place] = _("Name the attribute.")
        elif column.type not in values.READERS:
            errors[place] = _("Choose how the cells are read.")
        elif known_types.get(column.attribute, column.stored_type) not in (column.stored_type, values.Type.OBJECT):
            kept = values.Type(known_types[column.attribute]).label
            errors[place] = _("“%(key)s” is kept as: %(type)s. Read the cells as that, or choose another attribute.") % {
                "key": column.attribute,
                "type": kept,
            }
    return errors


def _consent_error(plan: Plan, today: date) -> str:
    decision = plan.consent
    if not plan.channels:
        return ""
    if decision.status not in (GRANTED, WITHDRAWN, UNKNOWN):
        return _("Say whether these people agreed to hear from you.")
    if decision.status == UNKNOWN:
        return ""
    if not decision.channels or not set(decision.channels) <= set(plan.channels):
        return _("Choose at least one channel that the file has an address for.")
    if not decision.source.strip():
        return _("Say where the consent comes from: you may be asked to prove it.")
    if decision.date and date.fromisoformat(decision.date) > today:
        return _("The day of the consent lies in the future.")
    return ""
