"""With which letters can one begin? Finished MJML that says where its words come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Starter:
    """One letter of the gallery; its body lies beside this file."""

    key: str
    label: str | _StrPromise
    purpose: str | _StrPromise
    subject: str
    preheader: str
    icon: str

    @property
    def body(self) -> str:
        return (FOLDER / f"{self.key}.mjml").read_text(encoding="utf-8")


STARTERS = (
    Starter(
        "welcome",
        _("Welcome"),
        _("The first letter to somebody new: who you are and what to do next."),
        "Welcome, {{ person.first_name | default: 'good to have you' }}",
        "Three things to look at first.",
        "door-enter",
    ),
    Starter(
        "newsletter",
        _("Newsletter"),
        _("One main story and two smaller ones, each with a link."),
        "What is new at {{ company.name }}",
        "The best of this month in two minutes.",
        "news",
    ),
    Starter(
        "offer",
        _("Offer"),
        _("One product, one price, one button."),
        "{{ person.first_name | default: 'For you' }}: 15 % off until Sunday",
        "Only for readers of this letter.",
        "discount",
    ),
    Starter(
        "winback",
        _("Win back"),
        _("For people who have not been seen for long: a reason to return."),
        "We kept your place, {{ person.first_name | default: 'friend' }}",
        "A lot has changed since your last visit.",
        "heart",
    ),
    Starter("blank", _("Empty page"), _("A header, one paragraph and the foot that the law asks for."), "", "", "file"),
)


def find(key: str) -> Starter | None:
    return next((starter for starter in STARTERS if starter.key == key), None)
