"""How do people get the letters they ask for themselves? Filed in their request, posted by whoever looks at the table."""

from __future__ import annotations

from campaigns.requested.filing import CONFIRM_WITHIN, file, is_flood
from campaigns.requested.posting import post_due

__all__ = ["CONFIRM_WITHIN", "file", "is_flood", "post_due"]
