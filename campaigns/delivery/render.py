"""How does a claimed row become a letter? In bulk, without locks, always the same letter for the same row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce

from campaigns import channels, context, providers
from campaigns.channels import wording
from campaigns.channels.base import RenderError
from campaigns.delivery.jobs import CampaignFacts, Claim, Job
from campaigns.models import Campaign, Content, Delivery, ProviderAccount, Sender
from campaigns.tracking import links
from campaigns.tracking.links import Kind, Place
from omni.models import Company
from profiles.models import ContactPoint, Profile

KEPT_CONTENTS = 64


@dataclass(frozen=True)
class Pinned:
    """A content with what follows from it: how many links it has, and which paths it reads from the context."""

    content: Content
    link_count: int
    paths: frozenset[context.Path]


_pinned: OrderedDict[tuple[int, str], Pinned] = OrderedDict()


def prepare(*, claims: Sequence[Claim], now: datetime) -> list[Job]:
    """Load what these rows need and render their messages; a message that cannot be made carries its error.

    The words are filled in with what was stored at the first time, if there was one. Eight queries for any batch.
    """
    deliveries = Delivery.objects.in_bulk([claim.delivery_id for claim in claims])
    campaigns = _campaigns({delivery.campaign_id for delivery in deliveries.values()})
    contents = _load_contents({delivery.content_id for delivery in deliveries.values() if delivery.content_id})
    senders = Sender.objects.in_bulk({pinned.content.sender_id for pinned in contents.values()})
    accounts = ProviderAccount.objects.in_bulk(
        {sender.account_id for sender in senders.values()}
        | {delivery.account_id for delivery in deliveries.values() if delivery.account_id}
    )
    people = _people({delivery.profile_id for delivery in deliveries.values()})
    jobs = []
    for claim in claims:
        if (delivery := deliveries.get(claim.delivery_id)) is None:
            continue
        root_id, attributes = people.get(delivery.profile_id, (None, {}))
        pinned = contents.get(delivery.content_id or 0)
        content = pinned.content if pinned else None
        sender = senders.get(content.sender_id) if content else None
        account = accounts.get(delivery.account_id or (sender.account_id if sender else 0))
        job = Job(
            claim, delivery, campaigns[delivery.campaign_id], root_id, attributes, content, account,
            providers.registry.find(account.provider) if account else None,
        )  # fmt: skip
        job.context = delivery.context or {}
        jobs.append(job)
    _follow_addresses(jobs)
    company = Company.load()
    for job in jobs:
        _render(job, contents.get(job.delivery.content_id or 0), senders, company, now)
    return jobs


def _render(job: Job, pinned: Pinned | None, senders: dict[int, Sender], company: Company, now: datetime) -> None:
    delivery = job.delivery
    channel = channels.registry.find(delivery.channel)
    if pinned is None or channel is None:
        job.error = RenderError("empty_content", "There is nothing to send.")
        return
    if not job.context:
        known = context.build(
            attributes=job.attributes, address=delivery.address, company=company, campaign_name=job.campaign.name, now=now
        )
        facts = fixed_facts(job, senders[pinned.content.sender_id], now)
        job.context = context.only(known, pinned.paths) | {"omni": facts}
    try:
        job.message = channel.compose(pinned.content, delivery, wrap(job.context, delivery.pk, pinned.link_count))
    except RenderError as error:
        job.error = error


def fixed_facts(job: Job, sender: Sender, now: datetime) -> dict[str, Any]:
    """Return what the letter says besides the marketer's words: kept, so that a retry has the same headers."""
    domain = sender.email.rpartition("@")[2]
    topic = job.campaign.topic or f"campaign-{job.delivery.campaign_id}"
    return {
        "at": now.isoformat(),
        "signer": links.signer(),
        "from": [sender.name, sender.email],
        "reply_to": sender.reply_to,
        "list_id": f"{topic}.{domain}",
        "feedback_id": f"{job.delivery.campaign_id}:{job.delivery.step_id}:{job.delivery.variant}:omni",
    }


def wrap(stored: dict[str, Any], delivery_id: int, count: int) -> dict[str, Any]:
    """Return the whole context: what is stored, and the tracked addresses that follow from it."""
    omni = stored["omni"]
    signer = omni["signer"]
    return {
        **stored,
        "unsubscribe_url": links.unsubscribe_url(Place(delivery_id), signer=signer),
        "preferences_url": links.address(Kind.PREFERENCES, Place(delivery_id), signer=signer),
        "omni": {
            **omni,
            "links": [links.click_url(Place(delivery_id, position), signer=signer) for position in range(count)],
            "trap": links.click_url(Place(delivery_id, links.TRAP_POSITION), signer=signer),
            "pixel": links.open_url(Place(delivery_id), signer=signer),
        },
    }


def _pin(content: Content) -> Pinned:
    urls = [link.url for link in content.links.all()]
    found: set[context.Path] = set()
    for source in (content.subject, content.html, content.text, *(url for url in urls if "{" in url)):
        try:
            found |= wording.names(wording.parse(source))
        except wording.WordingError:
            continue  # composing says what is wrong
    return Pinned(content, len(urls), frozenset(path for path in found if path))


def _load_contents(ids: Collection[int]) -> dict[int, Pinned]:
    """Return the contents; they never change, so those used lately are kept in this process. One query, three for new ones."""
    wanted = dict(Content.objects.filter(pk__in=ids).values_list("pk", "hash"))
    missing = [pk for pk, digest in wanted.items() if (pk, digest) not in _pinned]
    if missing:
        for content in Content.objects.filter(pk__in=missing).prefetch_related("links"):
            _pinned[(content.pk, content.hash)] = _pin(content)
    found = {pk: _pinned[(pk, digest)] for pk, digest in wanted.items()}
    while len(_pinned) > KEPT_CONTENTS:
        _pinned.popitem(last=False)
    return found


def _campaigns(ids: Collection[int]) -> dict[int, CampaignFacts]:
    rows = Campaign.objects.filter(pk__in=ids).values_list("pk", "name", "state", "topic__key")
    return {pk: CampaignFacts(name, state, topic or "") for pk, name, state, topic in rows}


def _people(ids: Collection[int]) -> dict[int, tuple[int, dict[str, Any]]]:
    """Return {profile id: (survivor's id, survivor's attributes)}."""
    roots = dict(Profile.objects.filter(pk__in=ids).values_list("pk", Coalesce(F("merged_into_id"), F("pk"))))
    attributes = dict(Profile.objects.filter(pk__in=set(roots.values())).values_list("pk", "attributes"))
    return {pk: (root, attributes[root]) for pk, root in roots.items() if root in attributes}


def _follow_addresses(jobs: Sequence[Job]) -> None:
    """Write to the address a person has now, as long as no letter to the old one was made. One query."""
    fresh = [job for job in jobs if not job.context and job.root_id]
    kinds = {job.delivery.channel: channels.registry.find(job.delivery.channel) for job in fresh}
    current: dict[tuple[int, str], list[str]] = {}
    points = ContactPoint.objects.filter(profile_id__in={job.root_id for job in fresh}).order_by(
        F("bounced_at").desc(nulls_first=True), "-created_at", "-pk"
    )
    for profile_id, kind, address in points.values_list("profile_id", "kind", "address"):
        current.setdefault((profile_id, kind), []).append(address)
    for job in fresh:
        channel = kinds[job.delivery.channel]
        addresses = current.get((job.root_id or 0, channel.address_kind), []) if channel else []
        if addresses and job.delivery.address not in addresses:
            job.delivery.address = addresses[0]
