"""A post office for tests: people who said yes, a live campaign with one letter, and a sandbox that takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from campaigns import content
from campaigns.delivery import outbox
from campaigns.models import (
    Campaign,
    Content,
    Delivery,
    Enrolment,
    Policy,
    ProviderAccount,
    Sender,
    Step,
    Template,
    Version,
)
from omni.models import Company
from profiles import consent
from profiles.models import ContactPoint, Profile, Topic

BODY = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ person.first_name | default: "friend" }}</mj-text>
<mj-button href="https://shop.example/new?who={{ person.number }}">Look</mj-button>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ company.postal_address }}</mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@dataclass
class Office:
    campaign: Campaign
    step: Step
    content: Content
    account: ProviderAccount
    now: datetime

    def people(self, count: int, *, domain: str = "example.com", consented: bool = True, **fields) -> list[Profile]:
        made = Profile.objects.bulk_create(
            Profile(
                attributes={"first_name": f"P{n}", "number": n} | fields.get("attributes", {}),
                created_at=self.now,
                updated_at=self.now,
                is_test=fields.get("is_test", False),
            )
            for n in range(count)
        )
        ContactPoint.objects.bulk_create(
            ContactPoint(profile=person, kind="email", address=address_of(person, domain), created_at=self.now) for person in made
        )
        if consented:
            consent.record(
                changes=[
                    consent.Change("email", address_of(person, domain), consent.GRANTED, self.now, "form", proof={"ip": "::1"})
                    for person in made
                ],
                now=self.now,
            )
        return made

    def enter(self, people: Sequence[Profile], *, entry: str = "once", **fields) -> list[Enrolment]:
        return Enrolment.objects.bulk_create(
            Enrolment(
                campaign=self.campaign,
                version_id=self.step.version_id,
                profile_id=person.pk,
                entry_key=entry,
                step=self.step,
                entered_at=self.now,
                is_control=fields.get("is_control", False),
            )
            for person in people
        )

    def put_into_outbox(self, *, most: int, chunk: int = 5_000) -> int:
        """Order the letter for those inside who have none yet."""
        ids = list(Enrolment.objects.filter(deliveries=None).order_by("pk").values_list("pk", flat=True)[:most])
        written = 0
        for start in range(0, len(ids), chunk):
            some = Enrolment.objects.filter(pk__in=ids[start : start + chunk])
            written += outbox.enqueue(orders=[self.order_of(enrolment) for enrolment in some], now=self.now)
        return written

    def repin(self, template: Template) -> None:
        self.content = content.pin(
            step=self.step, variant="B", share=100, template=template, sender=self.content.sender, now=self.now
        )

    def order(self, people: Sequence[Profile], *, hours: int = 72, entry: str = "once", **fields) -> list[Delivery]:
        enrolments = self.enter(people, entry=entry, **fields)
        outbox.enqueue(orders=[self.order_of(enrolment, hours) for enrolment in enrolments], now=self.now)
        return self.deliveries(enrolments)

    def order_of(self, enrolment: Enrolment, hours: int = 72) -> outbox.Order:
        return outbox.Order(
            enrolment_id=enrolment.pk,
            campaign_id=self.campaign.pk,
            step_id=self.step.pk,
            visit=1,
            profile_id=enrolment.profile_id,
            channel="email",
            content_id=self.content.pk,
            variant="A",
            expires_at=self.now + timedelta(hours=hours),
        )

    def deliveries(self, enrolments: Sequence[Enrolment]) -> list[Delivery]:
        return list(Delivery.objects.filter(enrolment__in=enrolments).order_by("pk"))

    def policy(self, **fields) -> None:
        Policy.load()
        Policy.objects.update(**fields)


def address_of(person: Profile, domain: str = "example.com") -> str:
    return f"p{person.pk}@{domain}"


def open_office(now: datetime, *, settings: dict | None = None, provider: str = "sandbox", topic: Topic | None = None) -> Office:
    Company.objects.update_or_create(id=1, defaults={"name": "Shop", "postal_address": "1 Main St", "time_zone": "UTC"})
    Policy.objects.update_or_create(id=1, defaults={"quiet_from": None, "quiet_until": None})
    account = ProviderAccount.objects.create(
        name="Post", provider=provider, channel="email", settings={"mailbox": "tests"} | (settings or {})
    )
    sender = Sender.objects.create(name="Shop Ltd.", email="hello@shop.example", account=account)
    campaign = Campaign.objects.create(name="Autumn", state=Campaign.State.LIVE, draft={}, topic=topic)
    version = Version.objects.create(campaign=campaign, number=1, graph={}, published_at=now)
    step = Step.objects.create(version=version, key="letter", kind="message", position=1)
    template = Template.objects.create(name="News", subject="Hi {{ person.first_name }}", preheader="New things", body=BODY)
    pinned = content.pin(step=step, variant="A", share=100, template=template, sender=sender, now=now)
    return Office(campaign, step, pinned, account, now)


def find_office() -> Office:
    """Return the office of another process, with the letter pinned last."""
    pinned = Content.objects.select_related("step", "sender__account").latest("pk")
    return Office(Campaign.objects.get(), pinned.step, pinned, pinned.sender.account, timezone.now())


def standing_clock(now: datetime) -> Callable[[], datetime]:
    return lambda: now
