"""What do the pages of reports show?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaigns.models import Campaign, Version
from campaigns.reports import campaign as campaign_report
from campaigns.reports import listing, pages, people
from campaigns.reports.people import Filter
from omni import keyset
from omni.models import Company
from omni.roles import Right, may, require
from profiles import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

CSV_HEADER = ("profile_id", "name", "email", "entered_at", "state", "reason", "variant", "converted", "value")


@require(Right.VIEW)
@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """Show the campaigns that ever ran with what came of them. Costs a fixed number of queries."""
    filters = listing.CampaignFilter(request.GET, queryset=Campaign.objects.exclude(live_at=None))
    page = keyset.page(filters.qs, order=listing.order(request.GET.get("sort", "")), query=request.GET)
    context = {"filters": filters, "page": page, "lines": listing.lines(page.items)}
    name = "reports/report_list.html#rows" if request.htmx else "reports/report_list.html"  # type: ignore[attr-defined]
    return render(request, name, context)


@require(Right.VIEW)
@require_GET
def report_detail(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, version = _load(request, pk)
    report = campaign_report.report(campaign, now=timezone.now(), version=version)
    context: dict[str, Any] = pages.report_context(report, currency=Company.load().currency)
    context["versions"] = list(campaign.versions.order_by("-number"))
    context["may_export"] = may(request.user, Right.EXPORT)
    return render(request, "reports/report_detail.html", context)


@require(Right.VIEW)
@require_GET
def report_people(request: HttpRequest, pk: int) -> HttpResponse:
    """List the people behind one number of the report; the address holds the number's filter."""
    campaign, version = _load(request, pk)
    wanted = _filter(request)
    count = people.count(campaign, wanted, version=version)
    context = {
        **pages.people_context(campaign, wanted, version, count=count),
        "campaign": campaign,
        "wanted": wanted,
        "count": count,
        "page": people.page(campaign, wanted, query=request.GET, version=version),
        "currency": Company.load().currency,
        "may_export": may(request.user, Right.EXPORT),
    }
    is_part = request.htmx  # type: ignore[attr-defined]
    return render(request, "reports/report_people.html#rows" if is_part else "reports/report_people.html", context)


@require(Right.EXPORT)
@require_GET
def report_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give the same people as a file."""
    campaign, version = _load(request, pk)

    def rows() -> Iterator[tuple[object, ...]]:
        for line in people.every(campaign, _filter(request), version=version):
            yield (
                line.profile.pk,
                line.profile.name,
                line.email,
                line.entered_at.isoformat(),
                str(line.state),
                line.reason,
                line.variant,
                "yes" if line.converted else "no",
                line.value,
            )

    return tables.answer(request, name=f"report-{campaign.pk}-people", header=CSV_HEADER, rows=rows)


def _load(request: HttpRequest, pk: int) -> tuple[Campaign, Version | None]:
    campaign = get_object_or_404(Campaign, pk=pk)
    number = request.GET.get("version", "")
    if not number:
        return campaign, None
    if not number.isdigit():
        raise Http404(_("There is no such version."))
    return campaign, get_object_or_404(Version.objects.select_related("campaign"), campaign=campaign, number=number)


def _filter(request: HttpRequest) -> Filter:
    try:
        return Filter.of_query(request.GET)
    except ValueError as error:
        raise Http404(_("There is no such number in the report.")) from error
