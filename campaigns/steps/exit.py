"""The end of the journey, where it is worth a card of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.steps.base import Leave, Outcome, Params, Port, Scene, Step
from campaigns.steps.forms import StepForm

if TYPE_CHECKING:
    from campaigns.models import Enrolment
    from campaigns.models import Step as StepRow


class ExitForm(StepForm):
    """Nothing to choose."""

    def to_params(self) -> Params:
        return {}


class Exit(Step):
    key = "exit"
    label = gettext_lazy("End")
    hint = gettext_lazy("The journey is over for whoever comes here.")
    icon = "flag"
    group = "end"
    Form = ExitForm

    def exits(self, params: Params) -> Sequence[Port]:
        return ()

    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        return {enrolment.pk: Leave("", finished=True) for enrolment in batch}

    def describe(self, params: Params, scene: Scene) -> str:
        return _("The journey ends here")
