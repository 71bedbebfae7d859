"""People, letters and runs for the tests of hygiene."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from profiles import identity
from profiles.hygiene import audiences, cleaning
from profiles.hygiene.resolver import Resolver
from profiles.ingest import facts
from profiles.models import AddressCheck, Cleaning, HygienePolicy
from profiles.tests.hygiene.names import Names


def person(email: str, *, now: datetime, **others: str) -> int:
    keys = (("email", email), *others.items())
    return identity.resolve(claims=[identity.Claim(keys, "test", now)], now=now)[0]


def letter(name: str, profile_id: int, at: datetime, **properties: Any) -> None:
    facts.record(facts=[facts.Fact(profile_id, name, at, properties={"channel": "email", **properties})], now=at)


def pay(*, budget: int, cost: int = 1, **settings: Any) -> HygienePolicy:
    """Let the sandbox verifier be asked for so much."""
    policy = HygienePolicy(pk=1, verifier="sandbox", budget_minor=budget, cost_minor=cost)
    policy.verifier_settings = {"seed": "t", "silent_percent": 0, "accept_all_percent": 0, "rejected_percent": 0, **settings}
    policy.save()
    return policy


def clean(
    *texts: str, now: datetime, names: Resolver | None = None, uses_verifier: bool = False, source: str = audiences.EVERYONE
) -> Cleaning:
    """Run over these addresses, or over everyone, to the end."""
    made = (
        cleaning.from_list(texts=texts, name="A list", by=None, now=now)
        if texts
        else cleaning.from_people(source=source, name="All", by=None, now=now)
    )
    assert made.start(uses_verifier=uses_verifier)
    finish(now=now, names=names)
    made.refresh_from_db()
    return made


def finish(*, now: datetime, names: Resolver | None = None) -> None:
    while cleaning.run(clock=lambda: now, until=now + timedelta(hours=1), resolver=names or Names()):
        pass


def verdicts() -> dict[str, tuple[str, str]]:
    return {address: (state, reason) for address, state, reason in AddressCheck.objects.values_list("address", "state", "reason")}
