"""What we tell people, when, through whom, and what came of it."""

from __future__ import annotations

from campaigns.models.campaign import Campaign, Fire, Version
from campaigns.models.content import Content, Link, Template, TrialSend
from campaigns.models.delivery import Attempt, Delivery, Work
from campaigns.models.journey import Enrolment, Step, Visit
from campaigns.models.policy import Policy
from campaigns.models.provider import ProviderAccount, Sender
from campaigns.models.requested import RequestedLetter
from campaigns.models.tracking import Outcome

__all__ = [
    "Attempt",
    "Campaign",
    "Content",
    "Delivery",
    "Enrolment",
    "Fire",
    "Link",
    "Outcome",
    "Policy",
    "ProviderAccount",
    "RequestedLetter",
    "Sender",
    "Step",
    "Template",
    "TrialSend",
    "Version",
    "Visit",
    "Work",
]
