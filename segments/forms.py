"""What may a person type about a segment, besides its conditions?"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from segments.models import Segment

SORTS = (
    ("name", _("Name")),
    ("-size", _("Largest first")),
    ("-updated_at", _("Changed lately")),
)
ORDERS = {"name": ("name", "pk"), "-size": ("-size", "-pk"), "-updated_at": ("-updated_at", "-pk")}


class SegmentForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=160,
        widget=forms.TextInput(attrs={"placeholder": _("Regulars from Poland"), "autocomplete": "off"}),
    )
    description = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class SegmentFilter(django_filters.FilterSet):
    """What the list can be narrowed to."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    state = django_filters.ChoiceFilter(
        method="in_state",
        label=_("State"),
        choices=(("in_use", _("In use")), ("archived", _("Archived"))),
    )

    class Meta:
        model = Segment
        fields: ClassVar[list[str]] = []

    def search(self, rows: QuerySet[Segment], name: str, value: str) -> QuerySet[Segment]:
        for word in value.split()[:8]:
            rows = rows.filter(name__icontains=word) | rows.filter(description__icontains=word)
        return rows

    def in_state(self, rows: QuerySet[Segment], name: str, value: Any) -> QuerySet[Segment]:
        return rows.filter(archived_at__isnull=value != "archived")
