"""How do programs write templates, try them out, and see what became of messages? The same functions as the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions, mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import content, letters, trials
from campaigns.channels import wording
from campaigns.models import Delivery, Outcome, Sender, Template, TrialSend
from omni.pagination import KeysetPagination
from omni.roles import Right
from profiles.models import Profile


class TemplateOut(serializers.ModelSerializer[Template]):
    class Meta:
        model = Template
        fields: ClassVar = [
            "id", "name", "channel", "subject", "preheader", "markup", "body", "created_at", "updated_at", "archived_at",
        ]  # fmt: skip
        read_only_fields = fields


class TemplateIn(serializers.ModelSerializer[Template]):
    class Meta:
        model = Template
        fields: ClassVar = ["name", "subject", "preheader", "markup", "body"]
        extra_kwargs: ClassVar = {"body": {"trim_whitespace": False}}


class CheckOut(serializers.Serializer[content.Check]):
    text = serializers.CharField()
    is_fault = serializers.BooleanField(help_text="A fault keeps the template from being sent; otherwise it is advice.")
    where = serializers.ChoiceField(choices=["subject", "preheader", "body"])
    line = serializers.IntegerField(allow_null=True)


class LetterOut(serializers.Serializer[content.Preview]):
    subject = serializers.CharField()
    preheader = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()


class TrialIn(serializers.Serializer[TrialSend]):
    address = serializers.EmailField()
    sender = serializers.PrimaryKeyRelatedField(queryset=Sender.objects.select_related("account"))
    person = serializers.IntegerField(required=False, help_text="As whom the letter is filled in.")


class TrialOut(serializers.ModelSerializer[TrialSend]):
    class Meta:
        model = TrialSend
        fields: ClassVar = ["id", "address", "subject", "result", "detail", "at"]
        read_only_fields = fields


class SenderOut(serializers.ModelSerializer[Sender]):
    class Meta:
        model = Sender
        fields: ClassVar = ["id", "name", "email", "reply_to", "is_default"]
        read_only_fields = fields


class OutcomeOut(serializers.ModelSerializer[Outcome]):
    link = serializers.CharField(source="link.url", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Outcome
        fields: ClassVar = ["kind", "at", "link", "is_machine", "machine_reason"]
        read_only_fields = fields


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    why = serializers.SerializerMethodField(help_text="Why it was not sent or still waits, in words; '' for a sent one.")

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id", "key", "campaign", "step", "visit", "leg", "variant", "profile_id", "channel", "address", "state", "reason",
            "waiting", "why", "detail", "provider_ref", "created_at", "expires_at", "settled_at", "delivered_at", "opened_at",
            "clicked_at", "bounced_at", "complained_at", "unsubscribed_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_why(self, row: Delivery) -> str:
        return letters.why(row)


class DeliveryDetailOut(DeliveryOut):
    outcomes = OutcomeOut(many=True, read_only=True)

    class Meta(DeliveryOut.Meta):
        fields: ClassVar = [*DeliveryOut.Meta.fields, "outcomes"]
        read_only_fields = fields


class TemplateFilter(filters.FilterSet):
    name = filters.CharFilter(field_name="name", lookup_expr="icontains")
    archived = filters.BooleanFilter(field_name="archived_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Template
        fields: ClassVar[list[str]] = []


class DeliveryFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Delivery.State.choices)
    reason = filters.CharFilter()
    campaign = filters.NumberFilter(field_name="campaign_id")
    profile_id = filters.NumberFilter()
    address = filters.CharFilter(lookup_expr="iexact")
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields: ClassVar[list[str]] = []


PERSON = OpenApiParameter("person", int, description="As whom the letter is filled in.")


@extend_schema_view(
    list=extend_schema(summary="List templates"),
    retrieve=extend_schema(summary="Read a template"),
)
@extend_schema(tags=["templates"])
class TemplateViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Template]):
    read_right = Right.VIEW
    write_right = Right.EDIT_CAMPAIGNS
    queryset = Template.objects.all()
    serializer_class = TemplateOut
    filterset_class = TemplateFilter
    pagination_class = KeysetPagination
    lookup_value_regex = r"\d+"

    @extend_schema(summary="Make a template", request=TemplateIn, responses={201: TemplateOut})
    def create(self, request: Request) -> Response:
        serializer = TemplateIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        made = serializer.save(created_by=request.user)
        return Response(TemplateOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change a template", request=TemplateIn, responses=TemplateOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        serializer = TemplateIn(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(TemplateOut(serializer.save()).data)

    @extend_schema(summary="Put a template into the archive", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        Template.objects.filter(pk=self.get_object().pk, archived_at=None).update(archived_at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Say what is wrong with a template", responses=CheckOut(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def checks(self, request: Request, pk: str) -> Response:
        found: Any = content.checks(self.get_object())
        return Response(CheckOut(found, many=True).data)

    @extend_schema(summary="Fill a template in for a person", parameters=[PERSON], responses=LetterOut)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def preview(self, request: Request, pk: str) -> Response:
        person = _person(request.query_params.get("person"))
        try:
            preview = content.render_preview(self.get_object(), person, now=timezone.now())
        except content.CompileError as error:
            raise exceptions.ValidationError({"body": [str(error)]}) from error
        except wording.WordingError as error:
            raise exceptions.ValidationError({"body": [error.message]}) from error
        return Response(LetterOut(preview).data)

    @extend_schema(summary="Send a template to an address, to try it out", request=TrialIn, responses=TrialOut)
    @action(detail=True, methods=["post"])
    def trial(self, request: Request, pk: str) -> Response:
        serializer = TrialIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        trial = trials.send(
            template=self.get_object(),
            sender=given["sender"],
            address=given["address"],
            profile=_person(given.get("person")),
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        return Response(TrialOut(trial).data)


@extend_schema_view(list=extend_schema(summary="List in whose names letters go out"))
@extend_schema(tags=["templates"])
class SenderViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Sender]):
    read_right = Right.VIEW
    queryset = Sender.objects.all()
    serializer_class = SenderOut
    pagination_class = KeysetPagination


@extend_schema_view(
    list=extend_schema(summary="List messages, newest first"),
    retrieve=extend_schema(summary="Read what became of a message", responses=DeliveryDetailOut),
)
@extend_schema(tags=["messages"])
class DeliveryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Delivery]):
    read_right = Right.VIEW
    serializer_class = DeliveryOut
    filterset_class = DeliveryFilter
    pagination_class = KeysetPagination
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Delivery]:
        rows = Delivery.objects.defer("context")
        return rows.prefetch_related("outcomes__link") if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[DeliveryOut]:
        return DeliveryDetailOut if self.action == "retrieve" else DeliveryOut


def _person(wanted: Any) -> Profile | None:
    """Return the person of that number; nobody in particular when none is asked for; 400 when there is no such person."""
    if wanted in (None, ""):
        return None
    is_number = str(wanted).isdigit() and len(str(wanted)) < 19
    found: Profile | None = Profile.objects.surviving().filter(pk=wanted).first() if is_number else None
    if found is None:
        raise exceptions.ValidationError({"person": ["There is no such person."]})
    return found
