"""Which kinds of steps are there? The order is the palette's."""

from __future__ import annotations

from campaigns.steps.base import Step
from campaigns.steps.branch import Branch
from campaigns.steps.entry import Entry
from campaigns.steps.exit import Exit
from campaigns.steps.message import Message
from campaigns.steps.wait import WaitStep
from omni.registry import Registry

STEPS: Registry[Step] = Registry("campaigns.steps", [Entry(), Message(), WaitStep(), Branch(), Exit()])
