"""Part people into yes and no: by conditions, or by what they did since they entered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Delivery
from campaigns.steps import message
from campaigns.steps.base import Go, Outcome, Params, Port, Scene, Step
from campaigns.steps.forms import StepForm
from profiles.models import Profile
from segments import builder, compiler, tree

if TYPE_CHECKING:
    from django.http import QueryDict

    from campaigns.models import Enrolment
    from campaigns.models import Step as StepRow

ASKS = (
    ("opened", gettext_lazy("They opened a message")),
    ("clicked", gettext_lazy("They clicked in a message")),
    ("did", gettext_lazy("They did something since they entered")),
    ("conditions", gettext_lazy("They match conditions")),
)


class BranchForm(StepForm):
    """The conditions are drawn by the builder of segments, in fields of its own that begin with `definition`."""

    ask = forms.ChoiceField(label=gettext_lazy("Which people go “yes”?"), choices=ASKS, widget=forms.RadioSelect)
    step = forms.ChoiceField(label=gettext_lazy("Which message"))
    event = forms.ChoiceField(label=gettext_lazy("What they did"))

    def shape(self) -> None:
        messages = [each for each in self.scene.earlier if each.kind == message.Message.key]
        titles = [(each.key, message.title(each.params, self.scene)) for each in messages]
        self.fields["step"].choices = [("", _("Choose a message")), *titles]  # type: ignore[attr-defined]
        events = self.scene.library.events
        self.fields["event"].choices = [("", _("Choose an event")), *((name, str(row)) for name, row in events.items())]  # type: ignore[attr-defined]
        needed = {"opened": "step", "clicked": "step", "did": "event"}
        self.keep_only("ask", needed.get(self.chosen("ask") or "", "ask"))

    @property
    def builder(self) -> builder.View | None:
        """What the builder shows; None while people are not parted by conditions."""
        if self.chosen("ask") != "conditions":
            return None
        return builder.show(self._definition(), name="definition")

    def to_params(self) -> Params:
        # What another question held is kept, so that looking at it loses nothing.
        params = {**self.params, **{name: value for name, value in self.cleaned_data.items() if value is not None}}
        if params.get("ask") == "conditions":
            params["definition"] = self._definition()
        return params

    def _definition(self) -> Any:
        stored = self.params.get("definition") or tree.empty()
        if self.is_bound and "definition" in self.data:
            return builder.read(cast("QueryDict", self.data), name="definition")
        return stored


class Branch(Step):
    key = "branch"
    label = gettext_lazy("Branch")
    hint = gettext_lazy("Yes or no: opened, clicked, bought, or any condition.")
    icon = "arrows-split"
    group = "decide"
    Form = BranchForm
    form_template = "campaigns/steps/_branch.html"

    def exits(self, params: Params) -> Sequence[Port]:
        return (Port("yes", gettext_lazy("Yes")), Port("no", gettext_lazy("No")))

    def fresh(self, scene: Scene) -> Params:
        messages = [each.key for each in scene.earlier if each.kind == message.Message.key]
        return {"ask": "opened", "step": messages[-1]} if messages else {"ask": "did", "event": ""}

    def faults(self, params: Params, scene: Scene) -> list[str]:
        ask = params.get("ask")
        if ask in ("opened", "clicked"):
            passed = {each.key for each in scene.earlier if each.kind == message.Message.key}
            return [] if params.get("step") in passed else [_("Choose a message that comes before this branch.")]
        if ask == "did":
            return [] if params.get("event") else [_("Choose what they did.")]
        if ask == "conditions":
            return _condition_faults(params.get("definition"))
        return [_("Choose what parts the people.")]

    def segments(self, params: Params) -> Collection[int]:
        definition = params.get("definition")
        if params.get("ask") != "conditions" or _condition_faults(definition):
            return []
        return tree.segments_of(tree.clean(definition))

    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        yes = _ANSWERS[step.params["ask"]](batch, step, now)
        return {enrolment.pk: Go("yes" if enrolment.pk in yes else "no") for enrolment in batch}

    def describe(self, params: Params, scene: Scene) -> str:
        ask = params.get("ask")
        if ask in ("opened", "clicked"):
            at = next((each for each in scene.earlier if each.key == params.get("step")), None)
            words = _("Opened %(message)s?") if ask == "opened" else _("Clicked in %(message)s?")
            return words % {"message": message.title(at.params, scene) if at else _("a message")}
        if ask == "did":
            event = scene.library.event_name(params.get("event") or "")
            return _("Did “%(event)s” since entering?") % {"event": event} if event else _("Did something since entering?")
        definition = params.get("definition")
        if ask == "conditions" and definition and not _condition_faults(definition):
            return tree.describe(definition).rstrip(".") + "?"
        return _("Do they match?")


def _opened(batch: Sequence[Enrolment], step: StepRow, now: datetime) -> set[int]:
    return _engaged(batch, step, "opened_at", "clicked_at")


def _clicked(batch: Sequence[Enrolment], step: StepRow, now: datetime) -> set[int]:
    return _engaged(batch, step, "clicked_at")


def _engaged(batch: Sequence[Enrolment], step: StepRow, *moments: str) -> set[int]:
    rows = Delivery.objects.filter(enrolment_id__in=[each.pk for each in batch], step__key=step.params["step"])
    found = rows.values_list("enrolment_id", *moments)
    return {pk for pk, *times in found if any(times)}


# The outer bounds are constants so that the planner looks only into the months that matter.
_DID = """
SELECT one.id FROM unnest(%(ids)s::bigint[], %(people)s::bigint[], %(since)s::timestamptz[]) AS one(id, profile_id, since)
WHERE EXISTS (
    SELECT 1 FROM profiles_event e
    WHERE e.profile_id IN (
            SELECT one.profile_id UNION ALL SELECT p.id FROM profiles_profile p WHERE p.merged_into_id = one.profile_id
        )
      AND e.name_id = (SELECT id FROM profiles_eventdef WHERE name = %(event)s)
      AND e.time >= one.since AND e.time >= %(earliest)s AND e.time <= %(now)s
)
"""


def _did(batch: Sequence[Enrolment], step: StepRow, now: datetime) -> set[int]:
    roots = _roots(batch)
    values = {
        "ids": [each.pk for each in batch],
        "people": [roots.get(each.profile_id, each.profile_id) for each in batch],
        "since": [each.entered_at for each in batch],
        "earliest": min(each.entered_at for each in batch),
        "event": step.params["event"],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DID, values)
        return {pk for (pk,) in cursor.fetchall()}


def _match(batch: Sequence[Enrolment], step: StepRow, now: datetime) -> set[int]:
    roots = _roots(batch)
    people = {each.pk: roots.get(each.profile_id, each.profile_id) for each in batch}
    matching = compiler.ids(step.params["definition"], now=now, among=set(people.values()))
    return {pk for pk, profile_id in people.items() if profile_id in matching}


def _roots(batch: Sequence[Enrolment]) -> dict[int, int]:
    """Return {profile id: the person it was merged into since} for the few to whom that happened. One query."""
    merged = Profile.objects.filter(pk__in={each.profile_id for each in batch}, merged_into__isnull=False)
    return {pk: root for pk, root in merged.values_list("pk", "merged_into_id") if root}


_ANSWERS = {"opened": _opened, "clicked": _clicked, "did": _did, "conditions": _match}


def _condition_faults(definition: Any) -> list[str]:
    if not definition:
        return [_("Add a condition.")]
    return [str(fault.text) for fault in tree.faults(definition)]
