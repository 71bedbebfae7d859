"""Who works at the demo company, and how do they sign in?"""

from __future__ import annotations

from datetime import datetime

from campaigns.demo import goods
from omni import accounts
from omni.models import User

OWNER = "demo@example.com"
PASSWORD = "north-wind-2026"  # noqa: S105 - of invented people, printed by the command
COLLEAGUES = (
    ("mila@example.com", "Mila Marketer", User.Role.MARKETER),
    ("anton@example.com", "Anton Analyst", User.Role.ANALYST),
    ("sveta@example.com", "Sveta Support", User.Role.SUPPORT),
)


def hire(*, now: datetime) -> User:
    """Make the company, its owner and three colleagues, one of each role; return the owner."""
    company = {
        "name": goods.COMPANY,
        "time_zone": goods.ZONE,
        "currency": goods.CURRENCY,
        "postal_address": goods.POSTAL_ADDRESS,
    }
    owner = accounts.set_up(company=company, name="Olga Owner", email=OWNER, password=PASSWORD, now=now)
    owner.time_zone = goods.ZONE
    owner.save(update_fields=["time_zone"])
    for email, name, role in COLLEAGUES:
        colleague = accounts.invite(email=email, name=name, role=role, by=owner, now=now)
        colleague.set_password(PASSWORD)
        colleague.time_zone = goods.ZONE
        colleague.save(update_fields=["password", "time_zone"])
    return owner
