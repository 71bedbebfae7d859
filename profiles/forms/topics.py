"""What may staff write about a topic?"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from profiles.consent import topics
from profiles.models import Topic


class TopicForm(forms.ModelForm[Topic]):
    text = forms.CharField(
        label=_("Text people agree to"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Shown on the sign-up page. A change is a new version; proofs keep the one that was read."),
    )

    class Meta:
        model = Topic
        fields: ClassVar = ["name", "description", "is_default", "needs_confirmation", "has_form"]
        widgets: ClassVar = {"description": forms.Textarea(attrs={"rows": 2})}
        help_texts: ClassVar = {
            "description": _("One sentence that people read on their preference page."),
            "is_default": _("Who allowed the channel and never said a word about this topic gets it."),
            "needs_confirmation": _("Nothing is sent before the address answers a letter: double opt-in."),
            "has_form": _("A page of its own, to link to from your site."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and (text := topics.text_of(self.instance)):
            self.fields["text"].initial = text.text

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("has_form") and not data.get("text", "").strip():
            self.add_error("text", _("A sign-up page needs the words that people agree to."))
        return data
