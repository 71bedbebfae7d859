"""Through whom can messages go out? The order is the menu's."""

from __future__ import annotations

from campaigns.providers.base import Callback, DeliveryError, Provider, Receipt
from campaigns.providers.sandbox import Sandbox
from campaigns.providers.smtp import Smtp
from omni.registry import Registry

registry: Registry[Provider] = Registry("providers", [Smtp(), Sandbox()])

__all__ = ["Callback", "DeliveryError", "Provider", "Receipt", "registry"]
