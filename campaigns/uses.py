"""Which campaigns ask about a segment, write about a topic, or had a person in them? Told upstream, before it takes away."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from campaigns.models import Campaign, Delivery, Enrolment
from campaigns.steps import STEPS
from profiles.consent import topics
from segments.usage import Use


def of_segments(segment_ids: Collection[int]) -> list[Use]:
    """Return the campaigns that are not over and name these segments, live ones first. One query."""
    wanted = set(segment_ids)
    ended = [Campaign.State.STOPPED, Campaign.State.FINISHED]
    campaigns = Campaign.objects.exclude(state__in=ended).select_related("current_version").defer("undo", "redo")
    found = [
        Use(segment_id, campaign.name, _("Campaign"), campaign.get_absolute_url(), campaign.is_running)
        for campaign in campaigns.order_by("name", "pk")
        for segment_id in sorted(wanted & set(_named(campaign)))
    ]
    return sorted(found, key=lambda use: not use.is_live)


def of_topics(topic_ids: Collection[int]) -> list[topics.Use]:
    """Return the campaigns that are not over and write about these topics. One query."""
    ended = [Campaign.State.STOPPED, Campaign.State.FINISHED]
    campaigns = Campaign.objects.exclude(state__in=ended).filter(topic__in=topic_ids).only("pk", "name", "topic_id")
    return [
        topics.Use(campaign.topic_id, campaign.name, campaign.get_absolute_url())
        for campaign in campaigns.order_by("name", "pk")
        if campaign.topic_id is not None
    ]


def of_people(profile_ids: Sequence[int]) -> set[int]:
    """Return those of these people who were ever in a campaign or written to. Two queries."""
    inside = Enrolment.objects.filter(profile_id__in=profile_ids).values_list("profile_id", flat=True)
    told = Delivery.objects.filter(profile_id__in=profile_ids).values_list("profile_id", flat=True)
    return set(inside) | set(told)


def _named(campaign: Campaign) -> Iterator[int]:
    graphs = [campaign.draft, campaign.current_version.graph if campaign.current_version else {}]
    for graph in graphs:
        for step in graph.get("steps", {}).values():
            yield from _named_by(step)


def _named_by(step: dict[str, Any]) -> Collection[int]:
    kind = STEPS.find(step["kind"])
    return kind.segments(step["params"]) if kind else ()
