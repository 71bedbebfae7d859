"""Where do catalog, orders and dictionaries appear outside their own pages: below Data, with a person, on Home, in Ctrl+K?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from omni import figures, home
from omni import search as palette
from omni.roles import Right, may
from profiles import data_pages, quality, search
from profiles.data_pages import Group
from profiles.models import Order, OrderLine, OrderRefund, Product
from profiles.person import tabs as person_tabs
from profiles.person import timeline
from profiles.person.timeline import Entry

if TYPE_CHECKING:
    from omni.models import User
    from profiles.person.tabs import Asked

ORDERS_SHOWN = 100
NAMES_SHOWN = 3
FEWEST_LETTERS = 2


def register() -> None:
    """Tell the index of Data, the person's page, its timeline and the palette; called once, when the app is ready."""
    for name, label, icon, text in (
        ("profiles:product-list", gettext_lazy("Catalog"), "tags", gettext_lazy("What is sold, for how much, who looked at it.")),
        ("profiles:order-list", gettext_lazy("Orders"), "receipt", gettext_lazy("What was bought, and what was given back.")),
    ):
        data_pages.register(data_pages.Page(name, label, icon, text, Right.VIEW, Group.SHOP))
    for name, label, icon, text, group in (
        ("eventdef-list", gettext_lazy("Events"), "bolt", gettext_lazy("What people do, and what it means."), Group.MEANING),
        ("attributedef-list", gettext_lazy("Attributes"), "tag", gettext_lazy("What is known about people."), Group.MEANING),
        (
            "quality-list",
            gettext_lazy("Quality"),
            "gauge",
            gettext_lazy("Whether as much arrives as usual, and in time."),
            Group.ARRIVING,
        ),
    ):
        data_pages.register(data_pages.Page(f"profiles:{name}", label, icon, text, Right.VIEW, group))
    home.register_alerts(find_alerts)
    tab = person_tabs.Tab("orders", gettext_lazy("Orders"), "profiles/_person_orders.html", tell_orders, 30, count_orders)
    person_tabs.register_tab(tab)
    timeline.register("order", gettext_lazy("Orders"), "receipt", fetch_orders)
    timeline.register("order", gettext_lazy("Orders"), "receipt", fetch_refunds)
    palette.register("products", gettext_lazy("Products"), find_products)
    palette.register("orders", gettext_lazy("Orders"), find_orders)


def find_alerts(user: User, now: datetime) -> list[home.Alert]:
    """Say when something about the numbers of events stands out. Five queries, of the tallies only."""
    count = quality.count_findings(quality.lines(now=now), quality.repeated(now=now))
    if not count:
        return []
    title = ngettext("%(n)s thing about your data needs a look", "%(n)s things about your data need a look", count) % {"n": count}
    text = _("An event came much less or more than a week before, late, or again and again.")
    return [home.Alert(title, text, reverse("profiles:quality-list"), action=_("See what"))]


def count_orders(asked: Asked) -> int:
    return Order.objects.of_people(asked.profile_ids).count()


def tell_orders(asked: Asked) -> dict[str, Any]:
    """Return the latest orders of the person with what was in them, and the sums by currency. Three queries."""
    mine = Order.objects.of_people(asked.profile_ids)
    orders = list(mine.order_by("-ordered_at", "-pk")[:ORDERS_SHOWN])
    names = _names_of(orders)
    sums = mine.exclude(status=Order.Status.CANCELLED).values("currency").order_by("currency")
    return {
        "orders": [(order, ", ".join(names.get(order.pk, []))) for order in orders],
        "sums": sums.annotate(net=Sum("net_minor"), count=Count("pk"), latest_at=Max("ordered_at")),
    }


def fetch_orders(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    orders = timeline.newest(Order.objects.of_people(profile_ids), "ordered_at", before=before, limit=limit)
    names = _names_of(orders)
    return [
        Entry(
            order.ordered_at,
            "order",
            "receipt",
            f"{order} · {figures.money(order.total_minor, order.currency)}",
            ", ".join(names.get(order.pk, [])),
            tone="warning" if order.is_cancelled else "success",
            href=order.get_absolute_url(),
        )
        for order in orders
    ]


def fetch_refunds(profile_ids: Sequence[int], before: datetime | None, limit: int) -> list[Entry]:
    rows = OrderRefund.objects.filter(profile_id__in=list(profile_ids)).select_related("order")
    return [
        Entry(
            row.at,
            "order",
            "arrow-back-up",
            _("%(amount)s given back") % {"amount": _given_back(row)},
            str(row.order),
            tone="warning",
            href=row.order.get_absolute_url(),
        )
        for row in timeline.newest(rows, "at", before=before, limit=limit)
    ]


def find_products(query: str, user: User, limit: int) -> list[palette.Hit]:
    if len(query) < FEWEST_LETTERS or not may(user, Right.VIEW):
        return []
    rows = Product.objects.filter(search.matching(query), archived_at=None).order_by("-pk")[:limit]
    return [palette.Hit(str(row), row.get_absolute_url(), "tags", row.external_id) for row in rows]


def find_orders(query: str, user: User, limit: int) -> list[palette.Hit]:
    """Return the orders of exactly this number."""
    if len(query) < FEWEST_LETTERS or not may(user, Right.VIEW) or "\x00" in query:
        return []
    rows = Order.objects.filter(external_id=query.strip().removeprefix("#")).order_by("-pk")[:limit]
    return [
        palette.Hit(str(row), row.get_absolute_url(), "receipt", figures.money(row.total_minor, row.currency)) for row in rows
    ]


def _names_of(orders: Sequence[Order]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    lines = OrderLine.objects.filter(order__in=[order.pk for order in orders], position__lt=NAMES_SHOWN)
    for line in lines.order_by("order", "position"):
        names.setdefault(line.order_id, []).append(str(line))
    return names


def _given_back(row: OrderRefund) -> str:
    amount = row.order.total_minor if row.amount_minor is None else row.amount_minor
    return figures.money(amount, row.order.currency)
