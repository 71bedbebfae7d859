"""What is a campaign doing right now, in one line?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import Campaign, Delivery, Enrolment, Fire
from omni import figures

BADGES = {
    Campaign.State.DRAFT: (gettext_lazy("Draft"), "neutral", "pencil"),
    Campaign.State.LIVE: (gettext_lazy("Live"), "success", "player-play"),
    Campaign.State.PAUSED: (gettext_lazy("Paused"), "warning", "player-pause"),
    Campaign.State.STOPPED: (gettext_lazy("Stopped"), "danger", "player-stop"),
    Campaign.State.FINISHED: (gettext_lazy("Finished"), "info", "flag"),
}
A_WEEK = timedelta(days=6)


@dataclass(frozen=True)
class Summary:
    """`entered`, `inside` and `converted` count people's entries, `sent` messages."""

    campaign: Campaign
    entered: int = 0
    inside: int = 0
    converted: int = 0
    sent: int = 0
    sent_today: int = 0
    planned_at: datetime | None = None
    missed: int = 0

    @property
    def badge(self) -> tuple[str, str, str]:
        label, tone, icon = BADGES[Campaign.State(self.campaign.state)]
        return str(label), tone, icon

    @property
    def share_converted(self) -> float | None:
        return self.converted / self.entered if self.entered else None

    def sentence(self, *, now: datetime) -> str:
        """Return "Live since Monday. 312 people inside, 41 messages today."."""
        parts = [_state(self.campaign, now)]
        if self.campaign.is_running:
            parts.append(self._inside())
            if self.planned_at:
                parts.append(_("Next start %(when)s.") % {"when": day_and_time(self.planned_at, now=now)})
        elif self.campaign.has_ended and self.entered:
            parts.append(_people(self.entered, _("%(people)s came in.")))
        if self.missed:
            missed = ngettext("%(n)s start was missed.", "%(n)s starts were missed.", self.missed)
            parts.append(missed % {"n": self.missed})
        return " ".join(parts)

    def _inside(self) -> str:
        if not self.entered:
            return _("Nobody came in yet.")
        inside = _people(self.inside, _("%(people)s inside"))
        today = ngettext("%(n)s message today", "%(n)s messages today", self.sent_today)
        return f"{inside}, {today % {'n': figures.number(self.sent_today)}}."


def summaries(campaigns: Sequence[Campaign], *, now: datetime) -> list[Summary]:
    """Return a summary for each of the campaigns of a page. Three queries for any number of them."""
    keys = [campaign.pk for campaign in campaigns]
    entered = _grouped(
        Enrolment.objects.filter(campaign__in=keys)
        .values("campaign")
        .annotate(
            entered=Count("pk"),
            inside=Count("pk", filter=Q(state=Enrolment.State.ACTIVE)),
            converted=Count("pk", filter=Q(converted_at__isnull=False)),
        )
    )
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    sent = _grouped(
        Delivery.objects.filter(campaign__in=keys, state=Delivery.State.SENT)
        .values("campaign")
        .annotate(sent=Count("pk"), sent_today=Count("pk", filter=Q(settled_at__gte=midnight)))
    )
    planned = _grouped(_fires(keys))
    return [
        Summary(campaign, **{**entered.get(campaign.pk, {}), **sent.get(campaign.pk, {}), **planned.get(campaign.pk, {})})
        for campaign in campaigns
    ]


def day_and_time(at: datetime, *, now: datetime) -> str:
    """Return "today at 10:00", "on Monday at 10:00" within a week, else the date, in the viewer's zone."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    values = {"time": date_format(local, "H:i"), "day": date_format(local, "l"), "date": date_format(local, "j M Y")}
    if local.date() == today:
        return _("today at %(time)s") % values
    if abs(local.date() - today) <= A_WEEK:
        return _("on %(day)s at %(time)s") % values
    return _("on %(date)s at %(time)s") % values


def _fires(keys: Sequence[int]) -> Iterable[Mapping[str, Any]]:
    return (
        Fire.objects.filter(campaign__in=keys)
        .values("campaign")
        .annotate(
            planned_at=Min("due_at", filter=Q(state=Fire.State.PLANNED)),
            missed=Count("pk", filter=Q(state=Fire.State.MISSED)),
        )
    )


def _grouped(rows: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    return {row["campaign"]: {name: value for name, value in row.items() if name != "campaign"} for row in rows}


def _state(campaign: Campaign, now: datetime) -> str:
    moment = {
        Campaign.State.LIVE: campaign.live_at,
        Campaign.State.PAUSED: campaign.paused_at,
        Campaign.State.STOPPED: campaign.ended_at,
        Campaign.State.FINISHED: campaign.ended_at,
    }.get(Campaign.State(campaign.state))
    if moment is None:
        return _("A draft: nobody gets anything yet.")
    words = {
        Campaign.State.LIVE: _("Live since %(since)s."),
        Campaign.State.PAUSED: _("Paused since %(since)s: nobody moves and nothing is sent."),
        Campaign.State.STOPPED: _("Stopped on %(since)s."),
        Campaign.State.FINISHED: _("Finished on %(since)s."),
    }
    return words[Campaign.State(campaign.state)] % {"since": _day(moment, now)}


def _day(at: datetime, now: datetime) -> str:
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    if local.date() == today:
        return date_format(local, "H:i")
    return date_format(local, "l" if today - local.date() <= A_WEEK else "j M Y")


def _people(count: int, words: str) -> str:
    people = ngettext("%(n)s person", "%(n)s people", count) % {"n": figures.number(count)}
    return words % {"people": people}
