"""A source with its key, and ways to hand calls in and have them processed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from omni import ratelimit
from profiles.ingest import inbox, keys
from profiles.models import Source
from profiles.views import ingest


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.forget()
    ratelimit.forget()
    monkeypatch.setattr(ingest, "_fullness", (0.0, False))
    monkeypatch.setattr(ingest, "_latest_nudge", 0.0)


@dataclass
class Sender:
    """A program that knows the write key of `source`."""

    source: Source
    key: str

    def __post_init__(self) -> None:
        self.authorization = "Basic " + base64.b64encode(f"{self.key}:".encode()).decode()

    def post(self, body: Any, path: str = "/v1/batch", **headers: str) -> Any:
        """POST `body` (bytes as they are, others as JSON) with the key as the SDKs send it."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": self.authorization, **headers}
        content_type = headers.pop("content_type", "application/json")
        return Client().generic("POST", path, data, content_type, headers=headers)


@pytest.fixture
def sender(db: None) -> Sender:
    source, key = Source.issue(name="Website")
    return Sender(source, key)


@pytest.fixture
def drain(now: datetime) -> Callable[..., int]:
    """Process all that is due and return how many requests that were."""

    def drained(at: datetime = now) -> int:
        total = 0
        while count := inbox.drain(now=at):
            total += count
        return total

    return drained


def track(event: str = "Order Completed", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": "u-1", **fields}
