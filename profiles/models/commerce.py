"""What does the company sell, who looked at it, and who bought what for how much?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, F, GeneratedField, Q, Value, When
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from profiles.querysets import ListedQuerySet, OrderQuerySet

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Product(models.Model):
    """A thing to sell, or a variant of one (`parent`). Money is in minor units of `currency`.

    `facts` is {field: [event time ISO 8601, rank of the speaker]}, see profiles.commerce.catalog. `managed_at` is since when a
    feed, a program or staff keeps it. `fields` is {name: JSON value}, whatever else a feed says.
    """

    class Availability(models.TextChoices):
        IN_STOCK = "in_stock", _("In stock")
        OUT_OF_STOCK = "out_of_stock", _("Out of stock")
        PREORDER = "preorder", _("To be ordered ahead")
        UNKNOWN = "", _("Not known")

    external_id = models.CharField(max_length=128, unique=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="variants")
    sku = models.CharField(max_length=128, blank=True)
    name = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=300, blank=True)  # "Shoes / Boots", the widest first
    brand = models.CharField(max_length=120, blank=True)
    variant = models.CharField(max_length=120, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    image_url = models.CharField(max_length=1000, blank=True)
    price_minor = models.BigIntegerField(null=True, blank=True)
    old_price_minor = models.BigIntegerField(null=True, blank=True)  # the one that is struck through
    currency = models.CharField(max_length=3, blank=True)
    availability = models.CharField(max_length=16, choices=Availability.choices, default=Availability.UNKNOWN, blank=True)
    stock = models.IntegerField(null=True, blank=True)
    stock_by_store = models.JSONField(default=dict, blank=True)  # {store: pieces}
    fields = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict)
    managed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    search = SearchVectorField(null=True)

    objects = ListedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(external_id=""), name="product_has_an_id"),
            models.CheckConstraint(condition=Q(price_minor__isnull=True) | Q(price_minor__gte=0), name="product_price_positive"),
            models.CheckConstraint(condition=Q(price_minor__isnull=True) | ~Q(currency=""), name="product_price_has_currency"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="product_is_not_its_own_variant"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "-id"], name="product_newest"),
            models.Index(fields=["name", "id"], name="product_by_name"),
            models.Index(fields=["category", "id"], name="product_by_category"),
            models.Index(fields=["brand", "id"], name="product_by_brand"),
            models.Index(fields=["sku"], name="product_by_sku", condition=~Q(sku="")),
            GinIndex(fields=["search"], name="product_search"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id

    def get_absolute_url(self) -> str:
        return reverse("profiles:product-detail", args=[self.pk])


class ProductPeriod(models.Model):
    """What a product cost and whether it was to be had, from one moment until another (None: still so)."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="periods")
    price_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    availability = models.CharField(max_length=16, blank=True)
    stock = models.IntegerField(null=True)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "from_at"], name="product_period_once"),
            models.UniqueConstraint(fields=["product"], condition=Q(until_at__isnull=True), name="product_period_one_open"),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")), name="product_period_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} from {self.from_at:%Y-%m-%d %H:%M}"


class ProductInterest(models.Model):
    """That a person (as the origin profile) looked at a product or put it into the basket: when first, when latest, how often."""

    pk = models.CompositePrimaryKey("profile_id", "product_id")
    profile_id = models.BigIntegerField()
    product = models.ForeignKey(Product, models.CASCADE, related_name="interests")
    views = models.IntegerField(default=0)
    first_at = models.DateTimeField()
    viewed_at = models.DateTimeField(null=True)  # latest
    added_at = models.DateTimeField(null=True)  # latest into the basket
    latest_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["product", "-latest_at"], name="interest_in_product")]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.product_id}"


class Order(models.Model):
    """A purchase. `profile_id` is the origin profile for ever, as of events: read through `Profile.merged_into`.

    Numbers of orders are unique per `shop` ('' while there is one shop). `facts` is {field: [event time ISO 8601, certain?]}:
    field by field the later word wins, and the word of a server or a program (`is_certain`) over that of a browser.
    What was earned is `net_minor`: nothing of a cancelled order, and what was given back is taken off.
    """

    class Status(models.TextChoices):
        """The ones Omni itself knows; a shop may send others."""

        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    shop = models.CharField(max_length=80, blank=True)
    external_id = models.CharField(max_length=128)
    profile_id = models.BigIntegerField()
    source = models.ForeignKey("profiles.Source", models.SET_NULL, null=True, related_name="+")
    store = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=40, default=Status.COMPLETED)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField(default=0)  # what the customer pays
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    net_minor = GeneratedField(
        expression=Case(
            When(status="cancelled", then=Value(0)),
            default=Greatest(F("total_minor") - F("refunded_minor"), Value(0)),
            output_field=models.BigIntegerField(),
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    codes = models.JSONField(default=list, blank=True)  # coupon codes
    fields = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict)
    is_certain = models.BooleanField(default=False)
    ordered_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["external_id", "shop"], name="order_once"),
            models.CheckConstraint(condition=~Q(external_id=""), name="order_has_an_id"),
            models.CheckConstraint(condition=Q(refunded_minor__gte=0), name="order_refund_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["profile_id", "-ordered_at"], name="order_of_person"),
            models.Index(fields=["-ordered_at", "-id"], name="order_newest"),
            models.Index(fields=["status", "-ordered_at", "-id"], name="order_by_status"),
            models.Index(fields=["store", "-ordered_at", "-id"], name="order_by_store", condition=~Q(store="")),
        ]

    def __str__(self) -> str:
        return str(_("Order %(number)s") % {"number": self.external_id})

    def get_absolute_url(self) -> str:
        return reverse("profiles:order-detail", args=[self.pk])

    @property
    def status_label(self) -> str | _StrPromise:
        return status_label(self.status)

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED


def status_label(status: str) -> str | _StrPromise:
    """Return a status in words: one of ours, or the shop's own."""
    return dict(Order.Status.choices).get(status) or status.replace("_", " ").capitalize()


class OrderLine(models.Model):
    """What was bought in an order, as it was called then. Person and time are repeated, so that one index answers who bought."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    profile_id = models.BigIntegerField()
    ordered_at = models.DateTimeField()
    product = models.ForeignKey(Product, models.SET_NULL, null=True, related_name="lines")
    external_id = models.CharField(max_length=128, blank=True)
    sku = models.CharField(max_length=128, blank=True)
    name = models.CharField(max_length=300, blank=True)
    variant = models.CharField(max_length=120, blank=True)
    category = models.CharField(max_length=300, blank=True)
    brand = models.CharField(max_length=120, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=1)
    price_minor = models.BigIntegerField(null=True)  # of one piece
    discount_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="order_line_quantity_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["product", "-ordered_at"], include=["profile_id"], name="order_line_of_product"),
            models.Index(fields=["profile_id", "-ordered_at"], name="order_line_of_person"),
        ]

    def __str__(self) -> str:
        return self.name or self.sku or self.external_id

    @property
    def sum_minor(self) -> int | None:
        return None if self.price_minor is None else int(self.price_minor * self.quantity) - self.discount_minor


class OrderStatus(models.Model):
    """That an order got this status at this time, by the sender's word."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="statuses")
    profile_id = models.BigIntegerField()
    status = models.CharField(max_length=40)
    at = models.DateTimeField()
    source = models.ForeignKey("profiles.Source", models.SET_NULL, null=True, related_name="+")
    is_certain = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "at", "status"], name="order_status_once")]

    def __str__(self) -> str:
        return f"{self.status} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def label(self) -> str | _StrPromise:
        return status_label(self.status)


class OrderRefund(models.Model):
    """That money of an order was given back; `amount_minor` None is all of it. `lines` is [{name, quantity, amount_minor}]."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="refunds")
    profile_id = models.BigIntegerField()
    key = models.CharField(max_length=128)  # the number of the refund, or else its moment
    amount_minor = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    lines = models.JSONField(default=list)
    source = models.ForeignKey("profiles.Source", models.SET_NULL, null=True, related_name="+")
    is_certain = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "key"], name="order_refund_once"),
            models.CheckConstraint(condition=Q(amount_minor__isnull=True) | Q(amount_minor__gte=0), name="refund_not_negative"),
        ]
        indexes: ClassVar = [models.Index(fields=["profile_id", "-at"], name="order_refund_of_person")]

    def __str__(self) -> str:
        return f"refund {self.key} of order {self.order_id}"
