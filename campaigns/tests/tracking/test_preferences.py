"""The preference page behind the link in a letter: what a reader turns, and what nobody else can."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from django.db.models import ProtectedError
from django.test import Client

from campaigns import delivery, requested
from campaigns.delivery.render import wrap
from campaigns.models import Delivery, Outcome, RequestedLetter
from campaigns.providers import sandbox
from campaigns.tests.delivery import office
from campaigns.tracking import links
from campaigns.tracking.links import Kind, Place
from omni.models import FeedEntry
from profiles import consent, identity, tombstones
from profiles.consent import snoozing
from profiles.models import Consent, ContactPoint, Erasure, Identifier, PrivacyRequest, Profile, Snooze, Topic

pytestmark = pytest.mark.usefixtures("later")

NEW = "new@example.com"
Page = Callable[..., str]


def address(letter: Delivery, kind: Kind = Kind.PREFERENCES) -> str:
    return "/" + links.address(kind, Place(letter.pk)).split("/", 3)[3]


def named(letter: Delivery, now) -> None:
    """Let the person of the letter be known by its address."""
    Identifier.objects.create(
        profile_id=letter.profile_id, type="email", value=letter.address, source="test", first_seen_at=now, latest_seen_at=now
    )


def standing(letter: Delivery, topic: str = "news", now=None) -> consent.Standing:
    return consent.standings(channel="email", addresses=[letter.address], topic=topic, now=now)[letter.address]


def marks(page: str) -> tuple[list[str], list[str]]:
    """Return what the form sends as it stands: the switches that are on, and which of them the page showed so."""
    on = re.findall(r'name="on" value="([^"]+)" checked', page)
    return on, re.findall(r'name="was" value="([^"]+)"', page)


def test_the_link_stands_in_the_letter(letter: Delivery):
    whole = wrap({"omni": {"signer": links.signer()}}, letter.pk, 0)

    assert whole["preferences_url"].endswith(address(letter))


def test_looking_changes_nothing(letter: Delivery, client: Client):
    before = Consent.objects.count()

    for _ in range(5):
        assert client.get(address(letter)).status_code == 200
        client.head(address(letter))

    page = client.get(address(letter)).content.decode()
    assert marks(page) == (["address:0", "topic:news"], ["address:0", "topic:news"])
    assert letter.address not in page
    assert Consent.objects.count() == before
    assert not Snooze.objects.exists()
    assert not PrivacyRequest.objects.exists()


def test_saving_untouched_says_nothing(letter: Delivery, client: Client):
    before = Consent.objects.count()
    on, was = marks(client.get(address(letter)).content.decode())

    answer = client.post(address(letter), {"on": on, "was": was})

    assert (answer.status_code, answer["Location"]) == (303, f"{address(letter)}?done=saved")
    assert Consent.objects.count() == before


def test_a_topic_is_turned_off_and_on_with_proof(letter: Delivery, client: Client, clock: time_machine.Traveller):
    Topic.objects.create(key="care", name="Care")
    on, was = marks(client.get(address(letter)).content.decode())

    client.post(address(letter), {"on": ["address:0", "topic:care"], "was": was}, headers={"User-Agent": "Firefox"})

    assert standing(letter).reason == "topic_unsubscribed"
    assert standing(letter, "care").is_allowed
    row = Consent.objects.filter(topic="news").latest("pk")
    assert (row.method, row.proof["ip"], row.proof["user_agent"], row.proof["delivery"]) == (
        "preference_page", "127.0.0.1", "Firefox", letter.pk,
    )  # fmt: skip
    assert Outcome.objects.filter(delivery=letter, kind="unsubscribed").count() == 1
    assert any("email:news" in entry.names for entry in FeedEntry.objects.filter(kind="consent_changed"))

    on, was = marks(client.get(address(letter)).content.decode())
    assert on == ["address:0", "topic:care"]
    clock.shift(60)
    client.post(address(letter), {"on": [*on, "topic:news"], "was": was})
    assert standing(letter).is_allowed


def test_an_old_page_does_not_bring_back_what_was_left_meanwhile(letter: Delivery, client: Client):
    on, was = marks(client.get(address(letter)).content.decode())
    client.post(address(letter, Kind.PREFERENCES).replace("/p/", "/u/"), {})
    unsubscribe = "/" + links.unsubscribe_url(Place(letter.pk)).split("/", 3)[3]
    client.post(unsubscribe, {"List-Unsubscribe": "One-Click"})

    client.post(address(letter), {"on": on, "was": was})

    assert standing(letter).reason == "topic_unsubscribed"


def test_an_address_is_turned_off(letter: Delivery, client: Client, now):
    ContactPoint.objects.create(profile_id=letter.profile_id, kind="phone", address="+48512345678", created_at=now)
    _on, was = marks(client.get(address(letter)).content.decode())

    client.post(address(letter), {"on": ["topic:news"], "was": was})

    assert standing(letter).reason == "channel_not_permitted"
    assert "+48512" not in client.get(address(letter)).content.decode()


def test_a_switch_that_was_not_on_the_page_is_not_turned(letter: Delivery, client: Client):
    before = Consent.objects.count()
    _on, was = marks(client.get(address(letter)).content.decode())

    client.post(address(letter), {"on": [*was, "topic:nonsense", "address:999", "x"], "was": [*was, "topic:gone"]})

    assert Consent.objects.count() == before


def test_own_words_are_kept_where_segments_see_them(letter: Delivery, client: Client):
    on, was = marks(client.get(address(letter)).content.decode())

    client.post(address(letter), {"on": on, "was": was, "letters_per_week": "1", "language": "pl"})
    person = Profile.objects.get(pk=letter.profile_id)
    assert (person.attributes["letters_per_week"], person.attributes["language"]) == (1, "pl")
    assert person.attribute_facts["language"][1] == "preference_page"

    client.post(address(letter), {"on": on, "was": was, "letters_per_week": "", "language": "xx"})
    person.refresh_from_db()
    assert person.attributes["language"] == "pl"  # one nonsense and nothing of it is taken

    client.post(address(letter), {"on": on, "was": was, "letters_per_week": "", "language": "pl"})
    person.refresh_from_db()
    assert "letters_per_week" not in person.attributes


def test_a_pause_holds_letters_back_and_ends_by_itself(letter: Delivery, client: Client, clock, now):
    later = now + timedelta(minutes=10)
    client.post(f"{address(letter)}/pause", {"days": "7"})

    assert standing(letter, now=later) == consent.Standing(False, "snoozed")
    assert "You hear nothing from us until" in client.get(address(letter)).content.decode()
    assert standing(letter, now=later + timedelta(days=7)).is_allowed
    assert Snooze.objects.get().proof["delivery"] == letter.pk

    client.post(f"{address(letter)}/pause", {"days": "30"})
    assert Snooze.objects.filter(ends_at__gt=later).count() == 1
    client.post(f"{address(letter)}/wake")
    assert standing(letter, now=later).is_allowed
    assert Snooze.objects.count() == 2  # the history stays


@pytest.mark.parametrize("days", ["", "0", "-3", "99999", "x"])
def test_a_pause_of_nonsense_is_none(letter: Delivery, client: Client, days: str):
    assert client.post(f"{address(letter)}/pause", {"days": days}).status_code == 303
    assert not Snooze.objects.exists()


def test_the_gate_refuses_during_a_pause(db: None, now):
    post = office.open_office(now)
    [person] = post.people(1)
    [waiting] = post.order([person])
    snoozing.snooze(
        channel="email", addresses=[office.address_of(person)], until=now + timedelta(days=1), method="x", proof={}, now=now
    )

    delivery.drain(lane="email", clock=office.standing_clock(now))

    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("suppressed", "snoozed")


def test_a_wish_about_ones_data_is_one_request_however_often_it_is_pressed(letter: Delivery, client: Client):
    for _ in range(3):
        client.post(f"{address(letter)}/requests", {"kind": "erase"})
    client.post(f"{address(letter)}/requests", {"kind": "access"})
    client.post(f"{address(letter)}/requests", {"kind": "nonsense"})

    rows = list(PrivacyRequest.objects.order_by("pk"))
    assert [(row.kind, row.state, row.verified, row.profile_id) for row in rows] == [
        ("erase", "new", "letter", letter.profile_id),
        ("access", "new", "letter", letter.profile_id),
    ]
    assert "You asked us to erase your data" in client.get(address(letter)).content.decode()


def _posted(now) -> list[str]:
    requested.post_due(clock=office.standing_clock(now))
    file = sandbox._open(Delivery.objects.get().content.sender.account.settings)
    found = [
        message_from_bytes(row[0], policy=policy.default)
        for row in file.execute("SELECT letter FROM taken WHERE address = ?", [NEW])
    ]
    file.close()
    texts = [one.get_body(preferencelist=("plain",)).get_content() for one in found]
    return [re.search(r"https?://\S+?(/address/\S+)", text)[1] for text in texts]


def test_another_address_is_used_only_when_it_answers(letter: Delivery, client: Client, now):
    named(letter, now)
    Topic.objects.create(key="care", name="Care")
    _on, was = marks(client.get(address(letter)).content.decode())
    client.post(address(letter), {"on": ["address:0", "topic:care"], "was": was})

    assert client.post(f"{address(letter)}/address", {"email": "no address"}).status_code == 422
    assert client.post(f"{address(letter)}/address", {"email": letter.address}).status_code == 422
    assert client.post(f"{address(letter)}/address", {"email": "New@Example.com"}).status_code == 303
    [link] = _posted(now + timedelta(minutes=10))
    client.get(link)
    assert not ContactPoint.objects.filter(address=NEW).exists()

    assert "from now on" in client.post(link).content.decode()

    assert ContactPoint.objects.get(address=NEW).profile_id == letter.profile_id
    news, care = (consent.standings(channel="email", addresses=[NEW], topic=topic)[NEW] for topic in ("news", "care"))
    assert (news.reason, care.is_allowed) == ("topic_unsubscribed", True)
    assert standing(letter, "care").reason == "channel_not_permitted"
    entries = Consent.objects.count()
    assert client.post(link).status_code == 200
    assert Consent.objects.count() == entries


def test_a_new_address_that_never_answers_is_nothing(letter: Delivery, client: Client, clock: time_machine.Traveller, now):
    client.post(f"{address(letter)}/address", {"email": NEW})
    [link] = _posted(now + timedelta(minutes=10))

    clock.shift(timedelta(days=8))

    assert client.post(link).status_code == 410
    assert standing(letter).is_allowed
    assert RequestedLetter.objects.get().used_at is None


def test_a_link_of_another_kind_opens_nothing(letter: Delivery, client: Client):
    for kind in (Kind.CLICK, Kind.UNSUBSCRIBE, Kind.OPEN, Kind.CONFIRM, Kind.ADDRESS):
        token = links.sign(kind=kind, place=Place(letter.pk))
        for tail in ("", "/pause", "/wake", "/requests", "/address"):
            assert client.post(f"/p/{token}{tail}", {"days": "7", "kind": "erase"}).status_code == 404
    good = links.sign(kind=Kind.PREFERENCES, place=Place(letter.pk))
    assert client.post(f"/u/{good}", {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert standing(letter).is_allowed


def test_after_an_erasure_every_link_still_answers_kindly(letter: Delivery, client: Client):
    Delivery.objects.update(address="")
    unsubscribe = "/" + links.unsubscribe_url(Place(letter.pk)).split("/", 3)[3]

    assert client.post(unsubscribe, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert "Nothing is left" in client.get(address(letter)).content.decode()


def test_the_pages_set_no_cookie_and_are_kept_by_nobody(letter: Delivery, client: Client):
    for answer in (client.get(address(letter)), client.post(address(letter), {}), client.get("/p/sample")):
        assert not answer.cookies
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_it_works_when_nothing_else_runs(letter: Delivery, client: Client, monkeypatch):
    """No worker, no beat, and a broker that answers nobody: everything that counts is in the request."""
    from omni import celery

    def dead(*args, **kwargs):
        raise ConnectionError("the broker is down")

    monkeypatch.undo()
    monkeypatch.setattr(celery._bell, "send_task", dead)
    _on, was = marks(client.get(address(letter)).content.decode())

    client.post(address(letter), {"on": ["address:0"], "was": was})
    assert standing(letter).reason == "topic_unsubscribed"
    assert client.post(f"{address(letter)}/pause", {"days": "7"}).status_code == 303
    assert client.post(f"{address(letter)}/address", {"email": NEW}).status_code == 303
    assert RequestedLetter.objects.get().state == "open"


def test_the_same_person_under_two_addresses_turns_a_topic_for_both(letter: Delivery, client: Client, now):
    named(letter, now)
    other = "second@example.com"
    claim = identity.Claim((("email", letter.address), ("email", other)), "test", now)
    identity.resolve(claims=[claim], now=now)
    consent.record(changes=[consent.Change("email", other, "granted", now, "staff")], now=now)
    _on, was = marks(client.get(address(letter)).content.decode())
    assert len([mark for mark in was if mark.startswith("address:")]) == 2

    client.post(address(letter), {"on": [mark for mark in was if mark != "topic:news"], "was": was})

    assert consent.standings(channel="email", addresses=[other], topic="news")[other].reason == "topic_unsubscribed"


def test_the_way_out_outlives_the_campaign(letter: Delivery, client: Client, clock: time_machine.Traveller):
    """A campaign that sent anything cannot be deleted; stopped or years old, its links still work."""
    with pytest.raises(ProtectedError):
        letter.campaign.delete()
    letter.campaign.stop(by=None, now=letter.created_at)
    clock.shift(timedelta(days=5 * 366))
    unsubscribe = "/" + links.unsubscribe_url(Place(letter.pk)).split("/", 3)[3]

    assert client.post(unsubscribe, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert standing(letter).reason == "topic_unsubscribed"
    assert client.get(address(letter)).status_code == 200


def test_an_address_of_an_erased_person_may_be_taken_by_its_owner(letter: Delivery, client: Client, now):
    named(letter, now)
    erasure = Erasure.objects.create(profile_ids=[1], by_label="Olga", begun_at=now, backups_expire_date=now.date())
    tombstones.bury(keys=[("email", NEW)], addresses=[("email", NEW)], suppressed={}, erasure=erasure, now=now)
    client.post(f"{address(letter)}/address", {"email": NEW})
    [link] = _posted(now + timedelta(minutes=10))

    client.post(link)

    assert ContactPoint.objects.get(address=NEW).profile_id == letter.profile_id
    assert consent.standings(channel="email", addresses=[NEW], topic="news")[NEW].is_allowed
