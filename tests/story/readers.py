"""What do people do with the letters they get? Some open, some follow the link, some buy, a few leave; by hash."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage

from selectolax.lexbor import LexborHTMLParser

from tests.story import door
from tests.story.door import Door
from tests.story.postman import Postman

OPENS, CLICKS, BUYS, LEAVES = 0.35, 0.5, 0.4, 0.06
READING_AT_ONCE = 4
SECONDS_UNTIL_READ = 4.5  # whoever is faster is taken for a machine


@dataclass
class Diary:
    """What the readers really did, to be compared with what the product says."""

    opened: set[str] = field(default_factory=set)
    clicked: set[str] = field(default_factory=set)
    bought: set[str] = field(default_factory=set)
    left: dict[str, float] = field(default_factory=dict)  # address -> when the product confirmed
    letters: int = 0


class Readers(threading.Thread):
    """Reads the letters as they come, until `stop` is set and everything is read."""

    def __init__(self, postman: Postman, shop: Door, seed: int) -> None:
        super().__init__(name="readers")
        self.diary = Diary()
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._postman, self._shop, self._seed = postman, shop, seed

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self._read_new()
                self.stop.wait(0.5)
            self._read_new()
        except BaseException as error:  # the story's main thread raises it again
            self.error = error

    def _read_new(self) -> None:
        fresh = self._postman.letters(self.diary.letters)
        if not fresh:
            return
        time.sleep(SECONDS_UNTIL_READ)
        with ThreadPoolExecutor(READING_AT_ONCE) as pool:
            list(pool.map(self._read, fresh))
        self.diary.letters += len(fresh)

    def _read(self, letter: EmailMessage) -> None:
        address, key = str(letter["To"]), str(letter["X-Delivery-ID"])
        if not self._falls("open", key, OPENS):
            return
        page = LexborHTMLParser(_html(letter))
        pixel = page.css_first('img[width="1"]')
        links = [link for link in page.css("a") if "/t/c/" in (link.attributes.get("href") or "")]
        seen = [link for link in links if link.attributes.get("aria-hidden") != "true"]
        assert pixel is not None, "a letter without a pixel"
        assert door.look(str(pixel.attributes["src"])) == 200
        self.diary.opened.add(key)
        if self._falls("leave", key, LEAVES):
            (address_of_leaving,) = re.findall(r"<(http[^>]+)>", str(letter["List-Unsubscribe"]))[:1]
            assert door.leave(address_of_leaving) == 200
            self.diary.left[address] = time.time()
        elif self._falls("click", key, CLICKS):
            assert door.look(str(seen[0].attributes["href"])) in (302, 303, 307)
            self.diary.clicked.add(key)
            if self._falls("buy", key, BUYS):
                self._buy(address)

    def _buy(self, address: str) -> None:
        customer = re.sub(r"\D", "", address.partition("@")[0])
        event = {
            "type": "track",
            "event": "Order Completed",
            "userId": customer,
            "messageId": f"story-{address}-{time.time_ns()}",
        }
        event |= {"timestamp": datetime.now(UTC).isoformat(), "properties": {"revenue": 14.9, "quantity": 1}}
        self._shop.track([event])
        self.diary.bought.add(customer)

    def _falls(self, what: str, key: str, share: float) -> bool:
        digest = hashlib.sha256(f"{self._seed} {what} {key}".encode()).digest()
        return int.from_bytes(digest[:4], "big") < share * 2**32


def _html(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None, "a letter without HTML"
    return str(part.get_content())
