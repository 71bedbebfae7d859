"""Which products and orders are asked for? What the address of a list says, as conditions and as words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omni.models import Company
from profiles import search
from profiles.commerce import money
from profiles.models import Order, Product
from profiles.models.commerce import status_label

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

ANY = gettext_lazy("any")
MOST_OFFERED = 300
MOST_LETTERS = 200
PRODUCT_SORTS: dict[str, tuple[str | _StrPromise, tuple[str, ...]]] = {
    "changed": (gettext_lazy("Changed lately"), ("-updated_at", "-id")),
    "name": (gettext_lazy("Name"), ("name", "id")),
    "dearest": (gettext_lazy("Dearest first"), ("-sort_price", "-id")),
}
ORDER_SORTS: dict[str, tuple[str | _StrPromise, tuple[str, ...]]] = {
    "newest": (gettext_lazy("Newest first"), ("-ordered_at", "-id")),
    "largest": (gettext_lazy("Largest first"), ("-total_minor", "-id")),
}
_DAY = forms.DateInput(attrs={"type": "date"})


@dataclass(frozen=True)
class Chip:
    """A filter that is on, in words, and the address of the list without it."""

    label: str
    url: str


def _texts(column: str, model: type[Product] | type[Order]) -> Any:
    """Return the choices of a column as a callable: they are read when the form is shown."""

    def choices() -> list[tuple[str, str]]:
        return [(text, text) for text in model.objects.all().distinct_texts(column, most=MOST_OFFERED)]

    return choices


def _statuses() -> list[tuple[str, str]]:
    return [(text, str(status_label(text))) for text in Order.objects.all().distinct_texts("status", most=MOST_OFFERED)]


class ProductFilter(django_filters.FilterSet):
    """The filters of the catalog, of its export and of the API."""

    q = django_filters.CharFilter(label=gettext_lazy("Name, number, brand or category"), method="found_by")
    category = django_filters.ChoiceFilter(
        label=gettext_lazy("Category"), choices=_texts("category", Product), method="in_category", empty_label=ANY
    )
    brand = django_filters.ChoiceFilter(label=gettext_lazy("Brand"), choices=_texts("brand", Product), empty_label=ANY)
    availability = django_filters.ChoiceFilter(
        label=gettext_lazy("Availability"), choices=[pair for pair in Product.Availability.choices if pair[0]], empty_label=ANY
    )
    price_min = django_filters.NumberFilter(label=gettext_lazy("Price from"), min_value=0, method="price_from")
    price_max = django_filters.NumberFilter(label=gettext_lazy("Price up to"), min_value=0, method="price_up_to")
    archived = django_filters.ChoiceFilter(
        label=gettext_lazy("Archived"),
        choices=[("1", gettext_lazy("only archived")), ("all", gettext_lazy("archived too"))],
        method="also_archived",
        empty_label=gettext_lazy("without archived"),
    )

    class Meta:
        model = Product
        fields: tuple[str, ...] = ()

    def found_by(self, products: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return products.filter(search.matching(value[:MOST_LETTERS]))

    def in_category(self, products: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return products.filter(Q(category=value) | Q(category__startswith=f"{value} / "))

    def price_from(self, products: QuerySet[Product], name: str, value: Any) -> QuerySet[Product]:
        return products.filter(price_minor__gte=money.minor(value, Company.load().currency) or 0)

    def price_up_to(self, products: QuerySet[Product], name: str, value: Any) -> QuerySet[Product]:
        most = money.minor(value, Company.load().currency)
        return products.filter(price_minor__lte=money.MOST_MINOR if most is None else most)

    def also_archived(self, products: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return products  # read together with its absence, below

    def filter_queryset(self, queryset: Any) -> Any:
        products = super().filter_queryset(queryset)
        wanted = self.form.cleaned_data.get("archived")
        return products if wanted == "all" else products.filter(archived_at__isnull=wanted != "1")


class OrderFilter(django_filters.FilterSet):
    """The filters of the orders, of their export and of the API."""

    q = django_filters.CharFilter(label=gettext_lazy("Number of the order"), method="found_by")
    status = django_filters.ChoiceFilter(label=gettext_lazy("Status"), choices=_statuses, empty_label=ANY)
    store = django_filters.ChoiceFilter(label=gettext_lazy("Store"), choices=_texts("store", Order), empty_label=ANY)
    since = django_filters.DateFilter(
        label=gettext_lazy("Bought since"), field_name="ordered_at", lookup_expr="date__gte", widget=_DAY
    )
    until = django_filters.DateFilter(
        label=gettext_lazy("Bought until"), field_name="ordered_at", lookup_expr="date__lte", widget=_DAY
    )
    amount_min = django_filters.NumberFilter(label=gettext_lazy("Total from"), min_value=0, method="total_from")
    amount_max = django_filters.NumberFilter(label=gettext_lazy("Total up to"), min_value=0, method="total_up_to")
    refunded = django_filters.ChoiceFilter(
        label=gettext_lazy("Given back"),
        choices=[("1", gettext_lazy("something")), ("0", gettext_lazy("nothing"))],
        method="given_back",
        empty_label=ANY,
    )

    class Meta:
        model = Order
        fields: tuple[str, ...] = ()

    def found_by(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return orders.filter(external_id=value.strip().removeprefix("#")[:MOST_LETTERS].replace("\x00", ""))

    def total_from(self, orders: QuerySet[Order], name: str, value: Any) -> QuerySet[Order]:
        return orders.filter(total_minor__gte=money.minor(value, Company.load().currency) or 0)

    def total_up_to(self, orders: QuerySet[Order], name: str, value: Any) -> QuerySet[Order]:
        most = money.minor(value, Company.load().currency)
        return orders.filter(total_minor__lte=money.MOST_MINOR if most is None else most)

    def given_back(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return orders.filter(refunded_minor__gt=0) if value == "1" else orders.filter(refunded_minor=0)


def products_for_list() -> QuerySet[Product]:
    """Return the products with what lists sort by."""
    found: QuerySet[Product] = Product.objects.defer("description", "search").annotate(
        sort_price=Coalesce(F("price_minor"), Value(-1))
    )
    return found


def sort_of(data: Any, sorts: dict[str, Any]) -> str:
    wanted = str(data.get("sort"))
    return wanted if wanted in sorts else next(iter(sorts))


def chips(query: QueryDict, form: Any) -> list[Chip]:
    """Return the filters that are on, in the order of the form."""
    said = form.cleaned_data if form.is_valid() else {}
    return [
        Chip(_in_words(form.fields[name], name, value), _without(query, name))
        for name, value in said.items()
        if value not in (None, "")
    ]


def _in_words(field: Any, name: str, value: Any) -> str:
    if name == "q":
        return _("Search: %(text)s") % {"text": value}
    if isinstance(value, date):
        return f"{field.label}: {date_format(value, 'j M Y')}"
    choices: Iterable[tuple[Any, Any]] = getattr(field, "choices", ())
    return f"{field.label}: {dict(choices).get(value, value)}"


def _without(query: QueryDict, name: str) -> str:
    rest = query.copy()
    for other in (name, "after", "before"):
        rest.pop(other, None)
    return f"?{rest.urlencode()}"
