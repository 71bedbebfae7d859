from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import time_machine

from campaigns import delivery
from campaigns.models import Delivery
from campaigns.tests.delivery import office
from profiles.models import Topic


@pytest.fixture(autouse=True)
def _own_sandbox(settings, tmp_path: Path) -> None:
    settings.VAR = tmp_path


@pytest.fixture
def letter(db: None, now: datetime) -> Delivery:
    """A letter about the topic "news" that was sent to somebody ten minutes ago; the clock stands at `now`."""
    topic = Topic.objects.create(key="news", name="News & offers", is_default=True)
    post = office.open_office(now, topic=topic)
    [one] = post.order(post.people(1))
    delivery.drain(lane="email", clock=office.standing_clock(now))
    one.refresh_from_db()
    return one


@pytest.fixture
def later(clock: time_machine.Traveller) -> time_machine.Traveller:
    clock.shift(600)
    return clock
