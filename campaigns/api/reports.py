"""How do programs read a campaign's report and the people behind its numbers?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.experiments.statistics import Verdict
from campaigns.models import Campaign, Version
from campaigns.reports import campaign as campaign_report
from campaigns.reports import people, words
from campaigns.reports.campaign import Report, StepReport
from campaigns.reports.facts import FACTS, End
from campaigns.reports.people import GROUPS, Filter
from omni.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

    from campaigns.experiments.statistics import Comparison, Interval
    from campaigns.reports.tally import Tally

VERSION = OpenApiParameter("version", int, description="Only those who entered this version of the campaign.")


class TallySerializer(serializers.Serializer[Any]):
    """Counts of people; `value` is what they spent on the goal."""

    people = serializers.IntegerField()
    delivered = serializers.IntegerField()
    opened = serializers.IntegerField()
    machine_opened = serializers.IntegerField(help_text="Opened only by a machine; not in `opened`.")
    clicked = serializers.IntegerField()
    machine_clicked = serializers.IntegerField(help_text="Clicked only by a machine; not in `clicked`.")
    bounced = serializers.IntegerField()
    complained = serializers.IntegerField()
    unsubscribed = serializers.IntegerField()
    converted = serializers.IntegerField()
    value = serializers.FloatField()


class EndSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=[str(end) for end in End])
    reason = serializers.CharField(allow_blank=True)
    people = serializers.IntegerField()


class IntervalSerializer(serializers.Serializer[Any]):
    low = serializers.FloatField()
    high = serializers.FloatField()


class ComparisonSerializer(serializers.Serializer[Any]):
    """A difference with its 95 % confidence sequence, which holds at every look."""

    difference = serializers.FloatField()
    interval = IntervalSerializer(allow_null=True)
    lift = serializers.FloatField(allow_null=True)
    lift_interval = IntervalSerializer(allow_null=True)
    verdict = serializers.ChoiceField(choices=[str(verdict) for verdict in Verdict])
    more_people = serializers.IntegerField(allow_null=True, help_text="About how many more people would settle it.")


class VariantSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    share = serializers.IntegerField()
    name = serializers.CharField(help_text="Of the template, else the subject.")
    subject = serializers.CharField()
    came = TallySerializer()
    sent = TallySerializer()
    against_control = ComparisonSerializer(allow_null=True)
    against_first = ComparisonSerializer(allow_null=True)


class StepSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    kind = serializers.CharField()
    entered = serializers.IntegerField()
    here = serializers.IntegerField()
    ends = EndSerializer(many=True)
    ports = serializers.DictField(child=serializers.IntegerField())
    control = TallySerializer()
    variants = VariantSerializer(many=True)


class ReportSerializer(serializers.Serializer[Any]):
    campaign = serializers.IntegerField()
    version = serializers.IntegerField(allow_null=True)
    as_of = serializers.DateTimeField()
    verdict = serializers.CharField(help_text="The verdict in words.")
    audience = serializers.IntegerField(help_text="Equals the sum of the people in `ends`.")
    ends = EndSerializer(many=True)
    treated = TallySerializer()
    control = TallySerializer()
    conversions = ComparisonSerializer(allow_null=True)
    revenue = ComparisonSerializer(allow_null=True)
    steps = StepSerializer(many=True)


class PersonSerializer(serializers.Serializer[Any]):
    profile_id = serializers.IntegerField(source="profile.pk")
    name = serializers.CharField(source="profile.name", allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    entered_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=[str(end) for end in End])
    reason = serializers.CharField(allow_blank=True)
    variant = serializers.CharField(allow_blank=True)
    converted = serializers.BooleanField()
    value = serializers.FloatField()


class PeopleSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Everybody the filter selects, not only this page.")
    next = serializers.CharField(allow_null=True, help_text="Give it as `after` for the next page.")
    results = PersonSerializer(many=True)


class CampaignReportView(APIView):
    read_right = Right.VIEW

    @extend_schema(operation_id="campaign_report", parameters=[VERSION], responses=ReportSerializer, tags=["campaigns"])
    def get(self, request: Request, pk: int) -> Response:
        """Return what came of a campaign: everybody in exactly one end, per step and variant, against the control group."""
        campaign, version = _load(request, pk)
        report = campaign_report.report(campaign, now=timezone.now(), version=version)
        return Response(ReportSerializer(_report(report)).data)


class CampaignPeopleView(APIView):
    read_right = Right.VIEW

    @extend_schema(
        operation_id="campaign_people",
        parameters=[
            VERSION,
            OpenApiParameter("state", str, enum=[str(end) for end in End]),
            OpenApiParameter("reason", str, description="A reason code of the report."),
            OpenApiParameter("step", str, description="Where people stand at this step instead of in the whole campaign."),
            OpenApiParameter("variant", str, description="With `step`."),
            OpenApiParameter("port", str, description="With `step`: who left it by this exit."),
            OpenApiParameter("group", str, enum=list(GROUPS)),
            OpenApiParameter("fact", str, enum=list(FACTS)),
            OpenApiParameter("after", str, description="`next` of the page before."),
        ],
        responses=PeopleSerializer,
        tags=["campaigns"],
    )
    def get(self, request: Request, pk: int) -> Response:
        """List the people behind a number of the report."""
        campaign, version = _load(request, pk)
        try:
            wanted = Filter.of_query(request.query_params)
        except ValueError as error:
            name, _, value = str(error).partition(": ")
            raise ValidationError({name: [f"There is no {name} {value!r}."]}) from error
        page = people.page(campaign, wanted, query=request.query_params, version=version)
        count = people.count(campaign, wanted, version=version)
        return Response(PeopleSerializer({"count": count, "next": page.next_cursor, "results": page.items}).data)


def _load(request: Request, pk: int) -> tuple[Campaign, Version | None]:
    campaign = get_object_or_404(Campaign, pk=pk)
    number = request.query_params.get("version")
    if number is None:
        return campaign, None
    if not number.isdigit():
        raise ValidationError({"version": ["A version is a whole number."]})
    return campaign, get_object_or_404(Version.objects.select_related("campaign"), campaign=campaign, number=number)


def _report(report: Report) -> dict[str, Any]:
    is_compared = report.has_goal and report.control.people > 0
    return {
        "campaign": report.campaign.pk,
        "version": report.version.number if report.version else None,
        "as_of": report.as_of,
        "verdict": words.on_campaign(report).title,
        "audience": report.audience,
        "ends": _ends(report.ends),
        "treated": report.treated,
        "control": report.control,
        "conversions": _comparison(report.conversions) if is_compared else None,
        "revenue": _comparison(report.revenue) if is_compared else None,
        "steps": [_step(step) for step in report.steps],
    }


def _step(step: StepReport) -> dict[str, Any]:
    return {
        "key": step.key,
        "kind": step.row.kind,
        "entered": step.numbers.entered,
        "here": step.numbers.here,
        "ends": _ends(step.numbers.ends),
        "ports": step.numbers.ports,
        "control": step.numbers.control,
        "variants": [
            {
                "key": one.key,
                "share": one.share,
                "name": one.name,
                "subject": one.subject,
                "came": one.meant,
                "sent": one.sent,
                "against_control": _comparison(one.against_control),
                "against_first": _comparison(one.against_first),
            }
            for one in step.variants
        ],
    }


def _ends(ends: Mapping[tuple[End, str], Tally]) -> list[dict[str, Any]]:
    return [{"state": str(end), "reason": reason, "people": ends[end, reason].people} for end, reason in sorted(ends)]


def _comparison(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "difference": comparison.difference,
        "interval": _interval(comparison.interval),
        "lift": comparison.lift,
        "lift_interval": _interval(comparison.lift_interval),
        "verdict": str(comparison.verdict),
        "more_people": comparison.more_people,
    }


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return asdict(interval) if interval else None
