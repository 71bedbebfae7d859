"""How much may verifiers still be asked this month? Money is reserved before a call and settled after it.

All reservations of a month lock one row, so that any number of runs together never promise more than the budget. What was
reserved by a worker that died is never given back: nobody knows whether the verifier billed it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from profiles.models import CheckBudget, CheckCharge, HygienePolicy


def reserve(*, checks: int, policy: HygienePolicy, run_id: int | None, now: datetime) -> CheckCharge | None:
    """Set money aside for up to `checks` checks; return the charge, whose `checks` may be fewer; None for nothing left."""
    month = CheckBudget.month_of(now)
    CheckBudget.objects.get_or_create(month=month)
    with transaction.atomic():
        row = CheckBudget.objects.select_for_update().get(month=month)
        left = policy.budget_minor - row.committed_minor
        granted = checks if policy.cost_minor == 0 else min(checks, max(0, left) // policy.cost_minor)
        if granted == 0:
            return None
        cost = granted * policy.cost_minor
        CheckBudget.objects.filter(pk=month).update(committed_minor=F("committed_minor") + cost)
        return CheckCharge.objects.create(
            month=row, run_id=run_id, verifier=policy.verifier, checks=granted, cost_minor=cost, at=now
        )


def settle(charge: CheckCharge, *, billed: int, now: datetime) -> None:
    """Give back what of the reservation was not billed. Repeating it changes nothing."""
    billed = min(billed, charge.checks)
    spent = charge.cost_minor // charge.checks * billed
    with transaction.atomic():
        open_charge = CheckCharge.objects.filter(pk=charge.pk, settled_at=None)
        if open_charge.update(checks=billed, cost_minor=spent, settled_at=now):
            back = charge.cost_minor - spent
            CheckBudget.objects.filter(pk=charge.month_id).update(committed_minor=F("committed_minor") - back)


def committed_minor(*, now: datetime) -> int:
    """Return what is spent or promised this month. One query."""
    found = CheckBudget.objects.filter(month=CheckBudget.month_of(now)).values_list("committed_minor", flat=True).first()
    return found or 0


def left_minor(policy: HygienePolicy, *, now: datetime) -> int:
    return max(0, policy.budget_minor - committed_minor(now=now))
