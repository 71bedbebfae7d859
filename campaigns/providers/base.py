"""What does a provider declare and do?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    from campaigns.channels.base import Message

Settings = dict[str, Any]
# Called just before the bytes of a message may become the provider's: commits the doubt, False means "do not send".
Begin = Callable[["Message"], bool]


class DeliveryError(Exception):
    """The provider did not take a message. `permanent`: trying again cannot help. `reason`: a reason code.

    `certain` False means nobody knows whether it was taken (the answer got lost after hand-over).
    """

    def __init__(self, detail: str, *, permanent: bool, reason: str = "provider_rejected", certain: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.permanent = permanent
        self.reason = reason
        self.certain = certain


@dataclass(frozen=True)
class Receipt:
    """What became of one message: taken (`error` None), or not and why."""

    delivery_id: int
    error: DeliveryError | None = None
    provider_ref: str = ""


@dataclass(frozen=True)
class Callback:
    """One later report of a provider, in our words: `kind` is an Outcome.Kind."""

    provider_event: str
    delivery_key: str
    kind: str
    at: datetime
    detail: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Provider(ABC):
    """One way to hand messages over.

    `keyed`: the provider refuses a second message with the same key, so doubt is solved by sending again. Without keys
    doubt ends as `unknown` and is never sent again by itself.
    """

    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    channel: ClassVar[str]
    keyed: ClassVar[bool]
    SettingsForm: ClassVar[type[forms.Form]]
    secret_fields: ClassVar[frozenset[str]] = frozenset()  # of SettingsForm; never shown back
    rate: ClassVar[int | None] = None  # messages per second and account; None: as fast as it goes

    @abstractmethod
    def send(self, messages: Iterable[Message], settings: Settings, begin: Begin) -> Iterator[Receipt]:
        """Hand over one message after the other, yielding a receipt for each as soon as it is known.

        Calls `begin(message)` at the last moment at which the message is certainly not the provider's yet, and skips
        it (no receipt) when that says False. Raises DeliveryError when the account cannot be reached at all; messages
        without a receipt are then tried again later.
        """

    def is_keyed(self, settings: Settings) -> bool:
        """Say whether this account refuses a second message with the same key."""
        return self.keyed

    def check(self, settings: Settings) -> None:  # noqa: B027  (a provider need not offer it)
        """Try the settings without sending anything; raises DeliveryError with words for a person."""

    def parse_callback(self, request: HttpRequest, settings: Settings) -> list[Callback]:
        """Translate a provider's report; raises PermissionDenied when it is not signed as it must be."""
        return []
