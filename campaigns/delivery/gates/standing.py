"""Does this message still make sense: is sending on, is the campaign live, is the person inside and still there?"""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.delivery.gates.base import Candidate, Hold, Refuse, Rules, Verdict

LOOK_AGAIN = timedelta(minutes=10)  # whoever lifts the hold wakes the rows; this is only the net below

# Held rows that expire meanwhile go on to the later gates, one of which ends them.


def kill_switch(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    if rules.is_stopped and not candidate.is_expired(now):
        return _hold(candidate, now, "kill_switch")
    return None


def campaign(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    if candidate.campaign_state == "paused" and not candidate.is_expired(now):
        return _hold(candidate, now, "campaign_paused")
    if candidate.campaign_state in ("stopped", "draft"):
        return Refuse("journey_stopped", "cancelled")
    return None


def enrolment(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    return None if candidate.is_enrolment_open else Refuse("journey_stopped", "cancelled")


def control(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    return Refuse("control_campaign") if candidate.is_control else None


def person(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    if not candidate.is_person_known:
        return Refuse("person_erased")
    if candidate.is_doubled_by_merge:
        return Refuse("person_merged")
    if candidate.is_restricted:
        return Refuse("restricted_processing")
    return Refuse("test_profile_excluded") if candidate.is_test_person else None


def route(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    if not candidate.route.is_known:
        return Refuse("channel_not_configured")
    if candidate.is_expired(now):
        return None
    if candidate.route.is_paused:
        return _hold(candidate, now, "channel_paused")
    resting = candidate.route.resting_until
    return Hold(min(resting, candidate.expires_at), "throttled") if resting and resting > now else None


def expiry(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    return Refuse("expired_in_queue", "expired") if candidate.is_expired(now) else None


def _hold(candidate: Candidate, now: datetime, waiting: str) -> Hold:
    return Hold(min(now + LOOK_AGAIN, candidate.expires_at), waiting)
