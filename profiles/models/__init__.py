"""Who people are, what they did, what they allow."""

from __future__ import annotations

from profiles.models.commerce import (
    Order,
    OrderLine,
    OrderRefund,
    OrderStatus,
    Product,
    ProductInterest,
    ProductPeriod,
)
from profiles.models.contact import (
    Consent,
    ConsentState,
    ConsentText,
    ContactPoint,
    RecipientGate,
    Snooze,
    Suppression,
    Topic,
)
from profiles.models.event import Event
from profiles.models.imports import Import, ImportedPerson, ImportFault
from profiles.models.inbox import DeadLetter, HookPayload, IngestRaw, RecentCall, SeenMessage, Source, SourceTally
from profiles.models.privacy import PrivacyRequest
from profiles.models.profile import Identifier, Merge, Profile
from profiles.models.schema import AttributeDef, EventDef

__all__ = [
    "AttributeDef",
    "Consent",
    "ConsentState",
    "ConsentText",
    "ContactPoint",
    "DeadLetter",
    "Event",
    "EventDef",
    "HookPayload",
    "Identifier",
    "Import",
    "ImportFault",
    "ImportedPerson",
    "IngestRaw",
    "Merge",
    "Order",
    "OrderLine",
    "OrderRefund",
    "OrderStatus",
    "PrivacyRequest",
    "Product",
    "ProductInterest",
    "ProductPeriod",
    "Profile",
    "RecentCall",
    "RecipientGate",
    "SeenMessage",
    "Snooze",
    "Source",
    "SourceTally",
    "Suppression",
    "Topic",
]
