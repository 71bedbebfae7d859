"""What may a person type about senders, providers and the limits of sending?"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _

from campaigns.channels import headers
from campaigns.models import Campaign, Delivery, Policy, ProviderAccount, Sender
from campaigns.providers.base import Provider
from profiles.models import ContactPoint


class SenderForm(forms.ModelForm[Sender]):
    class Meta:
        model = Sender
        fields: ClassVar = ["name", "email", "reply_to", "account"]
        labels: ClassVar = {"account": _("Sent through")}
        help_texts: ClassVar = {
            "name": _("What readers see as the sender, such as the name of the shop."),
            "email": _("An address of a domain that may send through this account (SPF and DKIM)."),
            "reply_to": _("Leave empty when answers go to the address above."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = ProviderAccount.objects.order_by("-is_default", "name", "pk")
        self.fields["account"].queryset = accounts  # type: ignore[attr-defined]
        self.fields["account"].empty_label = None  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        try:
            headers.words(name)
        except headers.HeaderError as error:
            raise forms.ValidationError(text("A name must not contain a line break or control character.")) from error
        return name

    def clean_email(self) -> str:
        return _mailbox(self.cleaned_data["email"])

    def clean_reply_to(self) -> str:
        return _mailbox(self.cleaned_data["reply_to"]) if self.cleaned_data["reply_to"] else ""


class AccountForm(forms.Form):
    """The name of an account; what its provider needs is asked by the provider's own form."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Only your team sees it."))


def settings_form(provider: Provider, *, data: Any = None, stored: dict[str, Any] | None = None) -> forms.Form:
    """Return the provider's form. Secrets that are stored are not shown; leaving their field empty keeps them."""
    shown = {key: value for key, value in (stored or {}).items() if key not in provider.secret_fields}
    form = provider.SettingsForm(data, initial=shown or None, prefix="account")
    for name in provider.secret_fields:
        if stored and stored.get(name):
            form.fields[name].widget.attrs["placeholder"] = text("unchanged")
            form.fields[name].required = False
    return form


def merged_settings(provider: Provider, form: forms.Form, stored: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be stored: what was typed, and the old secrets whose fields were left empty."""
    kept = {name: stored[name] for name in provider.secret_fields if not form.cleaned_data.get(name) and stored.get(name)}
    return {**form.cleaned_data, **kept}


class PolicyForm(forms.ModelForm[Policy]):
    class Meta:
        model = Policy
        fields: ClassVar = ["cap_per_day", "cap_per_week", "cap_wait_hours", "quiet_from", "quiet_until", "message_ttl_hours"]
        widgets: ClassVar = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels: ClassVar = {
            "cap_per_day": _("Messages per person in 24 hours"),
            "cap_per_week": _("Messages per person in 7 days"),
            "cap_wait_hours": _("A message that is one too many waits at most, hours"),
            "quiet_from": _("Quiet from"),
            "quiet_until": _("Quiet until"),
            "message_ttl_hours": _("A message is too old after, hours"),
        }
        help_texts: ClassVar = {
            "cap_per_day": _("Over all campaigns. 0 means no limit."),
            "cap_per_week": _("Over all campaigns. 0 means no limit."),
            "cap_wait_hours": _("After that it is dropped and says why."),
            "quiet_from": _("In each person's own time zone, else in the company's. Leave both empty for no quiet hours."),
            "message_ttl_hours": _("Counted from when it was put into the outbox; what waits longer is dropped and says why."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(cleaned.get("quiet_from")) != bool(cleaned.get("quiet_until")):
            empty = "quiet_until" if cleaned.get("quiet_from") else "quiet_from"
            self.add_error(empty, text("Quiet hours need a beginning and an end."))
        if not self.errors and cleaned["message_ttl_hours"] < 1:
            self.add_error("message_ttl_hours", text("At least one hour."))
        return cleaned


class DeliveryFilter(django_filters.FilterSet):
    """Which messages are shown: by an address or a person's number, state, campaign."""

    q = django_filters.CharFilter(method="by_person")
    state = django_filters.MultipleChoiceFilter(choices=Delivery.State.choices)
    campaign = django_filters.ModelChoiceFilter(queryset=Campaign.objects.order_by("name", "pk"))
    reason = django_filters.CharFilter(field_name="reason")

    class Meta:
        model = Delivery
        fields: ClassVar[list[str]] = []

    def by_person(self, rows: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        wanted = value.strip()
        if wanted.isdigit() and len(wanted) < 19:
            return rows.filter(profile_id=int(wanted))
        owners = ContactPoint.objects.filter(address__iexact=wanted).values("profile_id")
        return rows.filter(Q(address__iexact=wanted) | Q(profile_id__in=owners))


def _mailbox(address: str) -> str:
    try:
        headers.mailbox(address)
    except headers.HeaderError as error:
        raise forms.ValidationError(str(error)) from error
    return address
