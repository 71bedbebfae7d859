"""Is the person in another segment?

Answered from the stored memberships of that segment, never by asking its definition again; it is as fresh as that
segment is, and hears of its changes by the feed.
"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments import chips, names
from segments.changes import SEGMENT_ENTERED, SEGMENT_LEFT
from segments.conditions.base import ROOT, ROOT_OF, Condition, Params, Sql, of_origins
from segments.models import Membership

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from segments.catalog import Catalog

RELATIONS = {"in": gettext_lazy("is in"), "not_in": gettext_lazy("is not in")}


class MembershipForm(forms.Form):
    relation = forms.ChoiceField(choices=list(RELATIONS.items()))
    segment = forms.IntegerField(min_value=1, error_messages={"required": gettext_lazy("Choose a segment.")})

    def clean_segment(self) -> int:
        pk: int = self.cleaned_data["segment"]
        if names.segment(pk) is None:
            raise forms.ValidationError(_("This segment is not there any more."), code="segment")
        return pk


class MembershipCondition(Condition):
    key = "membership"
    label = gettext_lazy("Segment")
    icon = "filter"
    Form = MembershipForm

    def reads(self, params: Params) -> set[str]:
        return {f"{SEGMENT_ENTERED}:{params['segment']}", f"{SEGMENT_LEFT}:{params['segment']}"}

    def ids(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql:
        people = of_origins("member.profile_id", among)
        return Sql(
            f"SELECT DISTINCT {ROOT.format('member.profile_id')} AS id FROM segments_membership member"
            f" {ROOT_OF.format('member.profile_id')}"
            f" WHERE member.segment_id = %s AND member.until_at IS NULL{people.text}",
            (params["segment"], *people.params),
            inverted=params["relation"] == "not_in",
        )

    def fresh(self) -> Params:
        return {"relation": "in", "segment": None}

    def settle(self, params: Params, catalog: Catalog) -> Params:
        return {**params, "relation": params.get("relation") or "in"}

    def row(self, params: Params, catalog: Catalog) -> chips.Row:
        return chips.Row(
            [
                chips.select("relation", _("Relation"), params["relation"], RELATIONS.items()),
                chips.select("segment", _("Segment"), params.get("segment"), catalog.segments, placeholder=_("choose a segment")),
            ]
        )

    def describe(self, params: Params) -> str:
        values = {"name": names.segment(params["segment"]) or _("a segment that is gone")}
        if params["relation"] == "not_in":
            return _("who are not in “%(name)s”") % values
        return _("who are in “%(name)s”") % values

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        rows = Membership.objects.filter(segment_id=params["segment"], profile_id__in=profile_ids, until_at=None)
        found: dict[int, str] = {}
        for pk, since, name in rows.values_list("profile_id", "from_at", "segment__name"):
            values: dict[str, Any] = {"name": name, "day": formats.date_format(timezone.localtime(since), "DATE_FORMAT")}
            found[pk] = _("in “%(name)s” since %(day)s") % values
        return found
