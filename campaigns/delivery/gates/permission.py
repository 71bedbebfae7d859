"""May this address be written to, and is there something to say?"""

from __future__ import annotations

from datetime import datetime

from campaigns.delivery.gates.base import Candidate, Refuse, Rules, Verdict
from profiles.models import Suppression


def address(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    return None if candidate.address and candidate.is_address_theirs else Refuse("no_address")


def suppression(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    return Refuse(candidate.standing.reason) if candidate.standing.reason in Suppression.Reason.values else None


def consent(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    return None if candidate.standing.is_allowed else Refuse(candidate.standing.reason)


def content(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    if candidate.error is not None:
        return Refuse(candidate.error.reason, "failed", candidate.error.detail)
    if candidate.is_body_changed:
        # An earlier try may have been taken, and a keyed provider refuses other words under the same key.
        return Refuse("ambiguous_unknown", "unknown", "The letter came out differently on a retry.")
    return None
