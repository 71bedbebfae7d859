"""What became of one message, and what did it say?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from campaigns import reasons
from campaigns.channels import wording
from campaigns.models import Attempt, Delivery, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.functional import _StrPromise

# (tone, icon) of the badge of each state.
LOOKS = {
    Delivery.State.OPEN: ("info", "clock"),
    Delivery.State.SENT: ("success", "check"),
    Delivery.State.SUPPRESSED: ("neutral", "ban"),
    Delivery.State.FAILED: ("danger", "x"),
    Delivery.State.EXPIRED: ("neutral", "hourglass"),
    Delivery.State.CANCELLED: ("neutral", "circle-minus"),
    Delivery.State.UNKNOWN: ("warning", "help"),
}
OUTCOMES = {
    Outcome.Kind.DELIVERED: ("success", "mail-check"),
    Outcome.Kind.OPENED: ("info", "mail-opened"),
    Outcome.Kind.CLICKED: ("info", "hand-click"),
    Outcome.Kind.BOUNCED: ("danger", "mail-x"),
    Outcome.Kind.COMPLAINED: ("danger", "alert-triangle"),
    Outcome.Kind.UNSUBSCRIBED: ("warning", "mail-off"),
}


@dataclass(frozen=True)
class Happening:
    """One line of a message's story."""

    at: datetime
    icon: str
    title: str | _StrPromise
    note: str | _StrPromise = ""
    tone: str = ""


def why(delivery: Delivery) -> str:
    """Say in one sentence why a message was not sent or still waits; '' for one that was sent."""
    if delivery.state == Delivery.State.SENT:
        return ""
    code = delivery.waiting if delivery.state == Delivery.State.OPEN else delivery.reason
    if not code:
        return _("Next in line")
    return reasons.sentence(code)


def subject(delivery: Delivery, attributes: Mapping[str, Any] | None = None) -> str:
    """Return the subject as the person got it; when it was never made, as it would be with these attributes."""
    content = delivery.content
    if content is None:
        return ""
    known = delivery.context or {**(attributes or {}), "person": attributes or {}}
    try:
        return wording.fill(wording.parse(content.subject), known).strip()
    except wording.WordingError:
        return content.subject


def body(delivery: Delivery) -> str:
    """Return the letter as it was sent, with links that count nothing; '' when it was never made."""
    if delivery.content is None or not delivery.context:
        return ""
    links = [link.url for link in delivery.content.links.order_by("position")]
    known = {
        **delivery.context,
        "unsubscribe_url": "#",
        "preferences_url": "#",
        "omni": {"links": links, "pixel": None, "trap": None},
    }
    try:
        return wording.fill(wording.parse(delivery.content.html, html=True), known)
    except wording.WordingError:
        return ""


def story(delivery: Delivery, attempts: Sequence[Attempt], outcomes: Sequence[Outcome]) -> list[Happening]:
    """Return all that happened to a message, oldest first. `outcomes` with their links loaded. Pure."""
    lines = [Happening(delivery.created_at, "inbox", _("Put into the outbox"))]
    lines += [_of_attempt(attempt) for attempt in attempts]
    if delivery.settled_at and not any(attempt.result == delivery.state for attempt in attempts):
        tone, icon = LOOKS[Delivery.State(delivery.state)]
        title = Delivery.State(delivery.state).label
        lines.append(Happening(delivery.settled_at, icon, title, why(delivery) or delivery.detail, tone))
    lines += [of_outcome(outcome) for outcome in outcomes]
    return sorted(lines, key=lambda line: line.at)


def _of_attempt(attempt: Attempt) -> Happening:
    if attempt.result == "retry":
        return Happening(attempt.at, "refresh", _("Not taken yet; will be tried again"), attempt.detail, "warning")
    if attempt.result == "doubt":
        return Happening(attempt.at, "help", _("The answer got lost; will be asked again"), attempt.detail, "warning")
    tone, icon = LOOKS[Delivery.State(attempt.result)]
    titles = {
        Delivery.State.SENT: _("Handed over"),
        Delivery.State.FAILED: _("Refused"),
        Delivery.State.UNKNOWN: _("Handed over, but the answer got lost"),
    }
    return Happening(attempt.at, icon, titles[Delivery.State(attempt.result)], attempt.detail, tone)


def of_outcome(outcome: Outcome) -> Happening:
    """Return what came back as a line; the outcome's link must be loaded."""
    kind = Outcome.Kind(outcome.kind)
    tone, icon = OUTCOMES[kind]
    note = outcome.link.label or outcome.link.url if outcome.link else ""
    if outcome.is_machine:
        return Happening(outcome.at, "robot", _("%(what)s, by a program") % {"what": kind.label}, note)
    return Happening(outcome.at, icon, kind.label, note, tone)
