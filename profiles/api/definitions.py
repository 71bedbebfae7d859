"""Which attributes and events does this company know?"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics

from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.api.serializers import AttributeDefOut, EventDefOut
from profiles.models import AttributeDef, EventDef


class _ByKey(KeysetPagination):
    ordering = ("key", "id")  # type: ignore[assignment]


class _ByName(KeysetPagination):
    ordering = ("name", "id")  # type: ignore[assignment]


@extend_schema_view(
    get=extend_schema(operation_id="attributes_list", summary="List attributes and their types", tags=["definitions"])
)
class AttributesView(generics.ListAPIView[AttributeDef]):
    read_right = write_right = Right.VIEW
    serializer_class = AttributeDefOut
    pagination_class = _ByKey
    filter_backends: tuple[Any, ...] = ()
    queryset = AttributeDef.objects.all()


@extend_schema_view(
    get=extend_schema(operation_id="events_list", summary="List event names and their properties", tags=["definitions"])
)
class EventsView(generics.ListAPIView[EventDef]):
    read_right = write_right = Right.VIEW
    serializer_class = EventDefOut
    pagination_class = _ByName
    filter_backends: tuple[Any, ...] = ()
    queryset = EventDef.objects.all()
