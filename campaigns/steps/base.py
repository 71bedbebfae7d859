"""What does a kind of step declare and do?

A step takes a batch of enrolments that stand at it, loads what it needs with one query per kind of fact, and decides
for each where to go. It never loops over people with queries, never reads the clock, never sends anything itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from django import forms
    from django.utils.functional import _StrPromise

    from campaigns.models import Enrolment
    from campaigns.models import Step as StepRow

Params = dict[str, Any]


@dataclass(frozen=True)
class Go:
    """Leave the step by this port, now."""

    port: str


@dataclass(frozen=True)
class Wait:
    """Stay and be asked again at `until`; None means: woken when the open delivery of this visit settles."""

    until: datetime | None


@dataclass(frozen=True)
class Leave:
    """End the enrolment with a reason code; `finished` tells an ordinary end from an early one."""

    reason: str
    finished: bool = False


Outcome = Go | Wait | Leave


@dataclass(frozen=True)
class Port:
    """An exit of a step: its key in the graph and the word on the edge ('' for a plain next)."""

    key: str
    label: str | _StrPromise = ""


class Step(ABC):
    """One kind of step. A stored step is {"kind": key, "params": {...}, "next": {port key: step key}}."""

    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    icon: ClassVar[str]
    group: ClassVar[str]  # of the palette: "tell", "wait", "decide", "change", "end"
    Form: ClassVar[type[forms.Form]]

    def exits(self, params: Params) -> Sequence[Port]:
        return (Port("next"),)

    def faults(self, params: Params) -> list[str]:
        """Return what keeps this step from being published, in words; [] when it is sound by itself."""
        return []

    @abstractmethod
    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        """Decide for every enrolment of the batch: {enrolment id: Go | Wait | Leave}. Runs inside the engine's transaction.

        `enrolment.visit_entered_at` (set by the engine) is when it came to this step. May write rows of its own
        (deliveries, attributes), in bulk and idempotently: the same visit may be run twice.
        """

    @abstractmethod
    def describe(self, params: Params) -> str:
        """Return the sentence on the card: "Wait 2 days"."""
