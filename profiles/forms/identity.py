"""What may the company say about identifiers: limits and values that name nobody?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from profiles import identity
from profiles.identity.rules import Limit
from profiles.models import BlockedValue, Identifier
from profiles.models.profile import type_in_words

MOST = 1000


class LimitForm(forms.Form):
    """How many identifiers of one type a person may have."""

    most = forms.IntegerField(label=_("At most"), min_value=1, max_value=MOST)
    window_days = forms.IntegerField(label=_("within days"), min_value=1, max_value=3650, required=False)
    ever = forms.IntegerField(label=_("in all"), min_value=1, max_value=MOST, required=False)

    def __init__(self, data: Any = None, *, kind: str, **options: Any) -> None:
        super().__init__(data, prefix=kind, **options)
        self.kind, self.label = kind, type_in_words(kind)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control form-control-narrow"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("ever") and data.get("most") and data["ever"] < data["most"]:
            self.add_error("ever", _("Not fewer in all than within the days."))
        return data

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in ("most", "window_days", "ever")}

    @staticmethod
    def words_of(limit: Limit) -> dict[str, Any]:
        return {"most": limit.most, "window_days": limit.window.days if limit.window else None, "ever": limit.ever}


class BlockedValueForm(forms.Form):
    """A value that names nobody."""

    type = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any kind")), *Identifier.Type.choices], required=False)
    value = forms.CharField(label=_("Value"), max_length=255)
    note = forms.CharField(label=_("Why"), max_length=200, required=False, help_text=_("For example: the phone of our shop."))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "value" not in data:
            return data
        kind = data.get("type", "")
        normal = identity.normalize(kind, data["value"])
        if normal is None:
            self.add_error("value", _("This names nobody already, or is not a value of its kind."))
        elif BlockedValue.objects.filter(type=kind, value=normal).exists():
            self.add_error("value", _("This is blocked already."))
        data["normal"] = normal
        return data

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"type": data.get("type", ""), "value": data["normal"], "note": data.get("note", "")}
