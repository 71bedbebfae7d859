"""Which kinds of conditions are there? The order is the menu's."""

from __future__ import annotations

from omni.registry import Registry
from segments.conditions.attribute import AttributeCondition
from segments.conditions.base import Condition
from segments.conditions.consent import ConsentCondition
from segments.conditions.event import EventCondition
from segments.conditions.membership import MembershipCondition
from segments.conditions.reachable import ReachableCondition

CONDITIONS: Registry[Condition] = Registry(
    "segments.conditions",
    [AttributeCondition(), EventCondition(), MembershipCondition(), ReachableCondition(), ConsentCondition()],
)
