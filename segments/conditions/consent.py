"""What was the person's latest word about a channel, or about a topic?

Only their word: whether an address also works and is not blocked is the matter of `reachable`.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.changes import PROFILE_CHANGED
from profiles.models import Consent, ConsentState, ContactPoint
from segments import chips
from segments.conditions.base import ROOT, ROOT_OF, Condition, Params, Sql, of_origins
from segments.conditions.reachable import CHANNELS, clean_topic, consent_reads, topic_name

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from segments.catalog import Catalog

STATUSES = {
    "granted": gettext_lazy("opted in to"),
    "withdrawn": gettext_lazy("opted out of"),
    "pending": gettext_lazy("has yet to confirm"),
    "unknown": gettext_lazy("never said anything about"),
}


class ConsentForm(forms.Form):
    status = forms.ChoiceField(choices=list(STATUSES.items()))
    channel = forms.ChoiceField(choices=list(CHANNELS.items()))
    topic = forms.SlugField(max_length=40, required=False)

    def clean_topic(self) -> str:
        return clean_topic(self.cleaned_data["topic"])


class ConsentCondition(Condition):
    key = "consent"
    label = gettext_lazy("Permission")
    icon = "shield-check"
    Form = ConsentForm

    def reads(self, params: Params) -> set[str]:
        return consent_reads(params["channel"], params["topic"]) | {f"{PROFILE_CHANGED}:{params['channel']}"}

    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        people = of_origins("point.profile_id", among)
        is_unknown = params["status"] == "unknown"
        return Sql(
            f"SELECT DISTINCT {ROOT.format('point.profile_id')} AS id FROM profiles_contactpoint point"
            f" JOIN profiles_consentstate c ON c.channel = point.kind AND c.address = point.address"
            f" {ROOT_OF.format('point.profile_id')}"
            f" WHERE point.kind = %s AND c.topic = %s AND c.status = ANY(%s){people.text}",
            (
                params["channel"],
                params["topic"],
                list(Consent.Status.values) if is_unknown else [params["status"]],
                *people.params,
            ),
            inverted=is_unknown,
        )

    def fresh(self) -> Params:
        return {"status": "granted", "channel": "email", "topic": ""}

    def settle(self, params: Params, catalog: Catalog) -> Params:
        return {**self.fresh(), **params}

    def row(self, params: Params, catalog: Catalog) -> chips.Row:
        return chips.Row(
            [
                chips.select("status", _("Latest word"), params["status"], STATUSES.items()),
                chips.select("channel", _("Channel"), params["channel"], CHANNELS.items()),
                chips.word(_("about")),
                chips.select("topic", _("Topic"), params["topic"], [("", _("the channel as a whole")), *catalog.topics]),
            ]
        )

    def describe(self, params: Params) -> str:
        subject = f"“{topic_name(params['topic'])}”" if params["topic"] else str(CHANNELS[params["channel"]])
        values = {"subject": subject}
        if params["status"] == "granted":
            return _("who opted in to %(subject)s") % values
        if params["status"] == "withdrawn":
            return _("who opted out of %(subject)s") % values
        if params["status"] == "pending":
            return _("who has yet to confirm %(subject)s") % values
        return _("who never said anything about %(subject)s") % values

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        points = dict(
            ContactPoint.objects.filter(kind=params["channel"], profile_id__in=profile_ids).values_list("address", "profile_id")
        )
        states = ConsentState.objects.filter(
            channel=params["channel"], address__in=list(points), topic=params["topic"], status=params["status"]
        )
        return {
            points[state.address]: _("%(status)s since %(day)s")
            % {
                "status": state.get_status_display(),
                "day": formats.date_format(timezone.localtime(state.since_at), "DATE_FORMAT"),
            }
            for state in states
        }
