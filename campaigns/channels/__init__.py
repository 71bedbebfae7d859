"""Which channels are there? The order is the menu's."""

from __future__ import annotations

from campaigns.channels.base import Channel, Message, RenderError
from campaigns.channels.email import Email
from omni.registry import Registry

registry: Registry[Channel] = Registry("channels", [Email()])

__all__ = ["Channel", "Message", "RenderError", "registry"]
