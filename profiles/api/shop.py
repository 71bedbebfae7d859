"""How do programs keep the catalog and tell of orders?"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.models import Company
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.api.people import source_of
from profiles.api.shop_serializers import (
    BulkOut,
    ItemsIn,
    OrderOut,
    OrdersIn,
    ProductIn,
    ProductOut,
    RefundIn,
)
from profiles.commerce import catalog, items
from profiles.commerce import order_lists as shop_orders
from profiles.commerce.filters import OrderFilter, ProductFilter
from profiles.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

PRODUCTS = Product.objects.select_related("parent").defer("search")
ORDERS = Order.objects.prefetch_related("lines", "statuses", "refunds")


class _NewestOrder(KeysetPagination):
    ordering = ("-ordered_at", "-id")  # type: ignore[assignment]


@extend_schema_view(get=extend_schema(operation_id="products_list", summary="List products", tags=["catalog"]))
class ProductsView(generics.ListAPIView[Product]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = ProductOut
    filterset_class = ProductFilter
    queryset = PRODUCTS

    @extend_schema(
        operation_id="products_bulk",
        summary="Set up to 1,000 products",
        description="What an item does not name stays as it is. All of it is taken or nothing.",
        request=ItemsIn,
        responses=BulkOut,
        tags=["catalog"],
    )
    def post(self, request: Request) -> Response:
        form = ItemsIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data["items"]
        outcome = _keep(given, is_whole=False)
        created, updated = len(outcome.created), len(outcome.updated)
        unchanged = max(len({item["id"] for item in given}) - created - updated, 0)
        return Response({"created": created, "updated": updated, "unchanged": unchanged})


class ProductView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(operation_id="products_retrieve", summary="Get one product", responses=ProductOut, tags=["catalog"])
    def get(self, request: Request, external_id: str) -> Response:
        return Response(ProductOut(get_object_or_404(PRODUCTS, external_id=external_id)).data)

    @extend_schema(
        operation_id="products_replace",
        summary="Set the whole of a product; what is left out is taken away",
        request=ProductIn,
        responses={200: ProductOut, 201: ProductOut},
        tags=["catalog"],
    )
    def put(self, request: Request, external_id: str) -> Response:
        return self._set(request, external_id, is_whole=True)

    @extend_schema(
        operation_id="products_update",
        summary="Set parts of a product; made when there is none",
        request=ProductIn,
        responses={200: ProductOut, 201: ProductOut},
        tags=["catalog"],
    )
    def patch(self, request: Request, external_id: str) -> Response:
        return self._set(request, external_id, is_whole=False)

    @extend_schema(
        operation_id="products_archive",
        summary="Archive a product; its history and what was bought stay",
        responses={204: None},
        tags=["catalog"],
    )
    def delete(self, request: Request, external_id: str) -> Response:
        product = get_object_or_404(PRODUCTS, external_id=external_id)
        _keep([{"id": product.external_id, "archived": True}], is_whole=False)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _set(self, request: Request, external_id: str, *, is_whole: bool) -> Response:
        form = ProductIn(data=request.data)
        form.is_valid(raise_exception=True)
        outcome = _keep([{**form.validated_data, "id": external_id}], is_whole=is_whole)
        code = status.HTTP_201_CREATED if external_id in outcome.created else status.HTTP_200_OK
        return Response(ProductOut(get_object_or_404(PRODUCTS, external_id=external_id)).data, status=code)


@extend_schema_view(get=extend_schema(operation_id="orders_list", summary="List orders, newest first", tags=["orders"]))
class OrdersView(generics.ListAPIView[Order]):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE
    serializer_class = OrderOut
    filterset_class = OrderFilter
    pagination_class = _NewestOrder
    queryset = ORDERS

    @extend_schema(
        operation_id="orders_bulk",
        summary="Tell of up to 1,000 orders",
        description="An order of the same number is changed. Words that are older than what is known change nothing. "
        "The events of the tracking API do the same and can be used beside it.",
        request=OrdersIn,
        responses=BulkOut,
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        form = OrdersIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data["orders"]
        done = _tell(request, given)
        created = len(done.created)
        return Response({"created": created, "updated": len(done.ids) - created, "unchanged": 0})


class OrderView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(operation_id="orders_retrieve", summary="Get one order", responses=OrderOut, tags=["orders"])
    def get(self, request: Request, pk: int) -> Response:
        return Response(OrderOut(get_object_or_404(ORDERS, pk=pk)).data)


class OrderRefundsView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="orders_refunds_create",
        summary="Tell of money given back",
        description="Without an amount all of it. The same `id` twice is one refund.",
        request=RefundIn,
        responses={201: OrderOut},
        tags=["orders"],
    )
    def post(self, request: Request, pk: int) -> Response:
        order = get_object_or_404(Order, pk=pk)
        form = RefundIn(data=request.data)
        form.is_valid(raise_exception=True)
        now = timezone.now()
        shop_orders.refund(order=order, said=form.validated_data, now=now)
        return Response(OrderOut(get_object_or_404(ORDERS, pk=pk)).data, status=status.HTTP_201_CREATED)


def _keep(given: Sequence[dict[str, Any]], *, is_whole: bool) -> catalog.Outcome:
    now = timezone.now()
    currency = Company.load().currency
    words, errors = [], {}
    for place, item in enumerate(given):
        at = min(item.get("at", now), now).astimezone(UTC)
        try:
            words.append(items.word(item, at=at, currency=currency, is_whole=is_whole))
        except items.ItemError as error:
            errors[f"items/{place}/{error.field}"] = [str(error)]
    if errors:
        raise ValidationError(errors)
    return catalog.apply(words=words, now=now)


def _tell(request: Request, given: Sequence[dict[str, Any]]) -> shop_orders.Outcome:
    currency = Company.load().currency
    return shop_orders.tell(given=given, source=source_of(request), default_currency=currency, now=timezone.now())
