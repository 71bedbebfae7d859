"""Every gate alone: facts in, verdict out; no database."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns import reasons
from campaigns.channels.base import RenderError
from campaigns.delivery.gates import GATES, Candidate, Hold, Refuse, Route, Rules, decide
from campaigns.delivery.gates.pressure import QUIET_JITTER, free_at, quiet_until
from profiles.consent import Standing

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

FREE = Candidate(
    key="a",
    created_at=NOW,
    expires_at=NOW + 72 * HOUR,
    campaign_state="live",
    is_enrolment_open=True,
    is_control=False,
    is_person_known=True,
    is_test_person=False,
    is_restricted=False,
    is_doubled_by_merge=False,
    address="anna@example.com",
    is_address_theirs=True,
    standing=Standing(True),
    route=Route(is_known=True),
    error=None,
    is_body_changed=False,
    sent_at=(),
    zone=ZoneInfo("UTC"),
)
RULES = Rules(False, 2, 5, 48 * HOUR, None, None)
OVER = {"expires_at": NOW}


def test_it_lets_pass_what_nothing_stands_against():
    assert decide(FREE, RULES, NOW) is None


@pytest.mark.parametrize(
    ("facts", "reason", "state"),
    [
        ({"campaign_state": "stopped"}, "journey_stopped", "cancelled"),
        ({"is_enrolment_open": False}, "journey_stopped", "cancelled"),
        ({"is_control": True}, "control_campaign", "suppressed"),
        ({"is_person_known": False}, "person_erased", "suppressed"),
        ({"is_doubled_by_merge": True}, "person_merged", "suppressed"),
        ({"is_restricted": True}, "restricted_processing", "suppressed"),
        ({"is_test_person": True}, "test_profile_excluded", "suppressed"),
        ({"address": ""}, "no_address", "suppressed"),
        ({"is_address_theirs": False}, "no_address", "suppressed"),
        ({"standing": Standing(False, "snoozed")}, "snoozed", "suppressed"),
        ({"standing": Standing(False, "hard_bounced")}, "hard_bounced", "suppressed"),
        ({"standing": Standing(False, "complained")}, "complained", "suppressed"),
        ({"standing": Standing(False, "suppressed_manual")}, "suppressed_manual", "suppressed"),
        ({"standing": Standing(False, "never_asked")}, "never_asked", "suppressed"),
        ({"standing": Standing(False, "topic_unsubscribed")}, "topic_unsubscribed", "suppressed"),
        ({"standing": Standing(False, "channel_not_permitted")}, "channel_not_permitted", "suppressed"),
        ({"route": Route(is_known=False)}, "channel_not_configured", "suppressed"),
        (OVER, "expired_in_queue", "expired"),
        ({"error": RenderError("template_error", "x")}, "template_error", "failed"),
        ({"is_body_changed": True}, "ambiguous_unknown", "unknown"),
    ],
)
def test_it_refuses_with_the_reason(facts, reason, state):
    verdict = decide(replace(FREE, **facts), RULES, NOW)

    assert isinstance(verdict, Refuse)
    assert (verdict.reason, verdict.state) == (reason, state)


@pytest.mark.parametrize(
    ("facts", "rules", "waiting"),
    [
        ({}, replace(RULES, is_stopped=True), "kill_switch"),
        ({"campaign_state": "paused"}, RULES, "campaign_paused"),
        ({"route": Route(is_known=True, is_paused=True)}, RULES, "channel_paused"),
        ({"route": Route(is_known=True, resting_until=NOW + HOUR)}, RULES, "throttled"),
    ],
)
def test_it_holds_and_lets_go_only_into_the_end_when_too_old(facts, rules, waiting):
    held = decide(replace(FREE, **facts), rules, NOW)
    late = decide(replace(FREE, **facts, **OVER), rules, NOW)

    assert isinstance(held, Hold)
    assert held.waiting == waiting
    assert NOW < held.until <= FREE.expires_at
    assert isinstance(late, Refuse)
    assert late.state == "expired"


def test_the_first_gate_that_answers_decides():
    everything = replace(FREE, campaign_state="stopped", address="", standing=Standing(False, "never_asked"), **OVER)

    assert decide(everything, RULES, NOW) == Refuse("journey_stopped", "cancelled")
    assert len(GATES) == 13


def test_every_reason_of_the_gates_has_words():
    folder = Path(reasons.__file__).parent / "delivery"
    source = "".join(path.read_text() for path in folder.rglob("*.py"))
    used = set(re.findall(r'Refuse\(\s*"([a-z_]+)"', source)) | set(
        re.findall(r'"(postponed_\w+|kill_switch|\w+_paused)"', source)
    )

    assert used
    assert used | {"hard_bounced", "retries_exhausted", "retrying", "throttled", "ambiguous_unknown"} <= set(reasons.SENTENCES)


def test_a_cap_frees_at_the_exact_moment_its_oldest_message_leaves_the_window():
    sent = (NOW - 23 * HOUR, NOW - 2 * HOUR)

    held = decide(replace(FREE, sent_at=sent), RULES, NOW)

    assert held == Hold(NOW + HOUR, "postponed_cap")
    assert decide(replace(FREE, sent_at=sent), RULES, NOW + HOUR) is None


def test_the_fuller_window_decides_how_long_a_cap_holds():
    sent = tuple(NOW - timedelta(days=days) for days in (1.5, 2, 3, 4, 6.5))

    assert decide(replace(FREE, sent_at=sent), RULES, NOW) == Hold(NOW + timedelta(days=0.5), "postponed_cap")


def test_a_cap_drops_what_would_wait_too_long():
    sent = tuple(NOW - timedelta(days=days) for days in (1.5, 2, 2.1, 2.2, 2.3))

    assert decide(replace(FREE, sent_at=sent), RULES, NOW) == Refuse("frequency_cap")
    assert decide(replace(FREE, sent_at=(NOW, NOW), expires_at=NOW + HOUR), RULES, NOW) == Refuse("frequency_cap")


def test_no_cap_is_no_cap():
    assert free_at([NOW] * 9, 0, timedelta(hours=24), NOW) == NOW


def test_caps_agree_with_counting_minute_by_minute():
    sent = [NOW - timedelta(minutes=minutes) for minutes in (10, 50, 300, 1000, 1439, 1441)]
    for most in (1, 2, 3, 5):
        window = timedelta(hours=24)
        freed = free_at(sent, most, window, NOW)
        minute = NOW
        while sum(1 for at in sent if at > minute - window) >= most:
            minute += timedelta(minutes=1)

        assert freed == minute


@pytest.mark.parametrize(
    ("local", "is_quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_quiet_hours_are_half_open_and_cross_midnight(local, is_quiet):
    zone = ZoneInfo("Europe/Warsaw")
    at = datetime.combine(NOW.date(), time.fromisoformat(local), zone)

    until = quiet_until(at, time(22), time(8), zone)

    assert (until is not None) is is_quiet
    if until:
        assert until.astimezone(zone).time() == time(8)
        assert timedelta(0) < until - at <= 10 * HOUR


@pytest.mark.parametrize(
    "zone", ["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca"]
)
@pytest.mark.parametrize(
    ("start", "end"), [(time(22), time(8)), (time(1, 30), time(2, 30)), (time(2, 15), time(2, 45)), (time(13), time(14))]
)
def test_quiet_hours_never_end_inside_themselves_whatever_the_clocks_do(zone, start, end):
    where = ZoneInfo(zone)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        until = quiet_until(at, start, end, where)
        if until is not None:
            assert at <= until <= at + 26 * HOUR
            assert quiet_until(until, start, end, where) is None
        at += timedelta(minutes=47)


def test_quiet_messages_are_spread_and_expire_when_the_morning_is_too_late():
    rules = replace(RULES, quiet_from=time(11), quiet_until=time(13))
    end = NOW + HOUR

    held = [decide(replace(FREE, key=str(n)), rules, NOW) for n in range(50)]

    assert all(isinstance(one, Hold) and end <= one.until < end + QUIET_JITTER for one in held)
    assert len({one.until for one in held}) > 40
    assert held[0] == decide(replace(FREE, key="0"), rules, NOW)
    assert decide(replace(FREE, expires_at=end), rules, NOW) == Refuse("quiet_hours_dropped", "expired")


def test_a_persons_own_wish_is_a_cap_too():
    facts = replace(FREE, own_cap_per_week=1, sent_at=(NOW - 6 * 24 * HOUR,))

    assert decide(facts, RULES, NOW) == Hold(NOW + 24 * HOUR, "postponed_cap")
    assert decide(replace(facts, sent_at=(NOW - 2 * 24 * HOUR,)), RULES, NOW) == Refuse("frequency_cap")
    assert decide(replace(facts, own_cap_per_week=0), RULES, NOW) is None
    assert decide(replace(facts, own_cap_per_week=7, sent_at=(NOW,) * 5), RULES, NOW) == Refuse("frequency_cap")
