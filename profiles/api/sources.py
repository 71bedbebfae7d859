"""How do programs see the sources, and say what the payload of a webhook means?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.celery import nudge
from omni.roles import Right
from profiles import sources
from profiles.ingest import hooks, mapping
from profiles.models import Source

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class SourceOut(serializers.ModelSerializer[Source]):
    class Meta:
        model = Source
        fields: ClassVar = ["id", "name", "kind", "prefix", "created_at", "revoked_at"]


class MappingIn(serializers.Serializer[Any]):
    """Names and their places in the payload, such as {"email": "$.customer.email"}."""

    fields = serializers.DictField(child=serializers.CharField(max_length=1000), required=False)  # type: ignore[assignment]
    properties = serializers.DictField(child=serializers.CharField(max_length=1000), required=False)
    attributes = serializers.DictField(child=serializers.CharField(max_length=1000), required=False)
    event_name = serializers.CharField(max_length=255, required=False, allow_blank=True)


class MappingOut(serializers.Serializer[Any]):
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]
    properties = serializers.DictField(child=serializers.CharField())
    attributes = serializers.DictField(child=serializers.CharField())
    event_name = serializers.CharField(allow_blank=True)


class ReplayOut(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()


@extend_schema_view(get=extend_schema(operation_id="sources_list", summary="List sources, newest first", tags=["sources"]))
class SourcesView(generics.ListAPIView[Source]):
    read_right = write_right = Right.VIEW
    serializer_class = SourceOut
    filter_backends: tuple[Any, ...] = ()
    queryset = Source.objects.all()

    def get_queryset(self) -> QuerySet[Source]:
        return sources.outside()


class MappingView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="sources_mapping_retrieve",
        summary="See what the payload of a webhook means",
        responses=MappingOut,
        tags=["sources"],
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(mapping.dump(mapping.load(_webhook(pk).mapping)))

    @extend_schema(
        operation_id="sources_mapping_update",
        summary="Say what the payload of a webhook means",
        description="`fields` may name email, user_id, phone, anonymous_id, event, time and message_id.",
        request=MappingIn,
        responses=MappingOut,
        tags=["sources"],
    )
    def put(self, request: Request, pk: int) -> Response:
        source = _webhook(pk)
        try:
            new = mapping.load(request.data)
        except mapping.MappingError as error:
            raise ValidationError({"mapping": [str(error)]}) from None
        if not new.is_usable:
            raise ValidationError({"mapping": ["Name who it was, and an event or an attribute."]})
        hooks.save(source, new=new)
        return Response(source.mapping)


class ReplayView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_PEOPLE

    @extend_schema(
        operation_id="sources_replay",
        summary="Process the latest payloads of a webhook again",
        request=None,
        responses=ReplayOut,
        tags=["sources"],
    )
    def post(self, request: Request, pk: int) -> Response:
        count = hooks.replay(_webhook(pk), now=timezone.now())
        nudge("profiles.tasks.drain_inbox")
        return Response({"replayed": count})


def _webhook(pk: int) -> Source:
    return get_object_or_404(Source, pk=pk, kind=Source.Kind.WEBHOOK)
