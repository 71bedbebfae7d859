"""What does a letter say that a person asked for? In their language, when somebody translated it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.models import Content
from campaigns.tracking import links
from campaigns.tracking.links import Kind, Place

if TYPE_CHECKING:
    from campaigns.models import RequestedLetter
    from omni.models import Company

CONFIRM_SUBSCRIPTION = "confirm_subscription"
CONFIRM_ADDRESS = "confirm_address"

# Filled in as data: nothing that a person or the company typed is read as markup.
_CONTENT = Content(
    subject="{{ subject }}",
    html=Path(__file__).with_name("letter.html").read_text(encoding="utf-8"),
    text="{{ heading }}\n\n{{ said }}\n\n{{ button }}:\n{{ link }}\n\n{{ note }}\n\n-- \n{{ company }}\n{{ postal_address }}\n",
    hash="requested-letter-1",
)


def content() -> Content:
    return _CONTENT


def of(letter: RequestedLetter, company: Company) -> dict[str, Any] | None:
    """Return the words of the letter; None when this version does not know its kind."""
    words = _KINDS.get(letter.kind)
    if words is None:
        return None
    known = {code for code, _name in settings.LANGUAGES}
    language = letter.language if letter.language in known else settings.LANGUAGE_CODE
    with translation.override(language):
        values = {"company": company.name, "topic": letter.context.get("topic", "")}
        return {
            **words(letter, values),
            "note": _("If it was not you, do nothing: without this confirmation nothing happens."),
            "language": language,
            "company": company.name,
            "postal_address": company.postal_address,
        }


def _confirm_subscription(letter: RequestedLetter, values: dict[str, str]) -> dict[str, str]:
    return {
        "subject": _("Please confirm: %(topic)s") % values,
        "heading": _("One more step"),
        "said": _("Somebody, we hope it was you, signed this address up for “%(topic)s” of %(company)s.") % values,
        "button": _("Yes, sign me up"),
        "link": links.address(Kind.CONFIRM, Place(letter.context["consent"]), signer=letter.context["signer"]),
    }


def _confirm_address(letter: RequestedLetter, values: dict[str, str]) -> dict[str, str]:
    return {
        "subject": _("Please confirm your new address"),
        "heading": _("Your new address"),
        "said": _("Somebody, we hope it was you, wants to get the letters of %(company)s at this address.") % values,
        "button": _("Yes, write to this address"),
        "link": links.address(Kind.ADDRESS, Place(letter.pk), signer=letter.context["signer"]),
    }


_KINDS: dict[str, Callable[[RequestedLetter, dict[str, str]], dict[str, str]]] = {
    CONFIRM_SUBSCRIPTION: _confirm_subscription,
    CONFIRM_ADDRESS: _confirm_address,
}
