"""By which addresses may this person be reached, about what, and if not, why? In words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.consent import snoozing, topics
from profiles.consent.subscribing import DOUBLE_OPT_IN
from profiles.hygiene import verdict
from profiles.models import AddressCheck, Consent, ConsentState, ContactPoint, Suppression, Topic

ICONS = {"email": "mail", "phone": "phone"}
CHANNELS = {"email": gettext_lazy("E-mail"), "phone": gettext_lazy("Phone")}
GRANTED, PENDING = Consent.Status.GRANTED, Consent.Status.PENDING


@dataclass(frozen=True)
class Word:
    """The state of one address for the channel or for a topic. `tone` is of the badge, `reason` a sentence."""

    label: str
    tone: str
    icon: str
    reason: str
    since_at: datetime | None = None


@dataclass(frozen=True)
class About:
    topic: Topic
    word: Word


@dataclass(frozen=True)
class Reach:
    """One address with its permission, the word on each topic, and the suppression that outweighs both."""

    point: ContactPoint
    icon: str
    permission: Word
    topics: list[About]
    suppression: Suppression | None
    check: Word | None = None  # whether the address itself can be written to, as far as somebody looked

    @property
    def is_open(self) -> bool:
        return self.permission.tone == "success"


def channel_in_words(channel: str) -> str:
    return str(CHANNELS.get(channel, channel))


def of(points: Iterable[ContactPoint], *, now: datetime) -> list[Reach]:
    """Return how each of these addresses stands. Five queries for any number of addresses."""
    listed = list(points)
    addresses = {point.address for point in listed}
    states = _states(addresses)
    blocked = Suppression.objects.filter(address__in=addresses | {_domain_of(one) for one in addresses}, lifted_at=None)
    by_address = {(row.channel, row.address): row for row in blocked}
    suppressions = {
        point.pk: by_address.get((point.kind, point.address)) or by_address.get((point.kind, _domain_of(point.address)))
        for point in listed
    }
    pauses = snoozing.until(addresses=addresses, now=now)
    offered = list(topics.offered())
    checks = {(row.kind, row.address): _checked(row) for row in AddressCheck.objects.filter(address__in=addresses)}
    reaches = [
        _reach(point, states, suppressions[point.pk], pauses.get((point.kind, point.address)), offered) for point in listed
    ]
    return [replace(reach, check=checks.get((reach.point.kind, reach.point.address))) for reach in reaches]


def _domain_of(address: str) -> str:
    """Return what blocks the whole domain of an e-mail address."""
    return f"@{address.rpartition('@')[2]}"


def _checked(row: AddressCheck) -> Word:
    tone, icon = verdict.TONES[row.state]
    told = verdict.REASONS.get(row.reason)
    sentence = str(told.sentence) if told else ""
    if row.suggestion and row.suggestion_refused_at is None:
        sentence += " " + _("Probably meant: %(address)s.") % {"address": row.suggestion}
    return Word(str(row.get_state_display()), tone, icon, sentence, row.checked_at)


def _states(addresses: Collection[str]) -> dict[tuple[str, str, str], ConsentState]:
    rows = ConsentState.objects.filter(address__in=addresses).select_related("consent")
    return {(state.channel, state.address, state.topic): state for state in rows}


def _reach(
    point: ContactPoint,
    states: dict[tuple[str, str, str], ConsentState],
    suppression: Suppression | None,
    paused_until: datetime | None,
    offered: list[Topic],
) -> Reach:
    channel = states.get((point.kind, point.address, ""))
    permission = _permission(channel, suppression, paused_until)
    about = [About(topic, _about(topic, states.get((point.kind, point.address, topic.key)))) for topic in offered]
    return Reach(point, ICONS.get(point.kind, "at"), permission, about, suppression)


def _permission(state: ConsentState | None, suppression: Suppression | None, paused_until: datetime | None) -> Word:
    if suppression is not None:
        reason = _("%(reason)s. Nothing is sent to it until the block is lifted.") % {"reason": suppression.get_reason_display()}
        return Word(_("Blocked"), "danger", "ban", reason, suppression.at)
    if state is None:
        return Word(_("Never asked"), "neutral", "question-mark", _("Nothing is sent: nobody asked for a permission yet."))
    if state.status == PENDING:
        reason = _("Nothing is sent: the address has yet to answer the letter that asks for a confirmation.")
        return Word(_("Yet to confirm"), "info", "hourglass", reason, state.since_at)
    if state.status == GRANTED and paused_until is not None:
        reason = _("Wished a break until %(day)s; may be written to after it.") % {
            "day": date_format(paused_until, "DATE_FORMAT")
        }
        return Word(_("On a break"), "warning", "player-pause", reason, state.since_at)
    if state.status == GRANTED and state.consent.method == DOUBLE_OPT_IN:
        return Word(_("Confirmed"), "success", "checks", _("May be written to: the address itself confirmed it."), state.since_at)
    if state.status == GRANTED:
        return Word(_("Opted in"), "success", "check", _("May be written to."), state.since_at)
    return Word(_("Opted out"), "warning", "x", _("Nothing is sent: the person does not want it."), state.since_at)


def _about(topic: Topic, state: ConsentState | None) -> Word:
    if state is not None and state.status == PENDING and not topic.is_default:
        return Word(topic.name, "info", "hourglass", _("Signed up for this topic, and has yet to confirm."), state.since_at)
    if state is not None and state.status == PENDING:
        state = None
    if state is None and topic.is_default:
        return Word(topic.name, "success", "check", _("Nobody was asked about this topic; it is on for everyone by default."))
    if state is None:
        return Word(topic.name, "neutral", "question-mark", _("Never asked about this topic, and it is not on by default."))
    if state.status == GRANTED and state.consent.method == DOUBLE_OPT_IN:
        return Word(topic.name, "success", "checks", _("Asked for this topic and confirmed it."), state.since_at)
    if state.status == GRANTED:
        return Word(topic.name, "success", "check", _("Asked for this topic."), state.since_at)
    return Word(topic.name, "warning", "x", _("Does not want this topic."), state.since_at)
