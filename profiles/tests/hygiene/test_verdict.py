"""Whatever is known about an address, silence never makes it invalid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.hygiene import verdict
from profiles.hygiene.verdict import REASONS, Facts
from profiles.hygiene.verifiers import Answer
from profiles.models import AddressCheck, DomainCheck
from tests.house import NOW

State = AddressCheck.State
Outcome = DomainCheck.Outcome
DAY = timedelta(days=1)

moments = st.none() | st.integers(0, 400).map(lambda days: NOW - days * DAY)
all_facts = st.builds(
    Facts,
    is_address=st.booleans(),
    hard_bounced_at=moments,
    human_at=moments,
    domain_outcome=st.none() | st.sampled_from([str(outcome) for outcome in Outcome]),
    is_disposable=st.booleans(),
    is_role=st.booleans(),
    is_low_quality=st.booleans(),
    is_misspelt=st.booleans(),
    answer=st.just("") | st.sampled_from([str(answer) for answer in Answer]),
)
NO = {Outcome.NO_DOMAIN, Outcome.NO_MAIL, Outcome.REFUSES}


def state_of(facts: Facts) -> str:
    return REASONS[verdict.decide(facts)].state


@given(all_facts)
def test_only_a_definite_no_makes_an_address_undeliverable(facts: Facts) -> None:
    said_no = (
        not facts.is_address
        or facts.domain_outcome in NO
        or facts.answer == Answer.REJECTED
        or (facts.hard_bounced_at is not None and (facts.human_at is None or facts.human_at < facts.hard_bounced_at))
    )

    assert state_of(facts) != State.UNDELIVERABLE or said_no


@given(all_facts)
def test_a_person_who_opened_a_letter_beats_every_guess(facts: Facts) -> None:
    has_read = facts.human_at is not None and (facts.hard_bounced_at is None or facts.human_at >= facts.hard_bounced_at)

    if facts.is_address and has_read:
        assert state_of(facts) == State.DELIVERABLE


@given(all_facts)
def test_silence_alone_is_unknown_or_less_but_never_a_verdict(facts: Facts) -> None:
    is_silent = facts.answer in (Answer.TIMEOUT, Answer.GREYLISTED) or (
        facts.domain_outcome == Outcome.UNKNOWN and not facts.answer
    )
    reason = verdict.decide(facts)

    if is_silent and REASONS[reason].method in ("dns", "verifier") and facts.domain_outcome not in NO:
        assert REASONS[reason].state == State.UNKNOWN


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(is_address=False), "syntax"),
        (Facts(domain_outcome=Outcome.MAIL), "domain_accepts"),
        (Facts(domain_outcome=Outcome.HOST), "domain_accepts"),
        (Facts(), "not_checked"),
        (Facts(domain_outcome=Outcome.UNKNOWN), "timeout"),
        (Facts(domain_outcome=Outcome.REFUSES), "refuses_mail"),
        (Facts(domain_outcome=Outcome.MAIL, answer=Answer.ACCEPT_ALL), "accept_all"),
        (Facts(domain_outcome=Outcome.MAIL, answer=Answer.ACCEPTED, is_role=True), "role"),
        (Facts(domain_outcome=Outcome.MAIL, answer=Answer.REJECTED, is_role=True), "rejected"),
        (Facts(domain_outcome=Outcome.MAIL, answer=Answer.ACCEPTED, is_disposable=True), "disposable"),
        (Facts(domain_outcome=Outcome.MAIL, answer=Answer.GREYLISTED), "greylisted"),
        (Facts(domain_outcome=Outcome.MAIL, is_misspelt=True), "misspelt"),
        (Facts(domain_outcome=Outcome.NO_DOMAIN, is_misspelt=True), "no_domain"),
        (Facts(hard_bounced_at=NOW, human_at=NOW - DAY), "hard_bounced"),
        (Facts(hard_bounced_at=NOW - DAY, human_at=NOW, domain_outcome=Outcome.NO_DOMAIN), "human_act"),
    ],
)
def test_it_says_why(facts: Facts, reason: str) -> None:
    assert verdict.decide(facts) == reason


def test_scores_follow_the_states() -> None:
    by_state = {state: [told.score for told in REASONS.values() if told.state == state] for state in State}

    assert min(by_state[State.DELIVERABLE]) > max(by_state[State.RISKY]) > max(by_state[State.UNDELIVERABLE]) == 0
    assert set(by_state[State.UNKNOWN]) == {None}
