"""What may be typed on the pages of the house, and how does a field look?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from omni.models import Company, User
from omni.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

CURRENCIES = (
    "EUR", "USD", "GBP", "PLN", "BGN", "RUB", "UAH", "CZK", "HUF", "RON", "SEK", "NOK", "DKK", "CHF", "TRY", "KZT", "GEL", "AMD",
    "RSD", "MDL", "BYN", "ILS", "AED", "SAR", "INR", "CNY", "JPY", "KRW", "SGD", "HKD", "IDR", "THB", "VND", "PHP", "MYR", "AUD",
    "NZD", "CAD", "MXN", "BRL", "ARS", "CLP", "COP", "PEN", "ZAR", "NGN", "KES", "EGP", "MAD",
)  # fmt: skip

ROLE_WORDS: dict[User.Role, _StrPromise] = {
    User.Role.OWNER: _("Everything, including the team, keys and providers."),
    User.Role.MARKETER: _("People, segments and campaigns, and sends them."),
    User.Role.ANALYST: _("Sees everything, makes segments, exports."),
    User.Role.SUPPORT: _("Sees everything, corrects people and their consents."),
}

SCOPE_WORDS: dict[Right, tuple[_StrPromise, _StrPromise]] = {
    Right.VIEW: (_("Read"), _("People, segments, campaigns and reports.")),
    Right.LOOK_UP: (_("Look up"), _("One person by an exact phone, e-mail or card, for tills.")),
    Right.EDIT_PEOPLE: (_("Write people"), _("Attributes, events, consents and imports.")),
    Right.EDIT_SEGMENTS: (_("Write segments"), _("Make, change and refresh segments.")),
    Right.EDIT_CAMPAIGNS: (_("Write campaigns"), _("Draw journeys, write templates, send tests.")),
    Right.SEND: (_("Send"), _("Launch, pause and stop campaigns.")),
    Right.EXPORT: (_("Export"), _("Take people and results out as files.")),
    Right.ADMINISTER: (_("Administer"), _("Team, keys, providers and policy.")),
}


class Renderer(TemplatesSetting):
    """Django's own field groups in the markup of the house."""

    field_template_name = "forms/field.html"


def zone_choices() -> list[tuple[str, str]]:
    """Return the zones with a city or UTC; aliases such as "EST5EDT" are left out."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


def _zone_field(label: _StrPromise, *, required: bool = True) -> forms.ChoiceField:
    blank = [] if required else [("", _("As the company"))]
    choices = [*blank, *zone_choices()]
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=forms.Select(attrs={"data-choose": True}))


def _new_password_field(label: _StrPromise) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, not a common password, not your name."),
    )


class Options(forms.RadioSelect):
    """One of a few large things, each with what it means: `notes` by value."""

    template_name = "forms/options.html"

    def __init__(self, notes: Mapping[Any, _StrPromise], attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__(attrs, choices)
        self.notes = {str(value): note for value, note in notes.items()}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "note": self.notes.get(str(value), "")}


class ManyOptions(Options):
    """Some of a few large things."""

    allow_multiple_selected = True
    input_type = "checkbox"

    def use_required_attribute(self, initial: Any) -> bool:
        return False  # the browser would ask for every box

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # a box that is not ticked is not sent


class SetupForm(forms.Form):
    """The first visit: the company, and its first owner."""

    company_name = forms.CharField(label=_("Company"), max_length=120, help_text=_("As your customers know it."))
    time_zone = _zone_field(_("Time zone"))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES], initial="EUR")
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.PEOPLE_LANGUAGES, initial="en", help_text=_("Of most of your customers.")
    )
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label=_("Your e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = _new_password_field(_("Password"))

    company_fields: ClassVar = ("company_name", "time_zone", "currency", "language")
    owner_fields: ClassVar = ("name", "email", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The browser knows where the visitor is; static/js/zone.js fills it in.
        self.fields["time_zone"].widget.attrs["data-guess-zone"] = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if password := data.get("password"):
            user = User(email=data.get("email", ""), name=data.get("name", ""))
            _check_password(self, password, user, field="password")
        return data

    def company(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "name": data["company_name"],
            "time_zone": data["time_zone"],
            "currency": data["currency"],
            "language": data["language"],
        }

    def company_group(self) -> list[forms.BoundField]:
        return [self[name] for name in self.company_fields]

    def owner_group(self) -> list[forms.BoundField]:
        return [self[name] for name in self.owner_fields]


class PasswordForm(forms.Form):
    """A password chosen through a one-time link."""

    password = _new_password_field(_("New password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.user)
        return password


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]  # the class is generic in the stubs only
    """A new member of the team."""

    class Meta:
        model = User
        fields: ClassVar = ["name", "email", "role"]
        widgets: ClassVar = {"role": Options(ROLE_WORDS)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("This address is in the team already, or was: look under “Left”."))
        return email


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices)


class CompanyForm(forms.ModelForm):  # type: ignore[type-arg]  # the class is generic in the stubs only
    """What is true for the whole company."""

    time_zone = _zone_field(_("Time zone"))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.PEOPLE_LANGUAGES, help_text=_("For people whose language is not known.")
    )

    class Meta:
        model = Company
        fields: ClassVar = ["name", "time_zone", "currency", "language", "postal_address"]
        widgets: ClassVar = {"postal_address": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].help_text = _("Of reports, quiet hours and schedules, unless a person's own zone is known.")


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # the class is generic in the stubs only
    """What one may change about oneself."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = _zone_field(_("Time zone"), required=False)
    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=[("auto", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
        widget=forms.RadioSelect,
    )

    class Meta:
        model = User
        fields: ClassVar = ["name", "language", "time_zone", "theme"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["language"].choices = [("", _gettext("As the browser")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        if len(settings.LANGUAGES) == 1:
            del self.fields["language"]
        if not self.instance.theme:
            self.initial["theme"] = "auto"


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("Which program will hold it, so that you know what stops when you revoke it."),
        widget=forms.TextInput(attrs={"placeholder": _("Online shop")}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=ManyOptions({right: what for right, (_words, what) in SCOPE_WORDS.items()}),
        initial=[Right.VIEW.value],
    )

    def __init__(self, *args: Any, rights: frozenset[Right], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (right.value, words) for right, (words, _what) in SCOPE_WORDS.items() if right in rights
        ]


def _check_password(form: forms.Form, password: str, user: User, *, field: str) -> None:
    try:
        validate_password(password, user)
    except forms.ValidationError as error:
        form.add_error(field, error)
