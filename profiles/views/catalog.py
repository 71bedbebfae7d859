"""What do we sell? The catalog, a product's page, and their export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from omni import audit, figures, keyset, toasts
from omni.roles import Right, may, require
from profiles import who
from profiles.commerce import catalog, history
from profiles.commerce import export as shop_export
from profiles.commerce import filters as shop_filters
from profiles.commerce.filters import PRODUCT_SORTS, ProductFilter
from profiles.models import OrderLine, Product, ProductInterest

if TYPE_CHECKING:
    from omni.middleware import StaffRequest
    from profiles.who import Who

MOST_COUNTED = 10_000
PEOPLE_SHOWN = 10
PERIODS_SHOWN = 200
VARIANTS_SHOWN = 100


@dataclass(frozen=True)
class Visitor:
    """A person who looked at the product or bought it, and when latest."""

    who: Who
    at: datetime
    count: int


@require(Right.VIEW)
@require_GET
def product_list(request: StaffRequest) -> HttpResponse:
    found = ProductFilter(request.GET, queryset=shop_filters.products_for_list())
    sort = shop_filters.sort_of(request.GET, PRODUCT_SORTS)
    page = keyset.page(found.qs, order=PRODUCT_SORTS[sort][1], query=request.GET)
    chips = shop_filters.chips(request.GET, found.form)
    context = {
        "page": page,
        "filter_form": found.form,
        "chips": chips,
        "sort": sort,
        "sort_label": PRODUCT_SORTS[sort][0],
        "sorts": [(key, label) for key, (label, _order) in PRODUCT_SORTS.items()],
        "count": _count(found, is_filtered=bool(chips)),
        "is_new": not page.items and not chips,
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        "may_export": may(request.user, Right.EXPORT),
    }
    part = "#results" if request.htmx else ""
    return render(request, f"profiles/product_list.html{part}", context)


@require(Right.EXPORT)
@require_GET
def product_export(request: StaffRequest) -> StreamingHttpResponse:
    """Give the products of the filters in the address as a file."""
    found = ProductFilter(request.GET, queryset=Product.objects.all())
    after = {"filters": request.GET.urlencode()}
    audit.record(actor=request.user, action="products.export", obj=request.user, after=after, now=timezone.now())
    answer = StreamingHttpResponse(shop_export.products_as_csv(found.qs), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="catalog.csv"'
    return answer


@require(Right.VIEW)
@require_GET
def product_detail(request: StaffRequest, pk: int) -> HttpResponse:
    product = get_object_or_404(Product.objects.select_related("parent"), pk=pk)
    periods = list(product.periods.order_by("-from_at")[:PERIODS_SHOWN])
    context = {
        "product": product,
        "variants": product.variants.order_by("pk")[:VARIANTS_SHOWN],
        "periods": periods,
        "chart": history.chart(periods, now=timezone.now()) if len(periods) > 1 else None,
        "fields": sorted(product.fields.items()),
        "stores": sorted(product.stock_by_store.items()),
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
        **_people(product),
    }
    return render(request, "profiles/product_detail.html", context)


@require(Right.EDIT_PEOPLE)
@require_POST
def product_archive(request: StaffRequest, pk: int) -> HttpResponse:
    product = _archive(request, pk, is_archived=True)
    undo = reverse("profiles:product-restore", args=[pk])
    toasts.push(request, _("“%(product)s” is archived.") % {"product": product}, undo_url=undo)
    return redirect(product)


@require(Right.EDIT_PEOPLE)
@require_POST
def product_restore(request: StaffRequest, pk: int) -> HttpResponse:
    product = _archive(request, pk, is_archived=False)
    toasts.push(request, _("“%(product)s” is in the catalog again.") % {"product": product})
    return redirect(product)


def _archive(request: StaffRequest, pk: int, *, is_archived: bool) -> Product:
    product: Product = get_object_or_404(Product, pk=pk)
    now = timezone.now()
    word = catalog.Word(product.external_id, {"is_archived": is_archived}, now, catalog.Rank.KEEPER)
    catalog.apply(words=[word], now=now)
    audit.record(actor=request.user, action="product.archive", obj=product, after={"is_archived": is_archived}, now=now)
    return product


def _people(product: Product) -> dict[str, Any]:
    """Return who looked at the product and who bought it, latest first. Four queries."""
    looks = list(ProductInterest.objects.filter(product=product).order_by("-latest_at")[:PEOPLE_SHOWN])
    lines = list(OrderLine.objects.filter(product=product).select_related("order").order_by("-ordered_at")[:PEOPLE_SHOWN])
    people = who.of({look.profile_id for look in looks} | {line.profile_id for line in lines})
    return {
        "lookers": [Visitor(people[look.profile_id], look.latest_at, look.views) for look in looks if look.profile_id in people],
        "bought": [
            {"who": people.get(line.profile_id), "line": line, "quantity": f"{line.quantity.normalize():f}"} for line in lines
        ],
    }


def _count(found: ProductFilter, *, is_filtered: bool) -> str:
    """Return how many products there are, exactly up to MOST_COUNTED, in words."""
    count = found.qs.count_up_to(MOST_COUNTED + 1)
    if count <= MOST_COUNTED:
        return ngettext("%(count)s product", "%(count)s products", count) % {"count": figures.number(count)}
    about = 0 if is_filtered else Product.objects.all().estimate_all()
    if about > MOST_COUNTED:
        return _("about %(count)s products") % {"count": figures.number(about)}
    return _("more than %(count)s products") % {"count": figures.number(MOST_COUNTED)}
