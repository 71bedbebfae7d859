"""What do all the facts about one address come to? Pure: the same facts, the same verdict.

The order of `_RULES` is the order of trust: what is no address, then what we saw ourselves (a letter that came back, a
person who opened one), then what the domain says, then what a verifier says, then lists. Where nobody answered the
verdict is `unknown`; only a definite "no" makes an address undeliverable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from profiles.hygiene.verifiers.base import Answer
from profiles.models import AddressCheck, DomainCheck

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

State = AddressCheck.State
Outcome = DomainCheck.Outcome


@dataclass(frozen=True)
class Reason:
    """Why an address is in its state. `method` names who said so when nobody more exact did."""

    state: str
    score: int | None
    label: str | _StrPromise
    sentence: str | _StrPromise
    method: str = ""


REASONS: dict[str, Reason] = {
    "not_checked": Reason(State.UNVERIFIED, None, _("Not checked yet"), _("Nobody has looked at this address yet.")),
    "domain_accepts": Reason(
        State.UNVERIFIED,
        70,
        _("The domain takes mail"),
        _("Nothing speaks against it: the domain takes mail. Whether this mailbox exists was not asked."),
        "dns",
    ),
    "human_act": Reason(
        State.DELIVERABLE, 100, _("Opened or clicked a letter"), _("A person opened or clicked a letter sent to it."), "history"
    ),
    "accepted": Reason(State.DELIVERABLE, 95, _("The mailbox exists"), _("The mail server knows this mailbox."), "verifier"),
    "accept_all": Reason(
        State.RISKY,
        50,
        _("The domain accepts everything"),
        _("The mail server says yes to every name, so nobody knows whether this mailbox exists."),
        "verifier",
    ),
    "full_mailbox": Reason(
        State.RISKY, 40, _("The mailbox is full"), _("The mailbox exists and takes nothing more."), "verifier"
    ),
    "role": Reason(
        State.RISKY, 55, _("Of a task, not of a person"), _("Such as info@ or sales@: several people read it, or nobody."), "list"
    ),
    "low_quality": Reason(
        State.RISKY, 30, _("Reads like a filler"), _("It looks typed to get past a form, such as asdf@ or 1111@."), "list"
    ),
    "misspelt": Reason(
        State.RISKY, 20, _("The domain looks misspelt"), _("The domain is one slip away from a well-known one."), "list"
    ),
    "disposable": Reason(
        State.RISKY, 10, _("A throw-away address"), _("The domain gives mailboxes that live for minutes."), "list"
    ),
    "syntax": Reason(State.UNDELIVERABLE, 0, _("Not an address"), _("This is not written as an e-mail address is."), "syntax"),
    "no_domain": Reason(State.UNDELIVERABLE, 0, _("The domain does not exist"), _("Nobody has registered this domain."), "dns"),
    "no_mail_server": Reason(
        State.UNDELIVERABLE, 0, _("No mail server"), _("The domain exists and has no server that takes mail."), "dns"
    ),
    "refuses_mail": Reason(
        State.UNDELIVERABLE, 0, _("The domain takes no mail"), _("The domain says itself that it takes no mail (null MX)."), "dns"
    ),
    "hard_bounced": Reason(
        State.UNDELIVERABLE, 0, _("A letter came back"), _("A letter to it came back: there is no such mailbox."), "history"
    ),
    "rejected": Reason(
        State.UNDELIVERABLE, 0, _("No such mailbox"), _("The mail server does not know this mailbox."), "verifier"
    ),
    "timeout": Reason(
        State.UNKNOWN,
        None,
        _("No answer in time"),
        _("The name system or the mail server did not answer. It is tried again."),
        "dns",
    ),
    "greylisted": Reason(
        State.UNKNOWN,
        None,
        _("Asked to come again later"),
        _("The mail server asked to come again later. It is tried again."),
        "verifier",
    ),
    "mobile": Reason(State.DELIVERABLE, 90, _("A mobile number"), _("The number is of a mobile network."), "numbering"),
    "line_unknown": Reason(
        State.UNVERIFIED,
        60,
        _("Mobile or landline"),
        _("In this country mobile and landline numbers look alike."),
        "numbering",
    ),
    "landline": Reason(State.RISKY, 30, _("A landline"), _("A landline takes no text messages."), "numbering"),
    "special_number": Reason(
        State.RISKY, 20, _("A special number"), _("Such as a toll-free or premium number: no person's phone."), "numbering"
    ),
    "invalid_number": Reason(
        State.UNDELIVERABLE, 0, _("No such number"), _("No network of the country gives such numbers."), "numbering"
    ),
}

# Tone and icon of the badge of each state.
TONES: dict[str, tuple[str, str]] = {
    State.DELIVERABLE: ("success", "circle-check"),
    State.UNVERIFIED: ("info", "mail"),
    State.RISKY: ("warning", "alert-triangle"),
    State.UNKNOWN: ("neutral", "question-mark"),
    State.UNDELIVERABLE: ("danger", "mail-x"),
}

# What a verifier could still decide; everything else is decided for nothing.
UNDECIDED = frozenset({"domain_accepts", "role", "low_quality"})


_DENIALS: dict[str, str] = {
    Outcome.NO_DOMAIN: "no_domain",
    Outcome.NO_MAIL: "no_mail_server",
    Outcome.REFUSES: "refuses_mail",
}
_DOUBTS: dict[str, str] = {Answer.ACCEPT_ALL: "accept_all", Answer.FULL: "full_mailbox"}


@dataclass(frozen=True)
class Facts:
    """What is known about one e-mail address. `domain_outcome` None: nobody looked."""

    is_address: bool = True
    hard_bounced_at: datetime | None = None
    human_at: datetime | None = None
    domain_outcome: str | None = None
    is_disposable: bool = False
    is_role: bool = False
    is_low_quality: bool = False
    is_misspelt: bool = False
    answer: str = ""  # verifiers.base.Answer; '' when nobody was asked


def decide(facts: Facts) -> str:
    """Return the code of the reason that these facts come to."""
    return next(code for rule in _RULES if (code := rule(facts)))


def _of_syntax(facts: Facts) -> str:
    return "" if facts.is_address else "syntax"


def _of_history(facts: Facts) -> str:
    bounced, human = facts.hard_bounced_at, facts.human_at
    if bounced is not None and (human is None or human < bounced):
        return "hard_bounced"
    return "human_act" if human is not None else ""


def _of_domain(facts: Facts) -> str:
    return _DENIALS.get(facts.domain_outcome or "", "")


def _of_a_refusal(facts: Facts) -> str:
    return "rejected" if facts.answer == Answer.REJECTED else ""


def _of_lists(facts: Facts) -> str:
    # Misspelt first: slips of the great domains are registered by people who collect what goes astray, and listed as such.
    if facts.is_misspelt:
        return "misspelt"
    return "disposable" if facts.is_disposable else ""


def _of_silence(facts: Facts) -> str:
    if facts.answer == Answer.GREYLISTED:
        return "greylisted"
    is_silent = facts.domain_outcome == Outcome.UNKNOWN and not facts.answer
    return "timeout" if is_silent or facts.answer == Answer.TIMEOUT else ""


def _of_the_verifier(facts: Facts) -> str:
    return _DOUBTS.get(facts.answer, "")


def _of_weaker_lists(facts: Facts) -> str:
    if facts.is_role:
        return "role"
    return "low_quality" if facts.is_low_quality or facts.answer == Answer.LOW_QUALITY else ""


def _of_the_rest(facts: Facts) -> str:
    if facts.answer == Answer.ACCEPTED:
        return "accepted"
    return "not_checked" if facts.domain_outcome is None else "domain_accepts"


_RULES: tuple[Callable[[Facts], str], ...] = (
    _of_syntax,
    _of_history,
    _of_domain,
    _of_a_refusal,
    _of_lists,
    _of_silence,
    _of_the_verifier,
    _of_weaker_lists,
    _of_the_rest,
)
