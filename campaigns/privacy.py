"""What do campaigns hold about a person, and what becomes of it in an erasure?

Rows that reports count stay, without anything that says who it was: the audience remains the sum of its states.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.delivery import outbox
from campaigns.models import Attempt, Delivery, Enrolment, Outcome, RequestedLetter, TrialSend, Visit
from profiles.privacy.holdings import CHUNK, Fate, Holding, by_profile, register

if TYPE_CHECKING:
    from profiles.privacy.holdings import Subject

ERASED = "person_erased"


def declare() -> None:
    why = _("Reports count these rows; nothing in them says who it was.")
    letters = (
        *("created_at", "campaign__name", "channel", "address", "variant", "state", "reason", "context", "settled_at"),
        *("delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at", "unsubscribed_at"),
    )
    journeys = ("campaign__name", "entered_at", "ended_at", "state", "reason", "is_control", "converted_at", "conversion_value")
    # Journeys first: what is on its way ends with them.
    register(
        Holding(
            "enrolment",
            _("Campaigns they were in"),
            Enrolment,
            by_profile(Enrolment),
            Fate.NAMELESS,
            journeys,
            take=_end,
            why=why,
        )
    )
    stays = ("step__key", "entered_at", "left_at", "port")
    register(Holding("visit", _("Steps of campaigns"), Visit, by_profile(Visit), Fate.NAMELESS, stays, take=_nothing, why=why))
    register(
        Holding("delivery", _("Messages to them"), Delivery, by_profile(Delivery), Fate.NAMELESS, letters, take=_blank, why=why)
    )
    tries = ("at", "result", "detail")
    about = by_profile(Attempt, "delivery__profile_id")
    register(Holding("attempt", _("Tries to send"), Attempt, about, Fate.NAMELESS, tries, blank={"detail": ""}, why=why))
    answers = ("at", "kind", "delivery__campaign__name", "is_machine", "user_agent")
    about = by_profile(Outcome, "delivery__profile_id")
    register(
        Holding(
            "outcome", _("What they did with messages"), Outcome, about, Fate.NAMELESS, answers, blank={"user_agent": ""}, why=why
        )
    )
    register(
        Holding(
            "trialsend", _("Letters to try a template out"), TrialSend, _trials, fields=("at", "address", "subject", "result")
        )
    )
    asked = ("due_at", "kind", "address", "language", "context", "state")
    register(Holding("requestedletter", _("Letters they asked for"), RequestedLetter, _letters, fields=asked))


def _letters(subject: Subject) -> QuerySet[Any]:
    return RequestedLetter.objects.filter(address__in=[address for _, address in subject.addresses])


def _nothing(subject: Subject, now: datetime) -> int:
    return 0


def _end(subject: Subject, now: datetime) -> int:
    """Send them home from every journey, and cancel what is on its way."""
    inside = Enrolment.objects.filter(profile_id__in=subject.profile_ids, state=Enrolment.State.ACTIVE)
    ids = list(inside.order_by("pk").select_for_update().values_list("pk", flat=True)[:CHUNK])
    if not ids:
        return 0
    Enrolment.objects.filter(pk__in=ids).update(state=Enrolment.State.LEFT, reason=ERASED, ended_at=now, due_at=None)
    Visit.objects.filter(enrolment__in=ids, left_at=None).update(left_at=now)
    outbox.cancel(enrolment_ids=ids, reason=ERASED, now=now)
    return len(ids)


def _blank(subject: Subject, now: datetime) -> int:
    named = Delivery.objects.filter(profile_id__in=subject.profile_ids).exclude(
        address="", context=None, detail="", provider_ref=""
    )
    ids = list(named.values_list("pk", flat=True)[:CHUNK])
    return int(Delivery.objects.filter(pk__in=ids).update(address="", context=None, detail="", provider_ref=""))


def _trials(subject: Subject) -> QuerySet[Any]:
    addresses = [address for _, address in subject.addresses]
    return TrialSend.objects.filter(Q(profile_id__in=subject.profile_ids) | Q(address__in=addresses))
