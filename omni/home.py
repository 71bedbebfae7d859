"""What does Home show? Apps register steps of the checklist, alerts, running things and results from AppConfig.ready.

    home.register_step(Step("segment", 20, _("Make a segment"), _("..."), "segments:segment-create", has_segment))
    home.register_alerts(find_alerts)    # (user, now) -> list[Alert]
    home.register_running(find_running)      # (user, now) -> list[Running]
    home.register_results(find_results)      # (user, now) -> list[Result]

Every callable costs a fixed number of queries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from omni.models import User

logger = logging.getLogger(__name__)

IsDone = Callable[["User", datetime], bool]


@dataclass(frozen=True)
class Step:
    """One item of the checklist; `is_done(user, now)` ticks it.

    Orders: people 10, segment 20, sender 30, campaign 40, test 50, launch 60.
    """

    key: str
    order: int
    title: str | _StrPromise
    text: str | _StrPromise
    url_name: str
    is_done: IsDone
    action: str | _StrPromise = ""


@dataclass(frozen=True)
class Alert:
    """Something that needs somebody: what, why it matters and where it is mended. `tone` is "warning" or "danger"."""

    title: str | _StrPromise
    text: str | _StrPromise
    url: str
    tone: str = "warning"
    action: str | _StrPromise = ""


@dataclass(frozen=True)
class Figure:
    label: str | _StrPromise
    value: int | str
    url: str = ""


@dataclass(frozen=True)
class Running:
    """A live thing with its state in words and today's numbers."""

    title: str
    url: str
    sentence: str | _StrPromise
    icon: str = "speakerphone"
    figures: Sequence[Figure] = field(default_factory=tuple)
    tone: str = "success"  # of the icon; "warning" for what is paused


@dataclass(frozen=True)
class Result:
    """The verdict on something finished or measured, in one sentence."""

    title: str
    url: str
    sentence: str | _StrPromise
    at: datetime | None = None
    icon: str = "chart-bar"


T = TypeVar("T")
Finder = Callable[["User", datetime], Sequence[T]]

_steps: dict[str, Step] = {}
_alerts: list[Finder[Alert]] = []
_running: list[Finder[Running]] = []
_results: list[Finder[Result]] = []


def register_step(step: Step) -> None:
    _steps[step.key] = step


def register_alerts(finder: Finder[Alert]) -> None:
    _add(_alerts, finder)


def register_running(finder: Finder[Running]) -> None:
    _add(_running, finder)


def register_results(finder: Finder[Result]) -> None:
    _add(_results, finder)


def checklist(user: User, now: datetime) -> list[tuple[Step, bool]]:
    """Return the steps in order, each with whether it is done."""
    return [(step, step.is_done(user, now)) for step in sorted(_steps.values(), key=lambda step: step.order)]


def alerts(user: User, now: datetime) -> list[Alert]:
    return _collect(_alerts, user, now)


def running(user: User, now: datetime) -> list[Running]:
    return _collect(_running, user, now)


def results(user: User, now: datetime) -> list[Result]:
    return _collect(_results, user, now)


def _add(finders: list[Finder[T]], finder: Finder[T]) -> None:
    if finder not in finders:
        finders.append(finder)


def _collect(finders: list[Finder[T]], user: User, now: datetime) -> list[T]:
    return [item for finder in finders for item in finder(user, now)]
