"""What may be typed about erasing, freezing and answering requests?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from profiles import identity
from profiles.models import Identifier


class EraseForm(forms.Form):
    """The last question before somebody is erased: their number must be typed."""

    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("For example: asked for it by letter on 3 March. Do not write who it is.")
    )
    confirm = forms.CharField(label=_("Number of the person"), max_length=20)

    def __init__(self, data: Any = None, *, person_id: int, **options: Any) -> None:
        super().__init__(data, **options)
        self.person_id = person_id
        self.fields["confirm"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def clean_confirm(self) -> str:
        typed = str(self.cleaned_data["confirm"]).strip().lstrip("#")
        if typed != str(self.person_id):
            raise forms.ValidationError(_("Type %(id)s, the number of this person."), params={"id": self.person_id})
        return typed


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=300)


class TombstoneForm(forms.Form):
    """The identifier that may be used again. It must be typed: what is kept of it cannot be read."""

    type = forms.ChoiceField(label=_("Known by"), choices=Identifier.Type.choices)
    value = forms.CharField(label=_("Value"), max_length=255)
    reason = forms.CharField(label=_("Why it may be used again"), max_length=300)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"type", "value"} <= set(data):
            data["normal"] = identity.normalize(data["type"], data["value"])
            if data["normal"] is None:
                self.add_error("value", _("This cannot be an identifier of this kind."))
        return data
