"""What may a person type about campaigns?"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from profiles.models import EventDef, Topic


class CampaignForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=160,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=_("Only your team sees it."),
    )


class SettingsForm(forms.ModelForm[Campaign]):
    goal_event = forms.ChoiceField(
        label=_("Goal"), required=False, help_text=_("What people should do. Counted for the control group too.")
    )

    class Meta:
        model = Campaign
        fields: ClassVar = ["name", "topic", "control_percent", "goal_event", "goal_days"]
        help_texts: ClassVar = {
            "topic": _("Only people who allow this topic get the messages."),
            "control_percent": _("They walk through the journey but get nothing, so that you see what it really brought."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topic = self.fields["topic"]
        topic.queryset = Topic.objects.filter(Q(archived_at=None) | Q(pk=self.instance.topic_id)).order_by("position", "name")  # type: ignore[attr-defined]
        topic.empty_label = _("Any: consent to e-mail is enough")  # type: ignore[attr-defined]
        known = [(row.name, str(row)) for row in EventDef.objects.order_by("is_internal", "name")]
        current = self.instance.goal_event
        if current and current not in dict(known):
            known.insert(0, (current, current))
        self.fields["goal_event"].choices = [("", _("No goal")), *known]  # type: ignore[attr-defined]
        self.fields["control_percent"].widget.attrs |= {"min": 0, "max": 50}
        self.fields["goal_days"].widget.attrs |= {"min": 1, "max": 365}

    def clean_control_percent(self) -> int:
        percent: int = self.cleaned_data["control_percent"]
        if percent > 50:
            raise forms.ValidationError(_("At most half of the people."))
        return percent

    def clean_goal_days(self) -> int:
        days: int = self.cleaned_data["goal_days"]
        if not 1 <= days <= 365:
            raise forms.ValidationError(_("From 1 to 365 days."))
        return days


class CampaignFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Name"))
    state = django_filters.MultipleChoiceFilter(choices=Campaign.State.choices, label=_("State"))

    class Meta:
        model = Campaign
        fields: ClassVar = ["q", "state"]

    @property
    def qs(self) -> QuerySet[Campaign]:
        found: QuerySet[Campaign] = super().qs
        return found if self.form.is_valid() else found.none()
