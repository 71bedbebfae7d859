"""What is a row of the builder made of? Words, choices and fields that read like a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Word = str | _StrPromise


@dataclass(frozen=True)
class Chip:
    """One piece of a row. `kind`: "word", "select", "text", "number", "date" or "tokens" (several texts).

    `name` is the parameter it writes ("window.amount", "value[]" for a list), `label` what a screen reader calls it,
    `suggestions` what the field proposes while one types.
    """

    kind: str
    name: str = ""
    label: Word = ""
    value: Any = ""
    options: Sequence[tuple[str, Word]] = ()
    suggestions: Sequence[str] = ()
    placeholder: Word = ""
    nth: int = 1  # among the chips of one name

    @property
    def slug(self) -> str:
        """The end of the chip's id, the same after every change."""
        return f"{self.name.removesuffix('[]').replace('.', '-')}-{self.nth}"

    @property
    def fault_field(self) -> str:
        """The parameter whose fault is shown at this chip."""
        return self.name.removesuffix("[]").partition(".")[0]


@dataclass(frozen=True)
class Row:
    """The chips of a condition, and those of each of its details (None: it has no details)."""

    chips: Sequence[Chip]
    details: Sequence[Sequence[Chip]] | None = None


def word(text: Word) -> Chip:
    return Chip("word", value=text)


def select(name: str, label: Word, value: Any, options: Iterable[tuple[str, Word]], placeholder: Word = "") -> Chip:
    """Return a choice; a value that is no longer among the options is kept as one, so that looking changes nothing."""
    listed = list(options)
    chosen = str(value or "")
    if chosen and chosen not in {key for key, _label in listed}:
        listed.append((chosen, chosen))
    return Chip("select", name, label, chosen, listed, placeholder=placeholder)


def number(name: str, label: Word, value: Any) -> Chip:
    return Chip("number", name, label, "" if value is None else value)


def values(takes: str, name: str, value: Any, suggestions: Sequence[str] = ()) -> list[Chip]:
    """Return the fields for the value of an operator."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    listed = ["" if one is None else one for one in listed]
    label, name = _("Value"), f"{name}[]"
    if takes == "nothing":
        return []
    if takes == "texts":
        given = list(dict.fromkeys(one for one in listed if one != ""))
        return [Chip("tokens", name, label, given, suggestions=suggestions, placeholder=_("add a value"))]
    if takes in ("numbers", "dates"):
        kind = "number" if takes == "numbers" else "date"
        first, second = [*listed, "", ""][:2]
        return [Chip(kind, name, _("From"), first), word(_("and")), Chip(kind, name, _("To"), second, nth=2)]
    single = listed[0] if listed else ""
    if takes == "days":
        return [Chip("number", name, _("Days"), single), word(_("days"))]
    if takes == "text":
        return [Chip("text", name, label, single, suggestions=suggestions, placeholder=_("a value"))]
    return [Chip(takes, name, label, single)]


@dataclass(frozen=True)
class Shown:
    """A node as the builder draws it."""

    path: str
    number: int  # position among its siblings, from 1
    siblings: int
    faults: Sequence[str] = ()
    items: Sequence[Shown] | None = None  # of a group
    match: str = ""
    kind: str = ""
    icon: str = ""
    row: Row | None = None
    faulty: frozenset[str] = field(default_factory=frozenset)  # parameters that carry a fault
    has_focus: bool = False

    @property
    def slug(self) -> str:
        """The path as a part of an id."""
        return self.path.replace(".", "-") or "root"

    @property
    def is_first(self) -> bool:
        return self.number == 1

    @property
    def is_last(self) -> bool:
        return self.number == self.siblings
