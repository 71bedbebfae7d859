"""Which results does Home show? The latest campaigns that people entered, each with its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.urls import reverse

from campaigns.models import Campaign, Enrolment
from campaigns.reports import campaign as campaign_report
from campaigns.reports import words
from campaigns.reports.campaign import Report
from campaigns.reports.facts import Scope
from omni import home
from omni.roles import Right, may

if TYPE_CHECKING:
    from omni.models import User

SHOWN = 5


def results(user: User, now: datetime) -> Sequence[home.Result]:
    """Return the verdicts on the latest campaigns with a goal. Costs two queries."""
    if not may(user, Right.VIEW):
        return []
    entered = Enrolment.objects.filter(campaign=OuterRef("pk"))
    campaigns = list(Campaign.objects.filter(Exists(entered)).exclude(goal_event="").order_by("-live_at", "-pk")[:SHOWN])
    if not campaigns:
        return []
    ends = campaign_report.ends_in(Scope(tuple(one.pk for one in campaigns), None, ()))
    reports = [Report(one, None, now, ends[one.pk], ()) for one in campaigns]
    return [_result(report) for report in reports]


def _result(report: Report) -> home.Result:
    saying = words.on_campaign(report)
    campaign = report.campaign
    url = reverse("campaigns:report-detail", args=[campaign.pk])
    return home.Result(campaign.name, url, saying.title, at=campaign.ended_at or campaign.live_at, icon=saying.icon)
