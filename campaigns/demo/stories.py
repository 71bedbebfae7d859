"""Which campaigns has the demo company run, which run now, and which is being drawn?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from campaigns import graph, versions
from campaigns.graph import Graph, Spot
from campaigns.models import Campaign, Sender, Template
from omni.models import User
from profiles.models import Topic
from segments.models import Segment

Params = dict[str, Any]


class Author:
    """Draws and publishes the campaigns, with the company's own segments, letters and sender."""

    def __init__(
        self, *, by: User, segments: Mapping[str, Segment], letters: Mapping[str, Template], sender: Sender, seed: int
    ) -> None:
        self._by, self._segments, self._letters, self._sender, self._seed = by, segments, letters, sender, seed

    def season(self, now: datetime) -> Campaign:
        """A letter in two wordings to who is around; who looked and did not buy is reminded. Much better than silence."""
        made = graph.blank({"source": "segment", "segment": self._segments["active"].pk})
        made = _add(made, Spot("entry", "next"), "news", "message", self._message("season_a", "season_b"))
        made = _add(made, Spot("news", "next"), "pause", "wait", _days(3))
        made = _add(made, Spot("pause", "next"), "looked", "branch", {"ask": "clicked", "step": "news"})
        made = _add(made, Spot("looked", "no"), "rest", "exit", {})
        made = _add(made, Spot("looked", "yes"), "bought", "branch", {"ask": "did", "event": "Order Completed"})
        made = _add(made, Spot("bought", "yes"), "thanks", "exit", {})
        made = _add(made, Spot("bought", "no"), "last", "message", self._message("season_last"))
        return self._publish("New season", made, now, topic="news", control_percent=20, goal_days=7)

    def rain(self, now: datetime) -> Campaign:
        """One useful letter to those who look around; it sells nothing."""
        made = graph.blank({"source": "segment", "segment": self._segments["both"].pk})
        made = _add(made, Spot("entry", "next"), "wax", "message", self._message("rain"))
        return self._publish("Rain on Saturday", made, now, topic="club", control_percent=40, goal_days=5)

    def quiet(self, now: datetime) -> Campaign:
        """Every Tuesday, to those who went quiet; who buys is left alone, the others are asked once more."""
        rule = {"kind": "weekly", "time": "10:00", "weekdays": [1]}
        entry = {"source": "schedule", "segment": self._segments["quiet"].pk, "rule": rule, "again": "after", "again_days": 60}
        made = graph.blank(entry)
        made = _add(made, Spot("entry", "next"), "miss_you", "message", self._message("quiet_a", "quiet_b"))
        made = _add(made, Spot("miss_you", "next"), "pause", "wait", _days(5))
        made = _add(made, Spot("pause", "next"), "read", "branch", {"ask": "opened", "step": "miss_you"})
        made = _add(made, Spot("read", "yes"), "repair", "message", self._message("quiet_b"))
        made = _add(made, Spot("read", "no"), "rest", "exit", {})
        return self._publish("We have not seen you", made, now, topic="news", control_percent=15, goal_days=10)

    def welcome(self, now: datetime) -> Campaign:
        """Whoever signs up is greeted at once; who reads gets a second letter sooner."""
        made = graph.blank({"source": "event", "event": "Signed Up", "again": "never"})
        made = _add(made, Spot("entry", "next"), "hello", "message", self._message("welcome"))
        made = _add(made, Spot("hello", "next"), "pause", "wait", _days(2))
        made = _add(made, Spot("pause", "next"), "read", "branch", {"ask": "opened", "step": "hello"})
        made = _add(made, Spot("read", "yes"), "try_on", "message", self._message("welcome_store"))
        made = _add(made, Spot("read", "no"), "longer", "wait", _days(3))
        made = _add(made, Spot("longer", "next"), "again", "message", self._message("welcome_store"))
        return self._publish("Welcome to the club", made, now, topic="club", control_percent=10, goal_days=14)

    def cart(self, now: datetime) -> Campaign:
        """A draft with a branch, two hours after somebody left something in the cart."""
        made = graph.blank({"source": "joins", "segment": self._segments["cart"].pk, "again": "after", "again_days": 14})
        made = _add(made, Spot("entry", "next"), "two_hours", "wait", {"mode": "for", "amount": 2, "unit": "hours"})
        made = _add(made, Spot("two_hours", "next"), "bought", "branch", {"ask": "did", "event": "Order Completed"})
        made = _add(made, Spot("bought", "yes"), "done", "exit", {})
        made = _add(made, Spot("bought", "no"), "reminder", "message", self._message("cart"))
        return self._draft("Left in the cart", made, now, topic="news", control_percent=10, goal_days=3)

    def _message(self, *letters: str) -> Params:
        shares = 100 // len(letters)
        variants = [{"name": name, "template": self._letters[key].pk, "share": shares} for name, key in zip("ABCDE", letters)]
        return {"channel": "email", "sender": self._sender.pk, "variants": variants}

    def _draft(self, name: str, made: Graph, now: datetime, *, topic: str, **settings: Any) -> Campaign:
        return versions.create(
            name=name,
            draft=made,
            by=self._by,
            now=now,
            topic=Topic.objects.get(key=topic),
            goal_event="Order Completed",
            salt=f"demo {self._seed} {name}"[:32],
            **settings,
        )

    def _publish(self, name: str, made: Graph, now: datetime, **settings: Any) -> Campaign:
        campaign = self._draft(name, made, now, **settings)
        Campaign.objects.filter(pk=campaign.pk).update(created_at=now - timedelta(hours=2))
        versions.publish(campaign=campaign, by=self._by, now=now)
        campaign.refresh_from_db()
        return campaign


def _add(made: Graph, at: Spot, key: str, kind: str, params: Params) -> Graph:
    return graph.insert(made, at=at, key=key, kind=kind, params=params)


def _days(amount: int) -> Params:
    return {"mode": "for", "amount": amount, "unit": "days"}
