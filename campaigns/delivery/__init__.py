"""How does a message leave: once, only when it may, with an end that is written down?"""

from __future__ import annotations

from campaigns.delivery.claims import reap
from campaigns.delivery.drain import drain
from campaigns.delivery.tell import tell

__all__ = ["drain", "reap", "tell"]
