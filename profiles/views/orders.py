"""What was bought? The list of orders, an order's page, and their export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from omni import audit, figures, keyset
from omni.roles import Right, may, require
from profiles import who
from profiles.commerce import export as shop_export
from profiles.commerce import filters as shop_filters
from profiles.commerce.filters import ORDER_SORTS, OrderFilter
from profiles.models import Order

if TYPE_CHECKING:
    from omni.middleware import StaffRequest

MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Step:
    """One thing that happened to an order."""

    at: datetime
    icon: str
    title: str
    note: str


@require(Right.VIEW)
@require_GET
def order_list(request: StaffRequest) -> HttpResponse:
    found = OrderFilter(request.GET, queryset=Order.objects.all())
    sort = shop_filters.sort_of(request.GET, ORDER_SORTS)
    page = keyset.page(found.qs, order=ORDER_SORTS[sort][1], query=request.GET)
    people = who.of({order.profile_id for order in page.items})
    chips = shop_filters.chips(request.GET, found.form)
    context = {
        "page": page,
        "lines": [(order, people.get(order.profile_id)) for order in page.items],
        "filter_form": found.form,
        "chips": chips,
        "sort": sort,
        "sort_label": ORDER_SORTS[sort][0],
        "sorts": [(key, label) for key, (label, _order) in ORDER_SORTS.items()],
        "count": _count(found, is_filtered=bool(chips)),
        "is_new": not page.items and not chips,
        "may_export": may(request.user, Right.EXPORT),
    }
    part = "#results" if request.htmx else ""
    return render(request, f"profiles/order_list.html{part}", context)


@require(Right.EXPORT)
@require_GET
def order_export(request: StaffRequest) -> StreamingHttpResponse:
    """Give the orders of the filters in the address as a file, a row for each line."""
    found = OrderFilter(request.GET, queryset=Order.objects.all())
    after = {"filters": request.GET.urlencode()}
    audit.record(actor=request.user, action="orders.export", obj=request.user, after=after, now=timezone.now())
    answer = StreamingHttpResponse(shop_export.orders_as_csv(found.qs), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return answer


@require(Right.VIEW)
@require_GET
def order_detail(request: StaffRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(Order.objects.select_related("source"), pk=pk)
    context = {
        "order": order,
        "who": who.of({order.profile_id}).get(order.profile_id),
        "order_lines": order.lines.select_related("product").order_by("position"),
        "steps": _steps(order),
        "fields": sorted(order.fields.items()),
    }
    return render(request, "profiles/order_detail.html", context)


def _steps(order: Order) -> list[Step]:
    """Return the statuses and refunds of an order, newest first. Two queries."""
    found = [
        Step(row.at, "circle-x" if row.status == Order.Status.CANCELLED else "circle-check", str(row.label), _by(row.source))
        for row in order.statuses.select_related("source")
    ]
    for refund in order.refunds.select_related("source"):
        amount = figures.money(order.total_minor if refund.amount_minor is None else refund.amount_minor, order.currency)
        goods = ", ".join(str(line.get("name", "")) for line in refund.lines)
        note = " · ".join(part for part in (refund.reason, goods, _by(refund.source)) if part)
        found.append(Step(refund.at, "arrow-back-up", _("%(amount)s given back") % {"amount": amount}, note))
    return sorted(found, key=lambda step: step.at, reverse=True)


def _by(source: object) -> str:
    return _("by %(source)s") % {"source": source} if source else ""


def _count(found: OrderFilter, *, is_filtered: bool) -> str:
    """Return how many orders there are, exactly up to MOST_COUNTED, in words."""
    count = found.qs.count_up_to(MOST_COUNTED + 1)
    if count <= MOST_COUNTED:
        return ngettext("%(count)s order", "%(count)s orders", count) % {"count": figures.number(count)}
    about = 0 if is_filtered else Order.objects.all().estimate_all()
    if about > MOST_COUNTED:
        return _("about %(count)s orders") % {"count": figures.number(about)}
    return _("more than %(count)s orders") % {"count": figures.number(MOST_COUNTED)}
