"""May we write to this person now: is there an address, permission, and nothing that blocks it?

Means what profiles.consent means when a letter is about to go: the channel is granted, the topic (when one is asked
about) not withdrawn, and the address not suppressed.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.changes import CONSENT_CHANGED, PROFILE_CHANGED
from profiles.models import ContactPoint
from segments import chips, names
from segments.conditions.base import ROOT, ROOT_OF, Condition, Params, Sql, of_origins

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from segments.catalog import Catalog

CHANNELS = {"email": gettext_lazy("e-mail"), "phone": gettext_lazy("phone")}
RELATIONS = {"may": gettext_lazy("can be reached by"), "may_not": gettext_lazy("cannot be reached by")}

PERMITTED = (
    "EXISTS (SELECT FROM profiles_consentstate c WHERE c.channel = point.kind AND c.address = point.address"
    " AND c.topic = '' AND c.status = 'granted')"
    " AND NOT EXISTS (SELECT FROM profiles_suppression s WHERE s.channel = point.kind"
    " AND s.address IN (point.address, '@' || split_part(point.address, '@', 2))"
    " AND s.lifted_at IS NULL)"
)
TOPIC_PERMITTED = (
    " AND COALESCE((SELECT t.status = 'granted' FROM profiles_consentstate t WHERE t.channel = point.kind"
    " AND t.address = point.address AND t.topic = %s AND t.status <> 'pending'),"
    " (SELECT topic.is_default FROM profiles_topic topic WHERE topic.key = %s), false)"
)


class ReachableForm(forms.Form):
    relation = forms.ChoiceField(choices=list(RELATIONS.items()))
    channel = forms.ChoiceField(choices=list(CHANNELS.items()))
    topic = forms.SlugField(max_length=40, required=False)

    def clean_topic(self) -> str:
        return clean_topic(self.cleaned_data["topic"])


class ReachableCondition(Condition):
    key = "reachable"
    label = gettext_lazy("Reach")
    icon = "mail"
    Form = ReachableForm

    def reads(self, params: Params) -> set[str]:
        return consent_reads(params["channel"], params["topic"]) | {f"{PROFILE_CHANGED}:{params['channel']}"}

    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        people = of_origins("point.profile_id", among)
        text = (
            f"SELECT DISTINCT {ROOT.format('point.profile_id')} AS id FROM profiles_contactpoint point"
            f" {ROOT_OF.format('point.profile_id')} WHERE point.kind = %s{people.text} AND {PERMITTED}"
        )
        values = (params["channel"], *people.params)
        if params["topic"]:
            text, values = text + TOPIC_PERMITTED, (*values, params["topic"], params["topic"])
        return Sql(text, values, inverted=params["relation"] == "may_not")

    def fresh(self) -> Params:
        return {"relation": "may", "channel": "email", "topic": ""}

    def settle(self, params: Params, catalog: Catalog) -> Params:
        return {**self.fresh(), **params}

    def row(self, params: Params, catalog: Catalog) -> chips.Row:
        return chips.Row(
            [
                chips.select("relation", _("Relation"), params["relation"], RELATIONS.items()),
                chips.select("channel", _("Channel"), params["channel"], CHANNELS.items()),
                chips.word(_("about")),
                chips.select("topic", _("Topic"), params["topic"], [("", _("anything")), *catalog.topics]),
            ]
        )

    def describe(self, params: Params) -> str:
        values = {"channel": CHANNELS[params["channel"]], "topic": topic_name(params["topic"])}
        if params["relation"] == "may_not":
            if params["topic"]:
                return _("who cannot be reached by %(channel)s about “%(topic)s”") % values
            return _("who cannot be reached by %(channel)s") % values
        if params["topic"]:
            return _("who can be reached by %(channel)s about “%(topic)s”") % values
        return _("who can be reached by %(channel)s") % values

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        points = ContactPoint.objects.filter(kind=params["channel"], profile_id__in=profile_ids).order_by("-pk")
        addresses = points.values_list("profile_id", "address")
        return {pk: _("reachable at %(address)s") % {"address": address} for pk, address in addresses}


def consent_reads(channel: str, topic: str) -> set[str]:
    subjects = {channel, f"{channel}:{topic}"} if topic else {channel}
    return {f"{CONSENT_CHANGED}:{subject}" for subject in subjects}


def clean_topic(key: str) -> str:
    if key and names.topic(key) is None:
        raise forms.ValidationError(_("This topic is not there any more."), code="topic")
    return key


def topic_name(key: str) -> str:
    return (names.topic(key) or key) if key else ""
