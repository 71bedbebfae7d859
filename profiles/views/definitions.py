"""Which events and attributes do we know, what do they mean, and is what arrives right?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from omni import audit, keyset, toasts
from omni.models import User
from omni.roles import Right, may, require
from profiles import quality
from profiles.models import AttributeDef, Event, EventDef, EventTally

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from omni.middleware import StaffRequest

VOLUME_DAYS = 7
SAMPLED = 50  # latest events that are looked at for sample values
SAMPLES = 4
LONGEST_SAMPLE = 60
MOST_LETTERS = 100


class _DefinitionForm(forms.ModelForm[Any]):
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name", "pk"), required=False, label=gettext_lazy("Who knows about it")
    )

    class Meta:
        fields = ("label", "description", "owner")
        labels = {  # noqa: RUF012
            "label": gettext_lazy("Called here"),
            "description": gettext_lazy("What it means"),
        }
        help_texts = {  # noqa: RUF012
            "label": gettext_lazy("The name in lists and reports. What the sources send stays."),
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012


class EventDefForm(_DefinitionForm):
    class Meta(_DefinitionForm.Meta):
        model = EventDef


class AttributeDefForm(_DefinitionForm):
    class Meta(_DefinitionForm.Meta):
        model = AttributeDef


@require(Right.VIEW)
@require_GET
def event_list(request: StaffRequest) -> HttpResponse:
    asked = _asked(request)
    rows = EventDef.objects.filter(Q(name__icontains=asked) | Q(label__icontains=asked)) if asked else EventDef.objects.all()
    page = keyset.page(_with_volume(rows).select_related("owner"), order=("name", "id"), query=request.GET)
    context = {"page": page, "asked": asked, "days": VOLUME_DAYS}
    return render(request, f"profiles/eventdef_list.html{'#results' if request.htmx else ''}", context)


@require(Right.VIEW)
@require_http_methods(["GET", "POST"])
def event_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show an event with its properties; a POST says what it means."""
    event = get_object_or_404(_with_volume(EventDef.objects.all()), pk=pk)
    form = EventDefForm(request.POST if request.method == "POST" else None, instance=event)
    if request.method == "POST" and (answer := _keep(request, form, event, "event.describe")):
        return answer
    event.refresh_from_db(fields=["label"])
    since = timezone.now().date() - timedelta(days=VOLUME_DAYS)
    by_source = EventTally.objects.filter(name=event, day__gte=since).values("source__name").order_by("source__name")
    context = {
        "event": event,
        "form": form,
        "properties": _properties(event),
        "by_source": by_source.annotate(total=Sum("used")),
        "days": VOLUME_DAYS,
        "may_edit": may(request.user, Right.EDIT_PEOPLE),
    }
    return render(request, "profiles/eventdef_detail.html", context, status=422 if form.errors else 200)


@require(Right.VIEW)
@require_GET
def attribute_list(request: StaffRequest) -> HttpResponse:
    asked = _asked(request)
    rows = (
        AttributeDef.objects.filter(Q(key__icontains=asked) | Q(label__icontains=asked)) if asked else AttributeDef.objects.all()
    )
    page = keyset.page(rows.select_related("owner"), order=("key", "id"), query=request.GET)
    context = {"page": page, "asked": asked}
    return render(request, f"profiles/attributedef_list.html{'#results' if request.htmx else ''}", context)


@require(Right.VIEW)
@require_http_methods(["GET", "POST"])
def attribute_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show an attribute; a POST says what it means."""
    attribute = get_object_or_404(AttributeDef, pk=pk)
    form = AttributeDefForm(request.POST if request.method == "POST" else None, instance=attribute)
    if request.method == "POST" and (answer := _keep(request, form, attribute, "attribute.describe")):
        return answer
    attribute.refresh_from_db(fields=["label"])
    context = {"attribute": attribute, "form": form, "may_edit": may(request.user, Right.EDIT_PEOPLE)}
    return render(request, "profiles/attributedef_detail.html", context, status=422 if form.errors else 200)


@require(Right.VIEW)
@require_GET
def quality_list(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    lines, repeated = quality.lines(now=now), quality.repeated(now=now)
    context = {"lines": lines, "repeated": repeated, "count": quality.count_findings(lines, repeated)}
    return render(request, "profiles/quality_list.html", context)


def _asked(request: StaffRequest) -> str:
    return request.GET.get("q", "").strip()[:MOST_LETTERS].replace("\x00", "")


def _keep(request: StaffRequest, form: _DefinitionForm, obj: Any, action: str) -> HttpResponse | None:
    if not may(request.user, Right.EDIT_PEOPLE):
        return HttpResponse(status=403)
    if not form.is_valid():
        return None
    # Only these columns: the properties are being learned by the ingest meanwhile.
    obj.save(update_fields=["label", "description", "owner"])
    audit.record(actor=request.user, action=action, obj=obj, after={"label": obj.label}, now=timezone.now())
    toasts.push(request, _("Saved."))
    return redirect(obj)


def _with_volume(rows: QuerySet[EventDef]) -> QuerySet[EventDef]:
    """Add `volume`: how many came within VOLUME_DAYS, from the tallies."""
    since = timezone.now().date() - timedelta(days=VOLUME_DAYS)
    sums = EventTally.objects.filter(name=OuterRef("pk"), day__gte=since).order_by().values("name").annotate(n=Sum("used"))
    found: QuerySet[EventDef] = rows.annotate(volume=Coalesce(Subquery(sums.values("n")), 0, output_field=IntegerField()))
    return found


def _properties(event: EventDef) -> list[dict[str, Any]]:
    """Return the properties with their types and some values of the latest events. One query."""
    samples: dict[str, list[str]] = {}
    latest = Event.objects.filter(name=event.pk).order_by("-time").values_list("properties", flat=True)[:SAMPLED]
    for properties in latest:
        for key, value in properties.items():
            text = str(value)[:LONGEST_SAMPLE]
            held = samples.setdefault(key, [])
            if value not in (None, "", [], {}) and text not in held and len(held) < SAMPLES:
                held.append(text)
    words = dict(AttributeDef.Type.choices)
    return [
        {"key": key, "type": words.get(kind, kind), "samples": samples.get(key, [])}
        for key, kind in sorted(event.properties.items())
    ]
