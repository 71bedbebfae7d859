"""What does a kind of step declare and do?

A step takes a batch of enrolments that stand at it, loads what it needs with one query per kind of fact, and decides
for each where to go. It never loops over people with queries, never reads the clock, never sends anything itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from campaigns.steps.forms import StepForm
from campaigns.steps.library import Library

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class Note:
    """A line on a card: a letter ("A") or '', the words, and its share in percent (None: no bar)."""

    mark: str
    text: str
    share: int | None = None
    url: str = ""


@dataclass(frozen=True)
class Earlier:
    """A step that a person has passed before: its key in the graph, its kind, its params."""

    key: str
    kind: str
    params: Params


@dataclass(frozen=True)
class Scene:
    """Where a step stands while it is edited or checked, and what it may name."""

    key: str
    earlier: Sequence[Earlier] = ()
    library: Library = field(default_factory=Library)


class Step(ABC):
    """One kind of step. A stored step is {"kind": key, "params": {...}, "next": {port key: step key}}."""

    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    hint: ClassVar[str | _StrPromise] = ""  # one line in the palette: what it is good for
    icon: ClassVar[str]
    group: ClassVar[str]  # of the palette: "tell", "wait", "decide", "change", "end"; "" is not offered
    Form: ClassVar[type[StepForm]]
    form_template: ClassVar[str] = "campaigns/steps/_fields.html"

    def exits(self, params: Params) -> Sequence[Port]:
        return (Port("next"),)

    def fresh(self, scene: Scene) -> Params:
        """Return the params of a step that was just put on the canvas."""
        return {}

    def faults(self, params: Params, scene: Scene) -> list[str]:
        """Return what keeps this step from being published, in words; [] when it is sound by itself."""
        return []

    def notes(self, params: Params, scene: Scene) -> Sequence[Note]:
        """Return short lines below the sentence on the card, such as one per variant."""
        return ()

    def segments(self, params: Params) -> Collection[int]:
        """Return the ids of the segments that the params name."""
        return ()

    def pin(self, params: Params, step: StepRow, scene: Scene, now: datetime) -> None:
        """Freeze what the params name, when the step is published: contents that later edits must not change."""
        return

    @abstractmethod
    def run(self, batch: Sequence[Enrolment], step: StepRow, now: datetime) -> Mapping[int, Outcome]:
        """Decide for every enrolment of the batch: {enrolment id: Go | Wait | Leave}. Runs inside the engine's transaction.

        `enrolment.visit_entered_at` (set by the engine) is when it came to this step. May write rows of its own
        (deliveries, attributes), in bulk and idempotently: the same visit may be run twice.
        """

    @abstractmethod
    def describe(self, params: Params, scene: Scene) -> str:
        """Return the sentence on the card: "Wait 2 days"."""
