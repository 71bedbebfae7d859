"""What happens, in order? Import, purchases, segment, campaign, letters, answers, report; each chapter ends with its proof."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.utils import timezone

from tests.story import cdnow, house
from tests.story.cdnow import Purchase
from tests.story.door import Door
from tests.story.postman import Postman
from tests.story.readers import Diary, Readers

EVENT = "Order Completed"
BATCH = 500
WAIT_SECONDS = 1_800


def tell(*, bought: Sequence[Purchase], database: str, port: int, folder: Path, seed: int) -> None:
    with Postman(folder / "letters", house.free_port()) as postman:
        keys = house.furnish(smtp_port=postman.port)
        shop = Door(f"http://127.0.0.1:{port}", keys.api, keys.write)
        with house.running(database=database, port=port):
            import_people(shop, bought)
            send_purchases(shop, bought)
            segment = build_segment(shop, bought)
            readers = Readers(postman, shop, seed)
            readers.start()
            campaign = run_campaign(shop, segment, readers)
            if readers.error:
                raise readers.error
            settle(shop, campaign, readers.diary)
            report(shop, campaign)
        check_ends(campaign, segment)
        check_letters(campaign, postman, readers.diary)
        check_readers(campaign, readers.diary)
        forget_files()


def import_people(shop: Door, bought: Sequence[Purchase]) -> None:
    """Upload everybody as a CSV file and wait until the product has taken them in."""
    started = time.monotonic()
    people: dict[str, list[Purchase]] = {}
    for purchase in bought:
        people.setdefault(purchase.customer, []).append(purchase)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["customer", "email", "name", "first_order", "cds"])
    for customer, theirs in people.items():
        cds = sum(purchase.count for purchase in theirs)
        rows.writerow([customer, theirs[0].email, customer, min(purchase.day for purchase in theirs).isoformat(), cds])
    targets = ("user_id", "email", "attribute:customer", "attribute:first_order", "attribute:cds")
    mapping = dict(zip(("customer", "email", "name", "first_order", "cds"), ({"to": target} for target in targets)))
    mapping["name"]["type"] = "string"
    mapping["cds"]["type"] = "number"
    mapping["first_order"]["type"] = "date"
    consent = {"status": "granted", "channels": ["email"], "topics": [house.TOPIC], "source": "Order form", "date": "1998-07-01"}
    fields = {"mapping": json.dumps(mapping), "consent": json.dumps(consent)}
    work = shop.upload("imports", file=out.getvalue().encode(), name="customers.csv", fields=fields)
    done = wait(lambda: (one := shop.get(f"imports/{work['id']}"))["state"] in ("done", "failed") and one, "the import")
    assert (done["state"], done["rows_created"], done["rows_rejected"]) == ("done", len(people), 0), done
    say(f"{len(people)} people imported", started)


def send_purchases(shop: Door, bought: Sequence[Purchase]) -> None:
    """Hand every purchase over as an event with its real date, and wait until all of them are stored."""
    from profiles.models import DeadLetter, Event

    started = time.monotonic()
    for start in range(0, len(bought), BATCH):
        shop.track([_event(purchase) for purchase in bought[start : start + BATCH]])
    accepted = time.monotonic() - started
    wait(lambda: Event.objects.filter(name__name=EVENT).count() >= len(bought), "the events")
    assert Event.objects.filter(name__name=EVENT).count() == len(bought)
    assert not DeadLetter.objects.exists()
    say(f"{len(bought)} purchases taken in (answered after {accepted:.1f} s)", started)


def build_segment(shop: Door, bought: Sequence[Purchase]) -> int:
    """Describe who bought at least three times and nothing in the last 180 days; count them beside a computation by hand."""
    started = time.monotonic()
    days = [day.isoformat() for day in cdnow.quiet_since(bought)]
    loyal = {"event": EVENT, "measure": "count", "comparison": "at_least", "amount": cdnow.LEAST_PURCHASES, "where": []}
    quiet = {"event": EVENT, "measure": "did_not", "window": {"kind": "between", "dates": days}, "where": []}
    items = [{"kind": "event", "params": {**loyal, "window": {"kind": "ever"}}}, {"kind": "event", "params": quiet}]
    definition = {"version": 1, "root": {"match": "all", "items": items}}
    made = shop.post("segments/", {"name": "Lapsed regulars", "definition": definition})
    filled = wait(lambda: (one := shop.get(f"segments/{made['id']}/"))["refreshed_at"] and one, "the segment")
    wanted = cdnow.lapsed(bought)
    assert filled["size"] == len(wanted), f"the segment holds {filled['size']}, counted by hand are {len(wanted)}"
    assert _members(made["id"]) == wanted
    say(f"{filled['size']} lapsed regulars, the same as by hand", started)
    return int(made["id"])


def run_campaign(shop: Door, segment: int, readers: Readers) -> int:
    """Publish a journey of two letters, the first in two wordings, 10 % control; wait until nobody is inside any more."""
    started = time.monotonic()
    draft = {"version": 1, "entry": "entry", "steps": _steps(segment)}
    settings = {"topic": house.TOPIC, "control_percent": 10, "goal_event": EVENT, "goal_days": 5}
    campaign = shop.post("campaigns/", {"name": "Come back", "draft": draft, **settings})["id"]
    shop.post(f"campaigns/{campaign}/publish/", {})
    wait(lambda: readers.error or shop.get(f"campaigns/{campaign}/")["state"] == "finished", "the campaign")
    readers.stop.set()
    readers.join(timeout=WAIT_SECONDS)
    assert not readers.is_alive(), "the readers are not done"
    say(f"{readers.diary.letters} letters sent and read", started)
    return int(campaign)


def settle(shop: Door, campaign: int, diary: Diary) -> None:
    """Wait until what the readers did has become numbers."""
    from campaigns.models import Delivery, Enrolment

    def is_known() -> bool:
        opened = Delivery.objects.filter(campaign=campaign, opened_at__isnull=False).count()
        return opened >= len(diary.opened) and Enrolment.objects.filter(converted_at__isnull=False).count() >= len(diary.bought)

    wait(is_known, "the outcomes", seconds=120)


def report(shop: Door, campaign: int) -> None:
    found = shop.get(f"campaigns/{campaign}/report/")
    ends = Counter({f"{end['state']} {end['reason']}".strip(): end["people"] for end in found["ends"]})
    assert sum(ends.values()) == found["audience"]
    print(f"\n  {found['verdict']}")
    print(f"  {found['audience']} people = " + " + ".join(f"{people} {end}" for end, people in ends.most_common()))
    for step in found["steps"]:
        for variant in step["variants"]:
            came, sent = variant["came"], variant["sent"]
            print(
                f"    {step['key']:>6} {variant['key']}: {came['people']} came, {sent['people']} sent, {sent['opened']} opened,"
                f" {sent['clicked']} clicked, {sent['unsubscribed']} opted out, {came['converted']} bought"
            )
    print()


def check_ends(campaign: int, segment: int) -> None:
    """Every candidate has exactly one enrolment and exactly one end state, and nothing is open."""
    from campaigns.models import Campaign, Delivery, Enrolment
    from campaigns.reports import people
    from campaigns.reports.facts import End
    from campaigns.reports.people import Filter
    from segments.models import Membership

    candidates = Counter(Enrolment.objects.filter(campaign=campaign).values_list("profile_id", flat=True))
    members = set(Membership.objects.filter(segment=segment).values_list("profile_id", flat=True))
    assert set(candidates) == members
    assert set(candidates.values()) == {1}
    assert not Enrolment.objects.filter(campaign=campaign, state="active").exists()
    assert not Delivery.objects.filter(campaign=campaign, state="open").exists()
    of = Campaign.objects.get(pk=campaign)
    listed = Counter(line.profile.pk for end in End for line in people.every(of, Filter(state=end)))
    assert set(listed) == members
    assert set(listed.values()) == {1}


def check_letters(campaign: int, postman: Postman, diary: Diary) -> None:
    """The letters received are exactly those the ledger calls sent; nobody of the control group got one."""
    from campaigns.models import Delivery

    letters = postman.letters()
    received = Counter(str(letter["X-Delivery-ID"]) for letter in letters)
    ledger = {str(key) for key in Delivery.objects.filter(campaign=campaign, state="sent").values_list("key", flat=True)}
    assert set(received) == ledger
    assert set(received.values()) <= {1}
    assert all(str(letter["Message-ID"]).startswith(f"<{letter['X-Delivery-ID']}@") for letter in letters)
    control = Delivery.objects.filter(campaign=campaign, enrolment__is_control=True)
    assert set(control.values_list("state", "reason")) <= {("suppressed", "control_campaign")}
    sent_at = dict(Delivery.objects.filter(campaign=campaign, state="sent").values_list("key", "gate_at"))
    for letter in letters:
        left_at = diary.left.get(str(letter["To"]))
        gate_at = sent_at[_uuid(str(letter["X-Delivery-ID"]))]
        assert left_at is None or gate_at.timestamp() < left_at, f"{letter['To']} was written to after leaving"


def check_readers(campaign: int, diary: Diary) -> None:
    """What the product says people did is what they did."""
    from campaigns.models import Delivery, Enrolment

    ledger = Delivery.objects.filter(campaign=campaign)
    assert {str(key) for key in ledger.filter(opened_at__isnull=False).values_list("key", flat=True)} == diary.opened
    assert {str(key) for key in ledger.filter(clicked_at__isnull=False).values_list("key", flat=True)} == diary.clicked
    gone = set(ledger.filter(unsubscribed_at__isnull=False).values_list("address", flat=True))
    assert gone == set(diary.left)
    converted = Enrolment.objects.filter(campaign=campaign, converted_at__isnull=False).values_list("profile_id", flat=True)
    assert {_customers()[pk] for pk in converted} == diary.bought


def forget_files() -> None:
    from profiles.models import Import

    for work in Import.objects.all():
        work.file.delete(save=False)


def wait(ready: Callable[[], Any], what: str, *, seconds: float = WAIT_SECONDS) -> Any:
    """Ask until the answer is true; return it."""
    until = time.monotonic() + seconds
    while not (answer := ready()):
        assert time.monotonic() < until, f"{what} took longer than {seconds:.0f} s"
        time.sleep(0.5)
    return answer


def say(what: str, started: float) -> None:
    print(f"{timezone.now():%H:%M:%S}  {what}, {time.monotonic() - started:.1f} s", flush=True)


def _event(purchase: Purchase) -> dict[str, Any]:
    return {
        "type": "track",
        "event": EVENT,
        "userId": purchase.customer,
        "messageId": f"cdnow-{purchase.line}",
        # Noon, so that the day is the same in every time zone.
        "timestamp": f"{purchase.day.isoformat()}T12:00:00Z",
        "properties": {"revenue": purchase.value, "quantity": purchase.count},
    }


def _steps(segment: int) -> dict[str, Any]:
    from campaigns.models import Template

    templates = dict(Template.objects.values_list("name", "pk"))
    first = [{"name": name, "template": templates[name], "share": 50} for name in "AB"]
    last = [{"name": "A", "template": templates["last"], "share": 100}]
    message = {"channel": "email", "sender": None}
    return {
        "entry": {"kind": "entry", "params": {"source": "segment", "segment": segment}, "next": {"next": "first"}},
        "first": {"kind": "message", "params": {**message, "variants": first}, "next": {"next": "pause"}},
        "pause": {"kind": "wait", "params": {"mode": "for", "amount": 1, "unit": "minutes"}, "next": {"next": "bought"}},
        "bought": {"kind": "branch", "params": {"ask": "did", "event": EVENT}, "next": {"yes": "thanks", "no": "second"}},
        "thanks": {"kind": "exit", "params": {}, "next": {}},
        "second": {"kind": "message", "params": {**message, "variants": last}, "next": {}},
    }


def _members(segment: int) -> set[str]:
    from segments.models import Membership

    known = _customers()
    members = Membership.objects.filter(segment=segment, until_at=None).values_list("profile_id", flat=True)
    return {known[pk] for pk in members}


def _customers() -> dict[int, str]:
    from profiles.models import Identifier

    return dict(Identifier.objects.filter(type="user_id").values_list("profile_id", "value"))


def _uuid(text: str) -> Any:
    from uuid import UUID

    return UUID(text)
