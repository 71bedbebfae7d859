"""How do ninety days of campaigns pass in a minute? The real engine with a clock that jumps from one due moment to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Min

from campaigns import delivery, engine
from campaigns.demo.answers import Answers
from campaigns.models import Campaign, Enrolment, Fire, Work
from omni import feed

# Rows that are due within it are done together: answers and waits are spread over minutes.
GRAIN = timedelta(hours=4)

Act = Callable[[datetime], None]


class Stage:
    """A virtual clock with a plan of acts. `play` lets the engine work whenever a row, an answer or an act is due."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._plan: list[tuple[datetime, int, Act]] = []

    def plan(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._plan, (at, len(self._plan), act))

    def play(self, *, start: datetime, until: datetime) -> None:
        now = start
        while now <= until:
            while self._plan and self._plan[0][0] <= now:
                _at, _order, act = heapq.heappop(self._plan)
                act(now)
            self._work(now)
            now = self._following(now, until)
        engine.advance(now=until)

    def _work(self, now: datetime) -> None:
        """Do everything that is due at `now`, until nothing is; what has nothing to do is not asked."""
        while feed.consume(name="campaigns", now=now):
            pass
        if Fire.objects.filter(finished_at=None, due_at__lte=now).exists():
            engine.fire_due(now=now)
        self._answers.give(now=now)
        while True:
            is_anybody_due = Enrolment.objects.filter(state=Enrolment.State.ACTIVE, due_at__lte=now).exists()
            moved = engine.advance(now=now) if is_anybody_due else 0
            is_letter_due = Work.objects.filter(due_at__lte=now).exists()
            sent = delivery.drain(lane="email", clock=lambda: now, seconds=60) if is_letter_due else 0
            if sent:
                self._answers.expect(now=now)
            if not moved and not sent:
                return

    def _following(self, now: datetime, until: datetime) -> datetime:
        """Return the next moment: acts and starts on time, waits and answers with others that are due soon after."""
        waiting = Enrolment.objects.filter(state=Enrolment.State.ACTIVE, campaign__state=Campaign.State.LIVE)
        loose = [
            waiting.aggregate(at=Min("due_at"))["at"],
            Work.objects.aggregate(at=Min("due_at"))["at"],
            self._answers.next_at,
        ]
        exact = [
            Fire.objects.filter(finished_at=None, due_at__gt=now).aggregate(at=Min("due_at"))["at"],
            self._plan[0][0] if self._plan else None,
        ]
        moments = [max(moment, now) + GRAIN for moment in loose if moment is not None]
        moments += [max(moment, now + timedelta(seconds=1)) for moment in exact if moment is not None]
        return min(moments, default=until + GRAIN)
