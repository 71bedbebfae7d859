"""A campaign with everything that can happen to people, drawn at random from a fixed seed."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

import pytest

from campaigns.models import Campaign, Content, Delivery, Enrolment, Outcome, ProviderAccount, Sender, Step, Version, Visit
from profiles.models import ContactPoint, Profile

REASONS = ["no_address", "frequency_cap", "topic_unsubscribed", "template_error"]


@pytest.fixture
def make_campaign(db, now):
    """Return `make(people, seed)`: a live campaign of two letters with a wait between, and what came of it."""

    def make(people: int = 300, seed: int = 1, name: str = "Autumn letters") -> Campaign:
        return _Maker(random.Random(seed), now, name).make(people)

    return make


class _Maker:
    def __init__(self, chance: random.Random, now: datetime, name: str) -> None:
        self.chance, self.now = chance, now
        self.campaign = Campaign.objects.create(
            name=name, state="live", draft={}, control_percent=10, goal_event="Order completed", live_at=now
        )
        self.version = Version.objects.create(campaign=self.campaign, number=1, graph={}, published_at=now)
        account, _ = ProviderAccount.objects.get_or_create(
            name="Sandbox", provider="sandbox", channel="email", defaults={"settings": {"seed": 1}}
        )
        sender, _ = Sender.objects.get_or_create(name="Shop", email="shop@example.com", account=account)
        self.steps = [
            Step.objects.create(version=self.version, key=key, kind=kind, position=position)
            for position, (key, kind) in enumerate(
                [("first", "message"), ("pause", "wait"), ("second", "message"), ("end", "exit")]
            )
        ]
        self.contents = {
            (step.key, variant): Content.objects.create(
                step=step, variant=variant, share=50, sender=sender, subject=f"Hello {variant}", hash="0", created_at=now
            )
            for step in self.steps
            if step.kind == "message"
            for variant in "AB"
        }

    def make(self, people: int) -> Campaign:
        for number in range(people):
            at = self.now - timedelta(days=self.chance.randint(2, 20))
            profile = Profile.objects.create(attributes={"first_name": f"P{number}"}, created_at=at, updated_at=at)
            ContactPoint.objects.create(profile=profile, kind="email", address=f"p{profile.pk}@example.com", created_at=at)
            entries = self.chance.choice([1, 1, 1, 2])
            for entry in range(entries):
                may_stay = entry == entries - 1
                self._enrol(profile, at + timedelta(hours=entry), str(entry), profile.pk % 10 == 0, may_stay=may_stay)
        return self.campaign

    def _enrol(self, profile: Profile, at: datetime, key: str, is_control: bool, *, may_stay: bool) -> None:
        reached = self.chance.randint(1, 4)
        is_inside = may_stay and self.chance.random() < 0.2
        converted = at + timedelta(days=self.chance.randint(0, 4)) if self.chance.random() < 0.3 else None
        enrolment = Enrolment.objects.create(
            campaign=self.campaign, version=self.version, profile_id=profile.pk, entry_key=key, is_control=is_control,
            state="active" if is_inside else "finished" if reached == 4 else "left", step=self.steps[reached - 1], visit=reached,
            entered_at=at, ended_at=None if is_inside else at, reason="" if is_inside else self.chance.choice(["exit_goal", ""]),
            converted_at=converted, conversion_value=self.chance.randint(1, 100) if converted else None,
        )  # fmt: skip
        for number, step in enumerate(self.steps[:reached], start=1):
            is_last = number == reached
            Visit.objects.create(
                enrolment=enrolment, number=number, step=step, profile_id=profile.pk, entered_at=at + timedelta(days=number - 1),
                left_at=None if is_last and is_inside else at + timedelta(days=number), port="" if is_last else "next",
            )  # fmt: skip
            if step.kind == "message" and not is_control and (not is_last or self.chance.random() < 0.8):
                self._deliver(enrolment, step, number, "AB"[profile.pk % 2], is_open=is_last and is_inside)

    def _deliver(self, enrolment: Enrolment, step: Step, visit: int, variant: str, *, is_open: bool) -> None:
        ended = ["sent"] * 6 + ["suppressed", "failed", "expired", "cancelled", "unknown"]
        state = "open" if is_open else self.chance.choice(ended)
        opened = state == "sent" and self.chance.random() < 0.5
        delivery = Delivery.objects.create(
            campaign=self.campaign, enrolment=enrolment, step=step, visit=visit, profile_id=enrolment.profile_id, channel="email",
            content=self.contents[step.key, variant], variant=variant, key=uuid.uuid4(), state=state,
            reason="" if state in ("open", "sent") else self.chance.choice(REASONS),
            waiting=self.chance.choice(["", "postponed_cap"]) if is_open else "",
            created_at=enrolment.entered_at, expires_at=enrolment.entered_at + timedelta(days=3),
            delivered_at=enrolment.entered_at if opened else None, opened_at=enrolment.entered_at if opened else None,
            clicked_at=enrolment.entered_at if opened and self.chance.random() < 0.3 else None,
            unsubscribed_at=enrolment.entered_at if opened and self.chance.random() < 0.05 else None,
        )  # fmt: skip
        if state == "sent" and self.chance.random() < 0.3:
            Outcome.objects.create(delivery=delivery, kind="opened", at=self.now, is_machine=True)
