"""What may a person type about templates?"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Sender, Template


class NewTemplateForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=160,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=_("Only your team sees it."),
    )


class TemplateForm(forms.ModelForm[Template]):
    """The editor. Half-finished words are saved, too: what is wrong with them stands in the checks."""

    class Meta:
        model = Template
        fields: ClassVar = ["name", "subject", "preheader", "markup", "body"]
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "subject": forms.TextInput(attrs={"autocomplete": "off"}),
            "preheader": forms.TextInput(attrs={"autocomplete": "off"}),
            "body": forms.Textarea(attrs={"spellcheck": "false", "wrap": "off", "rows": 30, "data-lines": ""}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].strip = False  # type: ignore[attr-defined]

    def clean_body(self) -> str:
        return str(self.cleaned_data["body"]).replace("\r\n", "\n").replace("\0", "")


class TrialForm(forms.Form):
    address = forms.EmailField(label=_("To"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    sender = forms.ModelChoiceField(label=_("From"), queryset=Sender.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        senders = Sender.objects.select_related("account").order_by("-is_default", "name", "pk")
        self.fields["sender"].queryset = senders  # type: ignore[attr-defined]
