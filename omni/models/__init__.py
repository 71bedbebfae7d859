"""What every part of the house stores: accounts, the audit trail, the feed, request buckets, answered calls, heartbeats."""

from __future__ import annotations

from omni.models.accounts import ApiKey, Company, User
from omni.models.audit import AuditEntry
from omni.models.bucket import Bucket
from omni.models.feed import FeedEntry
from omni.models.heartbeat import Heartbeat
from omni.models.idempotency import IdempotentCall

__all__ = ["ApiKey", "AuditEntry", "Bucket", "Company", "FeedEntry", "Heartbeat", "IdempotentCall", "User"]
