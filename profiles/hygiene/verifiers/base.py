"""What does an external verifier declare and do?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from django import forms
    from django.utils.functional import _StrPromise

Settings = dict[str, Any]


class Answer(StrEnum):
    """What a verifier can say, in our words. The last two say nothing about the address."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ACCEPT_ALL = "accept_all"
    FULL = "full"
    LOW_QUALITY = "low_quality"
    TIMEOUT = "timeout"
    GREYLISTED = "greylisted"

    @property
    def is_final(self) -> bool:
        return self not in (Answer.TIMEOUT, Answer.GREYLISTED)


@dataclass(frozen=True)
class Report:
    """What one call brought: answers by address, how many checks are billed, and whether the credits have ended.

    An address without an answer was not asked and is not billed.
    """

    answers: dict[str, Answer]
    billed: int
    has_ended: bool = False


class VerifierError(Exception):
    """The verifier could not be asked at all; nothing is billed. `permanent`: asking again cannot help."""

    def __init__(self, detail: str, *, permanent: bool) -> None:
        super().__init__(detail)
        self.permanent = permanent


class Verifier(ABC):
    """Somebody who asks mail servers whether a mailbox exists, for money."""

    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    SettingsForm: ClassVar[type[forms.Form]]
    secret_fields: ClassVar[frozenset[str]] = frozenset()  # of SettingsForm; never shown back
    most_per_call: ClassVar[int] = 100

    @abstractmethod
    def verify(self, addresses: Sequence[str], settings: Settings) -> Report:
        """Ask about these normalized addresses, at most `most_per_call`. Bounded in time. Raises VerifierError."""
