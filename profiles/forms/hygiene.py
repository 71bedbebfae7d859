"""What may a person type about list cleaning and blocked addresses?"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _

from profiles.hygiene import audiences, cleaning, verifiers
from profiles.hygiene.verifiers import Verifier
from profiles.models import HygienePolicy, Suppression

MOST_LIST_BYTES = 10 * 1024**2
BY_HAND = (Suppression.Reason.MANUAL, Suppression.Reason.COMPLAINED, Suppression.Reason.HARD_BOUNCED)
CHANNELS = [("email", _("E-mail")), ("phone", _("Phone"))]


class PeopleForm(forms.Form):
    """Whose addresses are cleaned."""

    source = forms.ChoiceField(label=_("Whose addresses"), widget=forms.Select(attrs={"data-choose": True}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = audiences.offered()  # type: ignore[attr-defined]


class LinesForm(forms.Form):
    """Lines that are pasted, or the lines of a small file."""

    lines = forms.CharField(
        label=_("One on each line"), required=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), strip=False
    )
    file = forms.FileField(
        label=_("Or a file with them"), required=False, widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/plain,text/csv"})
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MOST_LIST_BYTES:
            raise forms.ValidationError(text("The file is larger than 10 MB. Import it as people, or cut it into parts."))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        found = cleaned.get("lines", "").splitlines()
        if file := cleaned.get("file"):
            found += _decoded(file.read()).splitlines()
        cleaned["read"] = [cell for line in found if (cell := first_cell(line))]
        if not cleaned["read"] and not self.errors:
            self.add_error("lines", text("Paste at least one, or choose a file."))
        if len(cleaned["read"]) > cleaning.MOST_LISTED:
            self.add_error(
                "lines", text("At most %(most)s at once. Import larger lists as people.") % {"most": cleaning.MOST_LISTED}
            )
        return cleaned


class BlockForm(LinesForm):
    """Addresses that nothing is sent to from now on."""

    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS)
    reason = forms.ChoiceField(label=_("Why"), choices=[(reason.value, reason.label) for reason in BY_HAND])
    detail = forms.CharField(label=_("Note"), max_length=300, required=False, help_text=_("Such as the number of the complaint."))

    field_order = ("lines", "file", "channel", "reason", "detail")


class PolicyForm(forms.ModelForm[HygienePolicy]):
    class Meta:
        model = HygienePolicy
        fields: ClassVar = [
            "keep_days", "looks_up_domains", "soft_bounce_limit", "soft_bounce_days", "verifier", "cost_minor", "budget_minor",
        ]  # fmt: skip
        labels: ClassVar = {
            "keep_days": _("A check is believed for, days"),
            "looks_up_domains": _("Look domains up in the name system"),
            "soft_bounce_limit": _("Block an address after so many soft bounces"),
            "soft_bounce_days": _("Counted within, days"),
            "verifier": _("Who is asked whether a mailbox exists"),
            "cost_minor": _("Price of one check"),
            "budget_minor": _("Budget of a month"),
        }
        help_texts: ClassVar = {
            "looks_up_domains": _(
                "Without it nothing leaves this machine, and only spelling, lists and your own letters decide."
            ),
            "soft_bounce_limit": _("Such as “mailbox full”. 0 means never."),
            "verifier": _("Only for addresses that nothing decides for free. What was paid for once is not paid for again."),
        }

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", text("Nobody")), *((one.key, one.label) for one in verifiers.registry)]
        self.fields["verifier"] = forms.ChoiceField(
            label=self.fields["verifier"].label,
            help_text=self.fields["verifier"].help_text,
            choices=choices,
            required=False,
        )
        self.fields["keep_days"].widget.attrs["min"] = 1
        minor = text("In the smallest unit of %(currency)s: 150 is 1.50.") % {"currency": currency}
        self.fields["cost_minor"].help_text = minor
        self.fields["budget_minor"].help_text = text("%(minor)s Nothing is asked beyond it.") % {"minor": minor}

    def clean_keep_days(self) -> int:
        days = int(self.cleaned_data["keep_days"])
        if days < 1:
            raise forms.ValidationError(text("At least one day."))
        return days


def verifier_form(verifier: Verifier, *, data: Any = None, stored: dict[str, Any] | None = None) -> forms.Form:
    """Return the verifier's own form. Secrets that are stored are not shown; leaving their field empty keeps them."""
    shown = {key: value for key, value in (stored or {}).items() if key not in verifier.secret_fields}
    form = verifier.SettingsForm(data, initial=shown or None, prefix="verifier")
    for name in verifier.secret_fields:
        if stored and stored.get(name):
            form.fields[name].widget.attrs["placeholder"] = text("unchanged")
            form.fields[name].required = False
    return form


def first_cell(line: str) -> str:
    """Return the address of a line of a list or table: the first cell with an @, else the first."""
    cells = [cell.strip().strip('"').strip() for cell in line.replace(";", ",").replace("\t", ",").split(",")]
    found = next((cell for cell in cells if "@" in cell), cells[0])
    # "anna@gmail,com" is a slip, not two cells.
    whole = line.strip()
    return whole if len(cells) == 2 and "@" in cells[0] and "." not in cells[0].rpartition("@")[2] else found


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
