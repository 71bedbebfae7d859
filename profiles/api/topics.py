"""How do programs keep the list of topics?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.api.serializers import StrictSerializer
from profiles.consent import topics
from profiles.models import Topic

if TYPE_CHECKING:
    from rest_framework.request import Request


class TopicIn(StrictSerializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    is_default = serializers.BooleanField(
        required=False, default=False, help_text="Who allowed the channel and never spoke about the topic gets it."
    )
    needs_confirmation = serializers.BooleanField(required=False, default=True, help_text="Double opt-in.")
    has_form = serializers.BooleanField(required=False, default=False, help_text="Anyone may sign up on a public page.")
    text = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=5000,
        help_text="What people agree to; another text, another version.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("has_form") and not attrs.get("text", "").strip():
            raise serializers.ValidationError({"text": ["A sign-up page needs the words that people agree to."]})
        return attrs


class NewTopicIn(TopicIn):
    key = serializers.SlugField(max_length=40, required=False, help_text="Never changes; made from the name when left out.")

    def validate_key(self, value: str) -> str:
        if Topic.objects.filter(key=value).exists():
            raise serializers.ValidationError("There is such a topic already.")
        return value


class TopicOut(serializers.ModelSerializer[Topic]):
    class Meta:
        model = Topic
        fields = (
            "key", "name", "description", "is_default", "needs_confirmation", "has_form", "position", "created_at", "archived_at",
        )  # fmt: skip


class TopicNumbersOut(TopicOut):
    text = serializers.CharField(help_text="What people agree to today.")
    text_version = serializers.CharField(help_text="How proofs name it, such as news/2; empty without a text.")
    subscribed = serializers.IntegerField(help_text="People who get it.")
    left = serializers.IntegerField(help_text="People who do not want it any more.")
    waiting = serializers.IntegerField(help_text="People who have not confirmed yet.")

    class Meta(TopicOut.Meta):
        fields = (*TopicOut.Meta.fields, "text", "text_version", "subscribed", "left", "waiting")  # type: ignore[assignment]

    def to_representation(self, instance: Topic) -> dict[str, Any]:
        count, text = topics.counts([instance])[instance.key], topics.text_of(instance)
        return {
            **TopicOut(instance).data,
            "text": text.text if text else "",
            "text_version": text.name if text else "",
            "subscribed": count.subscribed,
            "left": count.left,
            "waiting": count.waiting,
        }


class _InOrder(KeysetPagination):
    ordering = ("position", "id")  # type: ignore[assignment]


@extend_schema_view(
    get=extend_schema(operation_id="topics_list", summary="List what people can subscribe to", tags=["topics"]),
    post=extend_schema(
        operation_id="topics_create",
        summary="Make a topic",
        request=NewTopicIn,
        responses={201: TopicNumbersOut},
        tags=["topics"],
    ),
)
class TopicsView(generics.ListAPIView[Topic]):
    read_right, write_right = Right.VIEW, Right.EDIT_CAMPAIGNS
    serializer_class = TopicOut
    pagination_class = _InOrder
    filter_backends: tuple[Any, ...] = ()
    queryset = Topic.objects.all()

    def post(self, request: Request) -> Response:
        form = NewTopicIn(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        text = values.pop("text")
        topic = topics.save(topic=Topic(**values), text=text, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return Response(TopicNumbersOut(topic).data, status=status.HTTP_201_CREATED)


class TopicView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_CAMPAIGNS

    @extend_schema(operation_id="topics_retrieve", summary="Get one topic", responses=TopicNumbersOut, tags=["topics"])
    def get(self, request: Request, key: str) -> Response:
        return Response(TopicNumbersOut(get_object_or_404(Topic, key=key)).data)

    @extend_schema(
        operation_id="topics_replace", summary="Change a topic", request=TopicIn, responses=TopicNumbersOut, tags=["topics"]
    )
    def put(self, request: Request, key: str) -> Response:
        topic = get_object_or_404(Topic, key=key)
        form = TopicIn(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        text = values.pop("text")
        for name, value in values.items():
            setattr(topic, name, value)
        topics.save(topic=topic, text=text, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return Response(TopicNumbersOut(topic).data)


class TopicArchiveView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_CAMPAIGNS

    @extend_schema(
        operation_id="topics_archive",
        summary="Offer a topic no more",
        description="What people said about it stays and holds.",
        request=None,
        responses=TopicOut,
        tags=["topics"],
    )
    def post(self, request: Request, key: str) -> Response:
        topic = get_object_or_404(Topic, key=key)
        topics.archive(topic=topic, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return Response(TopicOut(get_object_or_404(Topic, key=key)).data)


class TopicRestoreView(APIView):
    read_right, write_right = Right.VIEW, Right.EDIT_CAMPAIGNS

    @extend_schema(
        operation_id="topics_restore", summary="Offer a topic again", request=None, responses=TopicOut, tags=["topics"]
    )
    def post(self, request: Request, key: str) -> Response:
        topic = get_object_or_404(Topic, key=key)
        topics.restore(topic=topic, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return Response(TopicOut(get_object_or_404(Topic, key=key)).data)
