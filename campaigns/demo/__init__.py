"""What does a company look like that has worked with Omni for a while? An invented one, the same for the same seed.

Everybody and everything comes in through the doors real companies use: imports, sign-ups, the permission ledger, the
engine, the delivery gates. Only time is played: the engine is given the moments it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import connection

from campaigns import goals
from campaigns.demo import arrivals, groups, history, letters, shelves, team
from campaigns.demo.answers import Answers
from campaigns.demo.people import DAYS, draw
from campaigns.demo.stage import Stage
from campaigns.demo.stories import Author
from campaigns.models import Campaign, Delivery
from omni import feed
from profiles import changes
from profiles.models import Profile, Source
from segments.models import Segment

WELCOME_DAYS = 9
Say = Callable[[str], None]


class NotEmptyError(Exception):
    """There is a company here already; the demo would mix with it."""

    permanent = True


@dataclass(frozen=True)
class Made:
    people: int
    events: int
    letters: int


def build(*, people: int, seed: int, now: datetime, say: Say) -> Made:
    """Make the demo company as of `now`. Raises NotEmptyError, also for a second call.

    1. Team, topics, the customers' files, sign-ups week by week, ninety days of events.
    2. Segments, refreshed week by week; campaigns on the virtual clock, from the first to `now`.
    3. Segments as of `now`; the feed is emptied, and letters from now on go to the local mailbox.
    """
    if Profile.objects.exists() or Campaign.objects.exists():
        raise NotEmptyError
    with connection.cursor() as cursor:
        # A crash in the middle means starting over anyway, so commits need not wait for the disk.
        cursor.execute("SET synchronous_commit = off")
    start = now - timedelta(days=DAYS)
    owner = team.hire(now=start)
    crowd = list(draw(count=people, seed=seed, now=now))
    newcomers = sorted((person for person in crowd if person.is_new), key=lambda person: person.joined_at)
    say("people")
    source, _key = Source.issue(name="Web shop", kind=Source.Kind.SERVER)
    arrivals.make_topics()
    arrivals.import_customers(people=[person for person in crowd if not person.is_new], by=owner, now=start)
    arrivals.sign_up(people=newcomers, source=source.name)
    ids = arrivals.profile_ids()
    say("events")
    shelves.keep(seed=seed, now=now)
    events = history.write(people=crowd, ids=ids, source_id=source.pk, seed=seed, now=now)
    _analyze()
    say("segments and letters")
    segments = groups.describe_all(by=owner, now=start)
    templates = letters.write_all(by=owner)
    sender = letters.open_accounts()
    author = Author(by=owner, segments=segments, letters=templates, sender=sender, seed=seed)
    answers = Answers(
        people=crowd, ids=ids, letters={template.pk: key for key, template in templates.items()}, source_id=source.pk
    )
    say("campaigns")
    stage = Stage(answers)
    _direct(stage, author, now)
    greeted = [person for person in newcomers if person.joined_at > now - timedelta(days=WELCOME_DAYS)]
    for _hour, group in groupby(greeted, key=lambda person: person.joined_at.replace(minute=0, second=0, microsecond=0)):
        together = list(group)
        stage.plan(together[-1].joined_at, _hear_of([ids[person.key] for person in together]))
    stage.play(start=start, until=now)
    _finish(sender_switch=lambda: letters.switch_to_mailbox(sender), now=now)
    return Made(people, events, Delivery.objects.filter(state=Delivery.State.SENT).count())


def _direct(stage: Stage, author: Author, now: datetime) -> None:
    """Plan what the team does, and when."""
    morning = now.replace(hour=7, minute=0, second=0, microsecond=0)
    for weeks in range(DAYS // 7, 0, -1):
        stage.plan(now - timedelta(weeks=weeks), lambda at: groups.refresh(now=at))
    stage.plan(morning - timedelta(days=38), lambda at: _fresh(at, author.season))
    stage.plan(morning - timedelta(days=19), lambda at: _fresh(at, author.rain))
    stage.plan(morning - timedelta(days=24), lambda at: _fresh(at, author.quiet))
    stage.plan(now - timedelta(days=WELCOME_DAYS, hours=1), lambda at: _fresh(at, author.welcome))
    stage.plan(now - timedelta(hours=3), lambda at: _fresh(at, author.cart))


def _fresh(now: datetime, publish: Callable[[datetime], Campaign]) -> None:
    groups.refresh(now=now)
    publish(now)


def _hear_of(profile_ids: Sequence[int]) -> Callable[[datetime], None]:
    return lambda at: changes.event_recorded(profile_ids=profile_ids, events=["Signed Up"], now=at)


def _finish(*, sender_switch: Callable[[], None], now: datetime) -> None:
    sender_switch()
    groups.refresh(now=now)
    for consumer in feed.consumers():
        while feed.consume(name=consumer.name, now=now, most=500):
            pass
    for campaign in Campaign.objects.exclude(state=Campaign.State.DRAFT):
        goals.convert(campaign=campaign, now=now)
    Segment.objects.filter(stale_since__lte=now).update(stale_since=None)
    for file in (settings.VAR / "sandbox").glob(f"{letters.HISTORY_MAILBOX}.sqlite3*"):
        file.unlink()
    _analyze()


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
