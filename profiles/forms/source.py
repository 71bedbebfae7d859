"""What may be typed about a source?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

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
            (Source.Kind.WEBHOOK, _("In a secret address that another system calls: a webhook, mapped by clicking")),
        ],
        initial=Source.Kind.SERVER,
    )

    class Meta:
        model = Source
        fields: ClassVar = ["name", "kind"]
        help_texts: ClassVar = {"name": _("Such as “Web shop” or “Mobile app”. It is shown beside what the source told us.")}


class SourceEditForm(_Base):
    """What may be changed later; a website also says which pages may use its key and whether its visitors are believed."""

    origins = forms.CharField(
        label=_("Pages of these sites only"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://shop.example.com"}),
        help_text=_("One address a line. Leave it empty to accept calls from the pages of any site."),
    )
    trusts_visitors = forms.BooleanField(
        label=_("Believe visitors who they say they are"),
        required=False,
        help_text=_(
            "Without it, a visitor is joined with somebody we already know only when the user id is signed by your server. "
            "With it, whoever knows the key can act as any customer in the eyes of your campaigns."
        ),
    )

    class Meta:
        model = Source
        fields: ClassVar = ["name", "origins", "trusts_visitors"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["origins"] = "\n".join(self.instance.origins)
        if self.instance.kind != Source.Kind.BROWSER:
            del self.fields["origins"], self.fields["trusts_visitors"]

    def clean_origins(self) -> list[str]:
        found = []
        for line in self.cleaned_data["origins"].split():
            parts = urlsplit(line if "//" in line else f"https://{line}")
            host = parts.hostname or ""
            if parts.scheme not in ("http", "https") or not ("." in host.strip(".") or host == "localhost"):
                raise forms.ValidationError(_("“%(line)s” is no address of a site."), params={"line": line})
            found.append(f"{parts.scheme}://{parts.netloc}".lower())
        return found
