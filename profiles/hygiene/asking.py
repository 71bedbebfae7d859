"""How is a verifier asked about many addresses without spending more than allowed?"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from profiles.hygiene import budget, verifiers
from profiles.hygiene.verifiers import Answer, VerifierError
from profiles.models import Cleaning, HygienePolicy

logger = logging.getLogger(__name__)


@dataclass
class Asked:
    """What came of it: answers by address, how many were asked, and why the rest was not ('' when all were)."""

    answers: dict[str, Answer] = field(default_factory=dict)
    count: int = 0
    halt: str = ""


def is_ready(policy: HygienePolicy) -> bool:
    """Say whether somebody may be asked at all."""
    return bool(policy.verifier) and policy.verifier in verifiers.registry


def ask(*, addresses: Sequence[str], policy: HygienePolicy, run_id: int | None, now: datetime) -> Asked:
    """Ask the verifier of the policy about these addresses, in calls that it allows, until the money or its credits end.

    Each call: reserve, ask, settle. Must not be called in a transaction: a reservation has to be seen by everybody at once.
    """
    asked = Asked()
    verifier = verifiers.registry.find(policy.verifier) if policy.verifier else None
    if verifier is None:
        return asked
    for start in range(0, len(addresses), verifier.most_per_call):
        wanted = list(addresses[start : start + verifier.most_per_call])
        charge = budget.reserve(checks=len(wanted), policy=policy, run_id=run_id, now=now)
        if charge is None:
            asked.halt = Cleaning.Halt.BUDGET
            return asked
        try:
            report = verifier.verify(wanted[: charge.checks], policy.verifier_settings)
        except VerifierError as error:
            logger.warning("the verifier %s cannot be asked", policy.verifier)
            budget.settle(charge, billed=0, now=now)
            asked.halt = Cleaning.Halt.CREDITS if error.permanent else Cleaning.Halt.UNREACHABLE
            return asked
        budget.settle(charge, billed=report.billed, now=now)
        asked.answers |= report.answers
        asked.count += len(report.answers)
        if report.has_ended or charge.checks < len(wanted):
            asked.halt = Cleaning.Halt.CREDITS if report.has_ended else Cleaning.Halt.BUDGET
            return asked
    return asked
