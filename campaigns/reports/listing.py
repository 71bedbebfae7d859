"""Which campaigns ran, and what came of each in one line?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.experiments import statistics
from campaigns.experiments.statistics import Comparison
from campaigns.models import Campaign
from campaigns.reports import campaign as campaign_report
from campaigns.reports import words
from campaigns.reports.facts import End, Scope
from campaigns.reports.tally import Tally, total

ORDERS: dict[str, tuple[str, str]] = {"": ("-live_at", "-id"), "oldest": ("live_at", "id"), "name": ("name", "id")}


class CampaignFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Name"))
    state = django_filters.ChoiceFilter(choices=Campaign.State.choices, label=_("State"), empty_label=_("Any state"))

    class Meta:
        model = Campaign
        fields: ClassVar = ["q", "state"]

    @property
    def qs(self) -> QuerySet[Campaign]:
        found: QuerySet[Campaign] = super().qs
        return found if self.form.is_valid() else found.none()


@dataclass(frozen=True)
class CampaignLine:
    campaign: Campaign
    audience: int
    sent: int
    opened: int
    clicked: int
    treated: Tally
    control: Tally
    comparison: Comparison | None  # None without a goal or without a control group

    @property
    def verdict(self) -> words.Saying:
        """Return the verdict in one or two words."""
        if self.comparison is None:
            return words.Saying("neutral", "minus", words.short(None))
        tone, icon = words.LOOKS[self.comparison.verdict]
        return words.Saying(tone, icon, words.short(self.comparison))


def order(sort: str) -> tuple[str, str]:
    return ORDERS.get(sort, ORDERS[""])


def lines(campaigns: Sequence[Campaign]) -> list[CampaignLine]:
    """Return a line for each of the campaigns of a page. Costs one query."""
    if not campaigns:
        return []
    ends = campaign_report.ends_in(Scope(tuple(one.pk for one in campaigns), None, ()))
    return [_line(one, ends[one.pk]) for one in campaigns]


def _line(campaign: Campaign, ends: dict[tuple[End, str], Tally]) -> CampaignLine:
    control = total(tally for (end, _), tally in ends.items() if end is End.CONTROL)
    treated = total(tally for (end, _), tally in ends.items() if end is not End.CONTROL)
    sent = total(tally for (end, _), tally in ends.items() if end is End.SENT)
    is_compared = bool(campaign.goal_event and control.people)
    return CampaignLine(
        campaign=campaign,
        audience=control.people + treated.people,
        sent=sent.people,
        opened=sent.opened,
        clicked=sent.clicked,
        treated=treated,
        control=control,
        comparison=statistics.compare(control.conversions, treated.conversions) if is_compared else None,
    )
