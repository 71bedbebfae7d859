"""What do campaigns tell Home and the palette: the first steps, what runs now, what needs somebody?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import summary
from campaigns.models import Campaign, Policy, ProviderAccount, Sender, Template, TrialSend
from omni import home, search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omni.models import User

MOST_RUNNING = 8


def register() -> None:
    search.register("campaigns", gettext_lazy("Campaigns"), find_campaigns)
    search.register("templates", gettext_lazy("Templates"), find_templates)
    for step in STEPS:
        home.register_step(step)
    home.register_running(running)
    home.register_alerts(alerts)


def find_campaigns(query: str, user: User, limit: int) -> list[search.Hit]:
    """Return campaigns whose name holds every word. One query."""
    rows = Campaign.objects.order_by("-draft_saved_at", "-pk")
    for word in query.split():
        rows = rows.filter(name__icontains=word)
    return [
        search.Hit(one.name, one.get_absolute_url(), "speakerphone", one.get_state_display())
        for one in rows.only("pk", "name", "state")[:limit]
    ]


def find_templates(query: str, user: User, limit: int) -> list[search.Hit]:
    """Return templates in use whose name holds every word. One query."""
    rows = Template.objects.filter(archived_at=None).order_by("-updated_at", "-pk")
    for word in query.split():
        rows = rows.filter(name__icontains=word)
    return [
        search.Hit(one.name, one.get_absolute_url(), "template", Truncator(one.subject).chars(60))
        for one in rows.only("pk", "name", "subject")[:limit]
    ]


def running(user: User, now: datetime) -> Sequence[home.Running]:
    """Return live and paused campaigns with today's numbers, the latest first. Four queries."""
    states = [Campaign.State.LIVE, Campaign.State.PAUSED]
    found = Campaign.objects.filter(state__in=states).order_by("-live_at", "-pk")[:MOST_RUNNING]
    return [_running(one, now) for one in summary.summaries(list(found), now=now)]


def alerts(user: User, now: datetime) -> list[home.Alert]:
    """Say what keeps messages from going out. Two queries."""
    found = []
    policy = Policy.objects.filter(id=1).first()
    if policy and policy.stopped_at:
        found.append(
            home.Alert(
                _("All sending is stopped"),
                _("%(name)s pulled the emergency stop. Nothing goes out until sending is let go on.")
                % {"name": policy.stopped_by},
                reverse("campaigns:policy"),
                "danger",
                _("Look at sending"),
            )
        )
    accounts = ProviderAccount.objects.order_by("name", "pk")
    return found + [_account_alert(account) for account in accounts if _is_troubled(account, now)]


def _running(one: summary.Summary, now: datetime) -> home.Running:
    campaign = one.campaign
    report = reverse("campaigns:report-detail", args=[campaign.pk])
    figures = [home.Figure(_("inside now"), one.inside, report), home.Figure(_("sent today"), one.sent_today, report)]
    if campaign.goal_event:
        figures.append(home.Figure(_("reached the goal"), one.converted, report))
    is_live = campaign.state == Campaign.State.LIVE
    return home.Running(
        campaign.name,
        campaign.get_absolute_url(),
        one.sentence(now=now),
        icon="player-play" if is_live else "player-pause",
        figures=tuple(figures),
        tone="success" if is_live else "warning",
    )


def _is_troubled(account: ProviderAccount, now: datetime) -> bool:
    return account.paused_at is not None or (account.resting_until is not None and account.resting_until > now)


def _account_alert(account: ProviderAccount) -> home.Alert:
    title = _("“%(name)s” is paused") if account.paused_at else _("“%(name)s” cannot be reached")
    return home.Alert(
        title % {"name": account.name},
        account.trouble or _("Its messages wait and go out as soon as it works again."),
        reverse("campaigns:provider-list"),
        action=_("Look at providers"),
    )


def _has_sender(user: User, now: datetime) -> bool:
    return Sender.objects.exists()


def _has_campaign(user: User, now: datetime) -> bool:
    return Campaign.objects.exists()


def _has_tried(user: User, now: datetime) -> bool:
    return TrialSend.objects.filter(result="sent").exists()


def _has_launched(user: User, now: datetime) -> bool:
    return Campaign.objects.filter(live_at__isnull=False).exists()


STEPS = (
    home.Step(
        "sender",
        30,
        gettext_lazy("Say who letters come from"),
        gettext_lazy("A mail server that carries them, and the name and address people see."),
        "campaigns:sender-list",
        _has_sender,
        gettext_lazy("Add a sender"),
    ),
    home.Step(
        "campaign",
        40,
        gettext_lazy("Draw your first campaign"),
        gettext_lazy("Who starts it, what they get and when: one card for each step."),
        "campaigns:campaign-create",
        _has_campaign,
        gettext_lazy("New campaign"),
    ),
    home.Step(
        "trial",
        50,
        gettext_lazy("Send yourself a test"),
        gettext_lazy("See the letter as a real person would get it, in your own inbox."),
        "campaigns:template-list",
        _has_tried,
        gettext_lazy("Open the templates"),
    ),
    home.Step(
        "launch",
        60,
        gettext_lazy("Launch it"),
        gettext_lazy("A part of the people gets nothing, so that you will know what it brought."),
        "campaigns:campaign-list",
        _has_launched,
        gettext_lazy("Open the campaigns"),
    ),
)
