"""What does a person's timeline say about the messages to them, and what they did with them?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns import letters
from campaigns.models import Delivery, Outcome
from profiles.person import timeline
from profiles.person.timeline import Entry


def messages(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Return the messages to these people, each with how far it came. Two queries at most."""
    rows = Delivery.objects.filter(profile_id__in=profile_ids).select_related("campaign", "content")
    rows = rows.defer("campaign__draft", "campaign__undo", "campaign__redo", "content__html", "content__text")
    return [_entry(row) for row in timeline.newest(rows, "created_at", before=before, limit=limit)]


def answers(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    """Return what came back: opens, clicks, bounces, also those of programs. Two queries at most."""
    rows = Outcome.objects.filter(delivery__profile_id__in=profile_ids).select_related(
        "link", "delivery__campaign", "delivery__content"
    )
    rows = rows.only(
        *("kind", "at", "is_machine", "link__label", "link__url", "delivery__context", "delivery__campaign__name"),
        *("delivery__content__subject",),
    )
    return [_answer(row) for row in timeline.newest(rows, "at", before=before, limit=limit)]


def _answer(row: Outcome) -> Entry:
    told = letters.of_outcome(row)
    subject = letters.subject(row.delivery) if row.delivery.context else row.delivery.campaign.name
    parts = [_("“%(subject)s”") % {"subject": subject}, told.note]
    return Entry(
        at=row.at,
        kind="message",
        icon=told.icon,
        title=told.title,
        sentence=" · ".join(str(part) for part in parts if part),
        details=[(_("Campaign"), row.delivery.campaign.name)],
        tone=told.tone if told.tone in ("danger", "warning") else "",
        href=reverse("campaigns:delivery-detail", args=[row.delivery_id]),
    )


def _entry(row: Delivery) -> Entry:
    tone, icon = letters.LOOKS[Delivery.State(row.state)]
    subject = (letters.subject(row) if row.context else "") or row.campaign.name
    parts = [row.campaign.name, letters.why(row) or _came_to(row)]
    moments = [
        (_("Sent"), row.settled_at if row.state == Delivery.State.SENT else None),
        (_("Delivered"), row.delivered_at),
        (_("Opened"), row.opened_at),
        (_("Clicked"), row.clicked_at),
        (_("Bounced"), row.bounced_at),
        (_("Unsubscribed"), row.unsubscribed_at),
    ]
    return Entry(
        at=row.created_at,
        kind="message",
        icon="mail" if row.state == Delivery.State.SENT else icon,
        title=subject,
        sentence=" · ".join(str(part) for part in parts if part),
        details=[(label, at) for label, at in moments if at],
        tone=tone if row.state in (Delivery.State.FAILED, Delivery.State.UNKNOWN) else "",
        href=reverse("campaigns:delivery-detail", args=[row.pk]),
    )


def _came_to(row: Delivery) -> str:
    if row.unsubscribed_at:
        return _("made them unsubscribe")
    if row.clicked_at:
        return _("clicked")
    if row.opened_at:
        return _("opened")
    return _("delivered") if row.delivered_at else _("sent")
