"""How do people answer letters? By the hash of letter and person: some open, some click, a few opt out, some buy."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.demo import goods, history
from campaigns.demo.people import Person
from campaigns.experiments.assignment import BUCKETS, bucket
from campaigns.models import Delivery, Link, Outcome
from campaigns.tracking import record
from profiles import changes, consent, schema
from profiles.commerce import events
from profiles.ingest import facts, store

PHONE_MAIL = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel)"
OPENS = {"fan": 0.66, "regular": 0.46, "rare": 0.3, "asleep": 0.13}
MACHINES = 0.07  # opened by a scanner before anybody saw it
OPTS_OUT = 0.006  # of those who opened
_UNIT = timedelta(hours=1)


@dataclass(frozen=True)
class Appeal:
    """How well a letter works: it multiplies opens; shares of openers who click, and of clickers who buy."""

    opens: float = 1.0
    clicks: float = 0.15
    buys: float = 0.08


APPEALS = {
    "season_a": Appeal(0.95, 0.26, 0.45),
    "season_b": Appeal(1.15, 0.46, 0.56),
    "season_last": Appeal(0.9, 0.24, 0.3),
    "quiet_a": Appeal(1.0, 0.12, 0.1),
    "quiet_b": Appeal(1.1, 0.22, 0.16),
    "rain": Appeal(1.0, 0.3, 0.0),
    "welcome": Appeal(1.4, 0.35, 0.2),
    "welcome_store": Appeal(1.1, 0.2, 0.12),
}


class Answers:
    """What people will do with the letters they got, in the order of time."""

    def __init__(self, *, people: Sequence[Person], ids: Mapping[str, int], letters: Mapping[int, str], source_id: int) -> None:
        self._person = {ids[person.key]: person for person in people}
        self._letters = letters  # template id -> key of the letter
        self._source_id = source_id
        self._decided: set[int] = set()
        self._seen: list[tuple[datetime, int, record.Seen, str]] = []  # the text is the address of who opts out
        self._orders: list[tuple[datetime, int]] = []

    @property
    def next_at(self) -> datetime | None:
        return min((queue[0][0] for queue in (self._seen, self._orders) if queue), default=None)

    def expect(self, *, now: datetime) -> None:
        """Decide what comes of every letter that was sent at `now`."""
        sent = Delivery.objects.filter(state=Delivery.State.SENT, settled_at=now).select_related("content", "step")
        links = dict(Link.objects.filter(position=0, content__step__isnull=False).values_list("content_id", "pk"))
        for delivery in sent.order_by("pk"):
            if delivery.pk not in self._decided and delivery.profile_id in self._person:
                self._decided.add(delivery.pk)
                self._decide(delivery, links.get(delivery.content_id or 0), now)

    def give(self, *, now: datetime) -> None:
        """Let everything happen that people do until `now`."""
        due = [heapq.heappop(self._seen) for _each in range(len(self._seen)) if self._seen[0][0] <= now]
        record.record(seen=[seen for _at, _order, seen, _address in due], now=now)
        consent.record(changes=[_goodbye(seen, address) for _at, _order, seen, address in due if address], now=now)
        orders = [heapq.heappop(self._orders) for _each in range(len(self._orders)) if self._orders[0][0] <= now]
        self._buy(orders, now)

    def _decide(self, delivery: Delivery, link_id: int | None, now: datetime) -> None:
        person = self._person[delivery.profile_id]
        letter = self._letters.get(delivery.content.template_id or 0, "") if delivery.content else ""
        appeal = APPEALS.get(letter, Appeal())
        lot = _Lot(f"{letter} {delivery.visit}", person.number)
        if lot.falls("machine", MACHINES):
            self._see(delivery, Outcome.Kind.OPENED, now + timedelta(seconds=1), machine="scanner", agent=SCANNER)
        if not lot.falls("open", OPENS[person.habit] * appeal.opens):
            return
        opened_at = now + timedelta(minutes=3) + _UNIT * 14 * lot.draw("when") ** 3
        self._see(delivery, Outcome.Kind.OPENED, opened_at)
        if lot.falls("out", OPTS_OUT):
            self._see(delivery, Outcome.Kind.UNSUBSCRIBED, opened_at + timedelta(minutes=1), address=delivery.address)
        elif link_id and lot.falls("click", appeal.clicks):
            clicked_at = opened_at + timedelta(seconds=20 + 100 * lot.draw("read"))
            self._see(delivery, Outcome.Kind.CLICKED, clicked_at, link_id=link_id)
            if lot.falls("buy", appeal.buys):
                heapq.heappush(self._orders, (clicked_at + _UNIT * 40 * lot.draw("think") ** 2, delivery.profile_id))

    def _see(
        self,
        delivery: Delivery,
        kind: str,
        at: datetime,
        *,
        link_id: int | None = None,
        machine: str = "",
        agent: str = PHONE_MAIL,
        address: str = "",
    ) -> None:
        seen = record.Seen(delivery_id=delivery.pk, kind=kind, at=at, link_id=link_id, machine_reason=machine, user_agent=agent)
        heapq.heappush(self._seen, (at, len(self._decided) * 4 + len(self._seen), seen, address))

    def _buy(self, orders: Sequence[tuple[datetime, int]], now: datetime) -> None:
        """Store the orders and tell downstream, as if they had come in through the API."""
        if not orders:
            return
        name_id = schema.event_ids([history.ORDER], now)[history.ORDER]
        rows, said = [], []
        for at, profile_id in orders:
            person = self._person[profile_id]
            lot = _Lot(f"basket {at.isoformat()}", person.number)
            liked = goods.OF_CATEGORY[person.category]
            value, properties = history.order(
                [(liked[int(lot.draw("what") * len(liked))], 1)], f"L{person.number:05d}{at:%m%d%H%M}", coupon="CLUB"
            )
            identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{person.key} {properties['order_id']}")
            rows.append(store.Row(at, identity, profile_id, name_id, value, properties, self._source_id, at))
            said.append(events.Happening(history.ORDER, profile_id, at, properties, self._source_id, is_certain=True))
        store.copy(rows)
        events.record(happenings=said, default_currency=goods.CURRENCY, now=now)
        latest = {profile_id: at for at, profile_id in orders}
        facts.see(latest=latest)
        changes.event_recorded(profile_ids=list(latest), events=[history.ORDER], now=now)


class _Lot:
    """What falls to a person with one letter: the same for the same words."""

    def __init__(self, salt: str, number: int) -> None:
        self._salt, self._number = salt, number

    def draw(self, what: str) -> float:
        return bucket(f"{self._salt} {what}", self._number) / BUCKETS

    def falls(self, what: str, share: float) -> bool:
        return self.draw(what) < share


def _goodbye(seen: record.Seen, address: str) -> consent.Change:
    proof = {"user_agent": seen.user_agent, "delivery": seen.delivery_id, "token": "one-click"}
    return consent.Change("email", address, consent.WITHDRAWN, seen.at, "one_click", "news", "Unsubscribe link", proof)
