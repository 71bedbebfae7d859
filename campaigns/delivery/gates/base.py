"""What does a gate see, and what may it answer?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from campaigns.channels.base import RenderError
    from profiles.consent import Standing


@dataclass(frozen=True)
class Refuse:
    """Never send this. `state` is the end state of the delivery."""

    reason: str
    state: str = "suppressed"
    detail: str = ""


@dataclass(frozen=True)
class Hold:
    """Not now: ask again at `until`. `waiting` is a waiting code."""

    until: datetime
    waiting: str


Verdict = Refuse | Hold


@dataclass(frozen=True)
class Rules:
    """The company's policy as the gates need it. 0 messages a day or a week means no such cap."""

    is_stopped: bool
    cap_per_day: int
    cap_per_week: int
    cap_wait: timedelta
    quiet_from: time | None
    quiet_until: time | None


@dataclass(frozen=True)
class Route:
    """Through whom it would go: `is_known` False when there is no such provider."""

    is_known: bool
    is_paused: bool = False
    resting_until: datetime | None = None


@dataclass(frozen=True)
class Candidate:
    """All facts about one message that decide whether it may go now. Loaded under the locks of the gate's transaction."""

    key: str  # spreads what is spread by hash
    created_at: datetime
    expires_at: datetime
    campaign_state: str
    is_enrolment_open: bool
    is_control: bool
    is_person_known: bool
    is_test_person: bool
    is_restricted: bool
    is_doubled_by_merge: bool
    address: str
    is_address_theirs: bool
    standing: Standing
    route: Route
    error: RenderError | None
    is_body_changed: bool
    sent_at: Sequence[datetime]  # when messages to this person passed the gate in the last 7 days, in any order
    zone: ZoneInfo
    own_cap_per_week: int = 0  # what the person wished on the preference page; 0: nothing

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at <= now


Gate = Callable[[Candidate, Rules, datetime], Verdict | None]
