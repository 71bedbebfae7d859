from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import time_machine

from campaigns import requested
from campaigns.models import ProviderAccount, Sender
from campaigns.providers import sandbox
from campaigns.tests.delivery import office
from profiles.consent import topics
from profiles.models import Topic


@pytest.fixture(autouse=True)
def _own_sandbox(settings, tmp_path: Path, db: None, clock: time_machine.Traveller) -> None:
    settings.VAR = tmp_path
    account = ProviderAccount.objects.create(name="Sandbox", provider="sandbox", channel="email", settings={"mailbox": "m"})
    Sender.objects.create(name="Shop", email="shop@shop.example", account=account, is_default=True)


@pytest.fixture
def topic(db: None, now: datetime) -> Topic:
    """A topic with a sign-up page that asks for a confirmation."""
    return topics.save(topic=Topic(name="News", has_form=True), text="I want news by e-mail.", by=None, now=now)


@pytest.fixture
def post(now: datetime) -> Callable[[], list[EmailMessage]]:
    """Post what is due; return all letters the sandbox ever took, oldest first."""

    def posted() -> list[EmailMessage]:
        requested.post_due(clock=office.standing_clock(now))
        return letters()

    return posted


def letters() -> list[EmailMessage]:
    file = sandbox._open({"mailbox": "m"})
    found = [row[0] for row in file.execute("SELECT letter FROM taken ORDER BY id")]
    file.close()
    return [message_from_bytes(data, policy=policy.default) for data in found]  # type: ignore[misc]
