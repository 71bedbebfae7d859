"""What can one begin with? Journeys that work, with what the company has already put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from campaigns import graph
from campaigns.graph import Graph, Spot

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from campaigns.steps.base import Params
    from campaigns.steps.library import Library

SIGNED_UP = ("Signed Up", "User Signed Up", "Account Created", "Registered", "Subscribed")
BOUGHT = ("Order Completed", "Order completed", "Purchase", "Purchased", "Order Placed")


@dataclass(frozen=True)
class Recipe:
    key: str
    label: str | _StrPromise
    text: str | _StrPromise
    steps: tuple[str | _StrPromise, ...]  # the journey in words, for the card
    icon: str
    make: Callable[[Library], Graph]


def _blank(library: Library) -> Graph:
    return graph.blank({"source": "segment", "segment": None})


def _newsletter(library: Library) -> Graph:
    made = graph.blank({"source": "segment", "segment": _only(library.segments)})
    return _add(made, Spot("entry", "next"), "letter", "message", _letter(library, 2))


def _welcome(library: Library) -> Graph:
    entry = {"source": "event", "event": _known(library, SIGNED_UP), "again": "never"}
    made = graph.blank(entry)
    made = _add(made, Spot("entry", "next"), "welcome", "message", _letter(library, 1))
    made = _add(made, Spot("welcome", "next"), "pause", "wait", _days(2))
    made = _add(made, Spot("pause", "next"), "read", "branch", {"ask": "opened", "step": "welcome"})
    made = _add(made, Spot("read", "yes"), "next_letter", "message", _letter(library, 1))
    made = _add(made, Spot("read", "no"), "longer", "wait", _days(2))
    return _add(made, Spot("longer", "next"), "again", "message", _letter(library, 1))


def _win_back(library: Library) -> Graph:
    rule = {"kind": "weekly", "time": "10:00", "weekdays": [1]}
    entry = {"source": "schedule", "segment": _only(library.segments), "rule": rule, "again": "after", "again_days": 90}
    made = graph.blank(entry)
    made = _add(made, Spot("entry", "next"), "miss_you", "message", _letter(library, 2))
    made = _add(made, Spot("miss_you", "next"), "pause", "wait", _days(3))
    made = _add(made, Spot("pause", "next"), "bought", "branch", {"ask": "did", "event": _known(library, BOUGHT)})
    made = _add(made, Spot("bought", "yes"), "back", "exit", {})
    return _add(made, Spot("bought", "no"), "reminder", "message", _letter(library, 1))


RECIPES = (
    Recipe(
        "newsletter",
        _("Newsletter to a segment"),
        _("One letter to everybody in a segment, at once, in two wordings against each other."),
        (_("Everyone in a segment"), _("One of 2 letters")),
        "mail-fast",
        _newsletter,
    ),
    Recipe(
        "welcome",
        _("Welcome"),
        _("Greets whoever signs up, and goes on by whether they opened the first letter."),
        (_("Whoever signs up"), _("A letter"), _("2 days"), _("Opened?")),
        "mood-smile",
        _welcome,
    ),
    Recipe(
        "win_back",
        _("Win back"),
        _("Every Tuesday, to those who have become quiet. Whoever buys is left alone, the others are reminded."),
        (_("A segment, every Tuesday"), _("One of 2 letters"), _("3 days"), _("Bought?")),
        "refresh",
        _win_back,
    ),
    Recipe("blank", _("From scratch"), _("Only the entry. Add steps where you want them."), (), "plus", _blank),
)


def find(key: str) -> Recipe | None:
    return next((recipe for recipe in RECIPES if recipe.key == key), None)


def _add(made: Graph, at: Spot, key: str, kind: str, params: Params) -> Graph:
    return graph.insert(made, at=at, key=key, kind=kind, params=params)


def _letter(library: Library, variants: int) -> Params:
    template = _only(library.templates)
    rows = [{"name": letter, "template": template, "share": 100 // variants} for letter in "AB"[:variants]]
    return {"channel": "email", "sender": None, "variants": rows}


def _days(amount: int) -> Params:
    return {"mode": "for", "amount": amount, "unit": "days"}


def _only(rows: dict[int, Any]) -> int | None:
    """Return the one there is; among several the marketer chooses."""
    return next(iter(rows)) if len(rows) == 1 else None


def _known(library: Library, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in library.events), "")
