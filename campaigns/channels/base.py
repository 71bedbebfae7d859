"""What does a channel declare and do?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from django import forms
    from django.utils.functional import _StrPromise

    from campaigns.models import Content, Delivery


@dataclass(frozen=True)
class Message:
    """A composed message, ready for a provider. `key` never changes over retries; the same key has the same bytes."""

    delivery_id: int
    key: str  # UUID text: idempotency key of keyed providers, local part of the Message-ID
    address: str
    payload: Any  # what the channel's providers understand (for e-mail: the bytes and the envelope)
    body_hash: str  # SHA-256 of what is sent, hexadecimal


class RenderError(Exception):
    """A message cannot be made from this content for this person. `reason` is a reason code ("template_error")."""

    permanent = True

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Channel(ABC):
    key: ClassVar[str]
    label: ClassVar[str | _StrPromise]
    icon: ClassVar[str]
    mode: ClassVar[str]  # "send", "pull", "sync" or "task"
    address_kind: ClassVar[str]  # ContactPoint.kind it writes to
    ContentForm: ClassVar[type[forms.Form]]
    limits: ClassVar[dict[str, int]]  # such as {"bytes": 102_400}
    reached_by: ClassVar[str]  # Outcome.Kind that counts as reached

    @abstractmethod
    def compose(self, content: Content, delivery: Delivery, context: dict[str, Any]) -> Message:
        """Render `content` for one person. Pure: the same content, delivery and context give the same bytes.

        Raises RenderError.
        """
