"""Does an attribute of the person compare like this?"""

# ruff: noqa: S608 (text is ours, every chosen value is a parameter)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.changes import PROFILE_CHANGED
from profiles.models import Profile
from segments import chips, operators
from segments.conditions.base import Params, RowCondition, Sql, people_where
from segments.operators import OPERATORS, Field, flip_days

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from segments.catalog import Catalog

LONGEST_NOTE = 60


class RawField(forms.Field):
    """Any JSON value as it came; the form's `clean` says what it must be."""

    def to_python(self, value: Any) -> Any:
        return value


class AttributeForm(forms.Form):
    attribute = forms.CharField(
        max_length=255, error_messages={"required": gettext_lazy("Choose what you want to know about the person.")}
    )
    operator = forms.ChoiceField(choices=[(operator.key, operator.label) for operator in OPERATORS.values()])
    value = RawField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        operator = OPERATORS.get(cleaned.get("operator", ""))
        if operator is not None and cleaned.get("attribute"):
            try:
                cleaned["value"] = operator.clean(cleaned.get("value"))
            except ValidationError as error:
                self.add_error("value", error)
        return cleaned


class AttributeCondition(RowCondition):
    key = "attribute"
    label = gettext_lazy("Attribute")
    icon = "user"
    Form = AttributeForm
    leads: ClassVar = {"attribute": ("value",)}

    def reads(self, params: Params) -> set[str]:
        return {f"{PROFILE_CHANGED}:{params['attribute']}"}

    def where(self, params: Params, *, now: datetime) -> Sql:
        return Sql(*OPERATORS[params["operator"]].compare(_field(params), params["value"], now))

    def flips_at(self, params: Params, *, now: datetime, among: Collection[int] | None) -> Sql | None:
        distances = flip_days(params["operator"], params["value"])
        if not distances:
            return None
        moment, moment_params = _field(params).json
        moments = ", ".join(f"(segments_moment{moment} + %s)" for _each in distances)
        people = people_where(Sql(f"segments_moment{moment} IS NOT NULL", moment_params), among)
        values: list[Any] = []
        for distance in distances:
            values += [*moment_params, distance]
        return Sql(
            f"SELECT p.id AS profile_id, moment FROM profiles_profile p, unnest(ARRAY[{moments}]) AS moment"
            f" WHERE p.id IN ({people.text}) AND moment > %s",
            (*values, *people.params, now),
        )

    def fresh(self) -> Params:
        return {"attribute": "", "operator": "", "value": None}

    def settle(self, params: Params, catalog: Catalog) -> Params:
        fitting = operators.fitting(catalog.type_of(params.get("attribute") or ""))
        if params.get("operator") not in {operator.key for operator in fitting}:
            return {**params, "operator": fitting[0].key, "value": None}
        return params

    def row(self, params: Params, catalog: Catalog) -> chips.Row:
        key = params.get("attribute") or ""
        known = [(attribute.key, attribute.label) for attribute in catalog.attributes.values()]
        parts = [chips.select("attribute", _("Attribute"), key, known, placeholder=_("choose an attribute"))]
        if not key:
            return chips.Row(parts)
        fitting = operators.fitting(catalog.type_of(key))
        operator = OPERATORS[params["operator"]]
        parts.append(chips.select("operator", _("Comparison"), operator.key, [(one.key, one.label) for one in fitting]))
        parts += chips.values(operator.takes, "value", params.get("value"), catalog.values_of(key))
        if operator.key == "more_than_days_ago":
            parts.append(chips.word(_("ago")))
        return chips.Row(parts)

    def describe(self, params: Params) -> str:
        sentence = OPERATORS[params["operator"]].describe(params["attribute"], params["value"])
        return _("whose %(comparison)s") % {"comparison": sentence}

    def evidence(self, params: Params, *, now: datetime, profile_ids: Collection[int]) -> dict[int, str]:
        key = params["attribute"]
        rows = Profile.objects.filter(pk__in=profile_ids).values_list("pk", "attributes")
        return {pk: _note(key, attributes.get(key)) for pk, attributes in rows}


def _field(params: Params) -> Field:
    return Field("p.attributes", params["attribute"])


def _note(key: str, value: Any) -> str:
    if value in (None, ""):
        return _("%(attribute)s is not known") % {"attribute": key}
    text = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return f"{key}: {text[:LONGEST_NOTE]}"
