"""What may be typed about a source?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from profiles.models import Source

if TYPE_CHECKING:
    _Base = forms.ModelForm[Source]
else:
    _Base = forms.ModelForm


class SourceForm(_Base):
    kind = forms.ChoiceField(
        label=_("Where does the key live?"),
        widget=forms.RadioSelect,
        choices=[
            (Source.Kind.SERVER, _("On a server: nobody outside can read it")),
            (Source.Kind.BROWSER, _("In a website or an app: every visitor can read it")),
        ],
        initial=Source.Kind.SERVER,
    )

    class Meta:
        model = Source
        fields: ClassVar = ["name", "kind"]
        help_texts: ClassVar = {"name": _("Such as “Web shop” or “Mobile app”. It is shown beside what the source told us.")}
