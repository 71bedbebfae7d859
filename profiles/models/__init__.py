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
from profiles.models.erasure import AccessExport, Erasure, EventRetention, Retention, Tombstone
from profiles.models.event import Event
from profiles.models.hygiene import (
    AddressCheck,
    CheckBudget,
    CheckCharge,
    Cleaning,
    CleaningAddress,
    Correction,
    DomainCheck,
    HygienePolicy,
)
from profiles.models.identity import BlockedValue, DuplicatePair, IdentifierRule, KeptApart, Refusal
from profiles.models.imports import (
    Import,
    ImportedPerson,
    ImportFault,
    ImportTrial,
    ImportUndo,
    SavedMapping,
    TriedKey,
)
from profiles.models.inbox import DeadLetter, HookPayload, IngestRaw, RecentCall, SeenMessage, Source, SourceTally
from profiles.models.lists import PeopleAction, PeopleActionRow, PeopleView
from profiles.models.privacy import PrivacyRequest
from profiles.models.profile import Identifier, Merge, Profile
from profiles.models.schema import AttributeDef, EventDef, EventTally
from profiles.models.story import AttributeChange, Note

__all__ = [
    "AccessExport",
    "AddressCheck",
    "AttributeChange",
    "AttributeDef",
    "BlockedValue",
    "CheckBudget",
    "CheckCharge",
    "Cleaning",
    "CleaningAddress",
    "Consent",
    "ConsentState",
    "ConsentText",
    "ContactPoint",
    "Correction",
    "DeadLetter",
    "DomainCheck",
    "DuplicatePair",
    "Erasure",
    "Event",
    "EventDef",
    "EventRetention",
    "EventTally",
    "HookPayload",
    "HygienePolicy",
    "Identifier",
    "IdentifierRule",
    "Import",
    "ImportFault",
    "ImportTrial",
    "ImportUndo",
    "ImportedPerson",
    "IngestRaw",
    "KeptApart",
    "Merge",
    "Note",
    "Order",
    "OrderLine",
    "OrderRefund",
    "OrderStatus",
    "PeopleAction",
    "PeopleActionRow",
    "PeopleView",
    "PrivacyRequest",
    "Product",
    "ProductInterest",
    "ProductPeriod",
    "Profile",
    "RecentCall",
    "RecipientGate",
    "Refusal",
    "Retention",
    "SavedMapping",
    "SeenMessage",
    "Snooze",
    "Source",
    "SourceTally",
    "Suppression",
    "Tombstone",
    "Topic",
    "TriedKey",
]
