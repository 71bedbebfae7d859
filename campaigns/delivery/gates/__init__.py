"""What must hold before a message may be handed over? In this order; the first gate that answers decides."""

from __future__ import annotations

from datetime import datetime

from campaigns.delivery.gates import permission, pressure, standing
from campaigns.delivery.gates.base import Candidate, Gate, Hold, Refuse, Route, Rules, Verdict

GATES: tuple[Gate, ...] = (
    standing.kill_switch,
    standing.campaign,
    standing.enrolment,
    standing.control,
    standing.person,
    permission.address,
    permission.suppression,
    permission.consent,
    standing.route,
    standing.expiry,
    permission.content,
    pressure.cap,
    pressure.quiet_hours,
)


def decide(candidate: Candidate, rules: Rules, now: datetime) -> Verdict | None:
    """Return the verdict of the first gate that has one; None lets the message pass. Pure."""
    for gate in GATES:
        verdict = gate(candidate, rules, now)
        if verdict is not None:
            return verdict
    return None


__all__ = ["GATES", "Candidate", "Gate", "Hold", "Refuse", "Route", "Rules", "Verdict", "decide"]
