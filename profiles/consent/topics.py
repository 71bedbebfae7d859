"""What can people subscribe to, who does, and who writes about it?

Apps downstream say which of their things write about a topic by registering from their AppConfig.ready:

    topics.register_uses(of_topics)     # (topic ids) -> list[Use]; a fixed number of queries
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils.text import slugify

from omni import audit
from profiles.models import ConsentText, Topic

if TYPE_CHECKING:
    from omni.models import User

AUDITED = ("name", "description", "is_default", "needs_confirmation", "has_form", "text")
LONGEST_KEY = 40


@dataclass(frozen=True)
class Use:
    """Something that writes about a topic."""

    topic_id: int
    name: str
    url: str


@dataclass(frozen=True)
class Count:
    """How many people get a topic, do not want it any more, and have not confirmed yet. Blocked addresses do not count.

    Who has not confirmed need not be a person we know: then the address counts.
    """

    subscribed: int = 0
    left: int = 0
    waiting: int = 0


Finder = Callable[[Collection[int]], Sequence[Use]]

_finders: list[Finder] = []


def register_uses(finder: Finder) -> None:
    if finder not in _finders:
        _finders.append(finder)


def uses(topic_ids: Collection[int]) -> dict[int, list[Use]]:
    """Return what writes about each of these topics."""
    found: dict[int, list[Use]] = {}
    for finder in _finders:
        for use in finder(topic_ids):
            found.setdefault(use.topic_id, []).append(use)
    return found


def offered() -> QuerySet[Topic]:
    """Return the topics that are not archived, in the company's order."""
    return Topic.objects.filter(archived_at=None).order_by("position", "name", "pk")


def text_of(topic: Topic) -> ConsentText | None:
    """Return the text that people read today before they sign up; None when none was written. One query."""
    return ConsentText.objects.filter(topic=topic).select_related("topic").order_by("-version").first()


@transaction.atomic
def save(*, topic: Topic, text: str, by: User | None, now: datetime) -> Topic:
    """Write a topic, new or changed, and its sign-up text: another text is another version, the old ones stay."""
    is_new = topic.pk is None
    before = {} if is_new else _facts(Topic.objects.get(pk=topic.pk))
    if is_new:
        topic.key = topic.key or _free_key(topic.name)
        topic.position = (Topic.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    topic.save()
    current = text_of(topic)
    if text.strip() and (current is None or current.text != text.strip()):
        version = current.version + 1 if current else 1
        ConsentText.objects.create(topic=topic, version=version, text=text.strip(), created_at=now)
    after = _facts(topic)
    if before != after:
        changed = {name for name in AUDITED if before.get(name) != after[name]}
        audit.record(
            actor=by,
            action="topic.create" if is_new else "topic.edit",
            obj=topic,
            before={name: before[name] for name in sorted(changed & set(before))} or None,
            after={name: after[name] for name in sorted(changed)},
            now=now,
        )
    return topic


@transaction.atomic
def archive(*, topic: Topic, by: User | None, now: datetime) -> bool:
    """Offer the topic no more; False when it was archived before. What people said about it stays and holds."""
    if not Topic.objects.filter(pk=topic.pk, archived_at=None).update(archived_at=now):
        return False
    audit.record(actor=by, action="topic.archive", obj=topic, now=now)
    return True


@transaction.atomic
def restore(*, topic: Topic, by: User | None, now: datetime) -> bool:
    if not Topic.objects.filter(pk=topic.pk, archived_at__isnull=False).update(archived_at=None):
        return False
    audit.record(actor=by, action="topic.restore", obj=topic, now=now)
    return True


@transaction.atomic
def move(*, topic: Topic, up: bool) -> bool:
    """Exchange the topic with its neighbor in the order; False at the end of the list."""
    rows = list(offered().select_for_update())
    place = next((place for place, row in enumerate(rows) if row.pk == topic.pk), None)
    if place is None or not 0 <= (other := place + (-1 if up else 1)) < len(rows):
        return False
    rows[place], rows[other] = rows[other], rows[place]
    for position, row in enumerate(rows, start=1):
        row.position = position
    Topic.objects.bulk_update(rows, ["position"])
    return True


_COUNT = """
SELECT t.topic, t.status, count(DISTINCT CASE WHEN t.status = 'pending' THEN coalesce(point.profile_id::text, t.address)
    ELSE point.profile_id::text END)
FROM profiles_consentstate t
LEFT JOIN profiles_contactpoint point ON point.kind = t.channel AND point.address = t.address
LEFT JOIN profiles_consentstate c ON c.channel = t.channel AND c.address = t.address AND c.topic = ''
WHERE t.topic <> '' AND (t.status <> 'granted' OR c.status = 'granted')
    AND NOT EXISTS (SELECT FROM profiles_suppression s
        WHERE s.channel = t.channel AND s.address = t.address AND s.lifted_at IS NULL)
GROUP BY t.topic, t.status
"""
_COUNT_PERMITTED = """
SELECT count(DISTINCT point.profile_id)
FROM profiles_consentstate c JOIN profiles_contactpoint point ON point.kind = c.channel AND point.address = c.address
WHERE c.topic = '' AND c.status = 'granted'
    AND NOT EXISTS (SELECT FROM profiles_suppression s
        WHERE s.channel = c.channel AND s.address = c.address AND s.lifted_at IS NULL)
"""


def counts(topics: Sequence[Topic]) -> dict[str, Count]:
    """Return the numbers by key of the topic. Two queries.

    A topic that is on by default has everybody who may be written to and did not leave it; who left it at one of several
    addresses counts as one who left.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT)
        found = {(key, status): number for key, status, number in cursor.fetchall()}
        cursor.execute(_COUNT_PERMITTED)
        permitted = cursor.fetchone()[0]
    numbers = {}
    for topic in topics:
        granted, left, waiting = (found.get((topic.key, status), 0) for status in ("granted", "withdrawn", "pending"))
        numbers[topic.key] = Count(max(permitted - left, granted) if topic.is_default else granted, left, waiting)
    return numbers


def _facts(topic: Topic) -> dict[str, Any]:
    text = text_of(topic)
    return {name: getattr(topic, name) for name in AUDITED if name != "text"} | {"text": text.text if text else ""}


def _free_key(name: str) -> str:
    stem = slugify(name)[:LONGEST_KEY] or "topic"
    taken = set(Topic.objects.filter(key__startswith=stem[: LONGEST_KEY - 4]).values_list("key", flat=True))
    candidates = [stem, *(f"{stem[: LONGEST_KEY - 4]}-{number}" for number in range(2, 1000))]
    return next(key for key in candidates if key not in taken)
