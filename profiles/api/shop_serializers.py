"""What do programs send and get about products and orders?"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from profiles.api.serializers import AttributesField, IdentifiersIn, StrictSerializer
from profiles.commerce import money
from profiles.models import Order, OrderLine, OrderRefund, OrderStatus, Product

MOST_PER_CALL = 1_000
MOST_LINES = 500
_AMOUNT: dict[str, Any] = {"max_digits": 16, "decimal_places": 4, "min_value": Decimal(0), "required": False, "allow_null": True}
_TEXT: dict[str, Any] = {"required": False, "allow_blank": True}


class ProductIn(StrictSerializer):
    """Amounts are in whole units ("189.50") of `currency`, by default the company's."""

    sku = serializers.CharField(max_length=128, **_TEXT)
    name = serializers.CharField(max_length=300, **_TEXT)
    description = serializers.CharField(max_length=20_000, **_TEXT)
    category = serializers.CharField(max_length=300, help_text='The widest first: "Shoes / Boots".', **_TEXT)
    brand = serializers.CharField(max_length=120, **_TEXT)
    variant = serializers.CharField(max_length=120, **_TEXT)
    url = serializers.CharField(max_length=1000, **_TEXT)
    image_url = serializers.CharField(max_length=1000, **_TEXT)
    price = serializers.DecimalField(**_AMOUNT)
    old_price = serializers.DecimalField(**_AMOUNT)
    currency = serializers.RegexField("^[A-Za-z]{3}$", required=False)
    availability = serializers.ChoiceField(choices=Product.Availability.choices, required=False)
    stock = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True)
    stock_by_store = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=10**6), required=False, help_text="{store: pieces}"
    )
    fields_ = AttributesField(required=False, help_text="Whatever else is to be known: {name: value}.")
    parent_id = serializers.CharField(max_length=128, required=False, help_text="The product that this one is a variant of.")
    archived = serializers.BooleanField(required=False)
    at = serializers.DateTimeField(required=False, help_text="When it became so; older than what is known changes nothing.")

    def get_fields(self) -> dict[str, Any]:
        # A serializer's own name: the field `fields` can only be put in here.
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}


class ItemIn(ProductIn):
    id = serializers.CharField(max_length=128)


class ItemsIn(StrictSerializer):
    items = serializers.ListField(child=ItemIn(), min_length=1, max_length=MOST_PER_CALL)


class BulkOut(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class ProductOut(serializers.ModelSerializer[Product]):
    id = serializers.CharField(source="external_id")
    parent_id = serializers.CharField(source="parent.external_id", default=None, allow_null=True)
    price = serializers.SerializerMethodField()
    old_price = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = (
            "id", "parent_id", "sku", "name", "description", "category", "brand", "variant", "url", "image_url", "price",
            "old_price", "currency", "availability", "stock", "stock_by_store", "fields", "archived_at", "created_at",
            "updated_at",
        )  # fmt: skip

    def get_price(self, product: Product) -> str | None:
        return _amount(product.price_minor, product.currency)

    def get_old_price(self, product: Product) -> str | None:
        return _amount(product.old_price_minor, product.currency)


class LineIn(StrictSerializer):
    product_id = serializers.CharField(max_length=128, **_TEXT)
    sku = serializers.CharField(max_length=128, **_TEXT)
    name = serializers.CharField(max_length=300, **_TEXT)
    variant = serializers.CharField(max_length=120, **_TEXT)
    category = serializers.CharField(max_length=300, **_TEXT)
    brand = serializers.CharField(max_length=120, **_TEXT)
    quantity = serializers.DecimalField(max_digits=12, decimal_places=3, min_value=Decimal(0), required=False, default=Decimal(1))
    price = serializers.DecimalField(help_text="Of one piece.", **_AMOUNT)
    discount = serializers.DecimalField(**_AMOUNT)


class RefundIn(StrictSerializer):
    id = serializers.CharField(max_length=128, required=False, help_text="The number of the refund; by default its time.")
    amount = serializers.DecimalField(**_AMOUNT)
    at = serializers.DateTimeField(required=False)
    reason = serializers.CharField(max_length=200, **_TEXT)


class OrderIn(StrictSerializer):
    id = serializers.CharField(max_length=128, help_text="The number of the order in the shop.")
    shop = serializers.CharField(max_length=80, help_text="Where several shops count for themselves.", **_TEXT)
    person = IdentifiersIn(help_text="Whose order it is; the person is made when nobody has these.")
    ordered_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(required=False, help_text="As of when this is so. Default: when it was ordered.")
    status = serializers.CharField(max_length=40, required=False, default=Order.Status.COMPLETED.value)
    currency = serializers.RegexField("^[A-Za-z]{3}$", required=False)
    total = serializers.DecimalField(**{**_AMOUNT, "required": True, "allow_null": False})
    shipping = serializers.DecimalField(**_AMOUNT)
    tax = serializers.DecimalField(**_AMOUNT)
    discount = serializers.DecimalField(**_AMOUNT)
    codes = serializers.ListField(child=serializers.CharField(max_length=80), max_length=20, required=False)
    store = serializers.CharField(max_length=120, **_TEXT)
    channel = serializers.CharField(max_length=40, **_TEXT)
    lines = serializers.ListField(child=LineIn(), max_length=MOST_LINES, required=False)
    refunds = serializers.ListField(child=RefundIn(), max_length=100, required=False)


class OrdersIn(StrictSerializer):
    orders = serializers.ListField(child=OrderIn(), min_length=1, max_length=MOST_PER_CALL)


class LineOut(serializers.ModelSerializer[OrderLine]):
    product_id = serializers.CharField(source="external_id")
    price = serializers.SerializerMethodField()

    class Meta:
        model = OrderLine
        fields = ("product_id", "sku", "name", "variant", "category", "brand", "quantity", "price")

    def get_price(self, line: OrderLine) -> str | None:
        return _amount(line.price_minor, line.order.currency)


class StatusOut(serializers.ModelSerializer[OrderStatus]):
    class Meta:
        model = OrderStatus
        fields = ("status", "at")


class RefundOut(serializers.ModelSerializer[OrderRefund]):
    id = serializers.CharField(source="key")
    amount = serializers.SerializerMethodField(help_text="None: all of it.")

    class Meta:
        model = OrderRefund
        fields = ("id", "amount", "at", "reason")

    def get_amount(self, refund: OrderRefund) -> str | None:
        return _amount(refund.amount_minor, refund.order.currency)


class OrderOut(serializers.ModelSerializer[Order]):
    """`id` is Omni's, `number` the shop's. `net` is what was earned: less what was given back, nothing of a cancelled order."""

    number = serializers.CharField(source="external_id")
    person_id = serializers.IntegerField(source="profile_id")
    total = serializers.SerializerMethodField()
    refunded = serializers.SerializerMethodField()
    net = serializers.SerializerMethodField()
    codes = serializers.ListField(child=serializers.CharField())
    lines = LineOut(many=True)
    statuses = StatusOut(many=True)
    refunds = RefundOut(many=True)

    class Meta:
        model = Order
        fields = (
            "id", "number", "shop", "person_id", "status", "store", "channel", "currency", "total", "refunded", "net", "codes",
            "ordered_at", "updated_at", "lines", "statuses", "refunds",
        )  # fmt: skip

    def get_total(self, order: Order) -> str | None:
        return _amount(order.total_minor, order.currency)

    def get_refunded(self, order: Order) -> str | None:
        return _amount(order.refunded_minor, order.currency)

    def get_net(self, order: Order) -> str | None:
        return _amount(order.net_minor, order.currency)


def _amount(minor_units: int | None, currency: str) -> str | None:
    amount = money.major(minor_units, currency)
    return None if amount is None else str(amount)
