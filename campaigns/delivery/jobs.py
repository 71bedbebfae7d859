"""What does a worker hold in its hands between claiming a row and writing what became of it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaigns.channels.base import Message, RenderError
    from campaigns.models import Content, Delivery, ProviderAccount
    from campaigns.providers.base import Provider


@dataclass(frozen=True)
class Claim:
    """A row of the queue that is ours until the lease ends or somebody with a higher fence comes."""

    delivery_id: int
    fence: int
    attempts: int
    crashes: int


@dataclass(frozen=True)
class CampaignFacts:
    name: str
    state: str
    topic: str  # key, '' for none


@dataclass
class Job:
    """One message on its way. `root_id` is the surviving profile, None when nobody survives (erased)."""

    claim: Claim
    delivery: Delivery
    campaign: CampaignFacts
    root_id: int | None
    attributes: dict[str, Any] = field(default_factory=dict)
    content: Content | None = None
    account: ProviderAccount | None = None
    provider: Provider | None = None
    context: dict[str, Any] = field(default_factory=dict)  # what is stored with the delivery
    message: Message | None = None
    error: RenderError | None = None

    @property
    def had_doubt(self) -> bool:
        """An earlier hand-over may have been taken (only a keyed provider is asked again then)."""
        return self.delivery.gate_at is not None
