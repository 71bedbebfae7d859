"""What a tracking call says about permission changes none: anybody may send one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from profiles import consent
from profiles.models import Consent, ConsentState, Profile

from .conftest import Sender

pytestmark = pytest.mark.usefixtures("clock")

ANN = "ann@shop.test"


@pytest.mark.parametrize(
    "traits",
    [
        {"email": ANN, "subscribed": True, "unsubscribed": False, "consent": {"email": "granted"}, "email_opt_in": "yes"},
        {"email": ANN, "status": "granted", "channels": ["email"], "topics": ["news"]},
    ],
)
def test_no_trait_or_event_lifts_an_opt_out(
    traits: dict[str, Any], sender: Sender, drain: Callable[..., int], now: datetime
) -> None:
    consent.withdraw(channel="email", address=ANN, method="one_click", proof={}, now=now - timedelta(days=1))
    sender.post({"userId": "k1", "traits": traits, "messageId": "m1"}, "/v1/identify")
    allowed = {"event": "Subscribed", "userId": "k1", "messageId": "m2", "context": {"consent": {"email": True}}}
    sender.post(allowed, "/v1/track")

    assert drain() == 2

    assert Profile.objects.exists()
    assert list(ConsentState.objects.values_list("address", "status")) == [(ANN, "withdrawn")]
    assert Consent.objects.count() == 1
