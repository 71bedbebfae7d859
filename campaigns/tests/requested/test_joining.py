"""How strangers sign up: through the page, the letter and its button, and what a stranger cannot learn or do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from django.test import Client

from campaigns.models import Policy, RequestedLetter
from campaigns.requested import filing
from campaigns.tracking import links
from campaigns.tracking.links import Kind, Place
from profiles import consent, tombstones
from profiles.consent import topics
from profiles.models import Consent, ConsentText, Erasure, Identifier, Profile, Topic

ANN = "ann@example.com"
Post = Callable[[], list[EmailMessage]]


def sign_up(client: Client, topic: Topic, address: str = ANN, **more: str):
    return client.post(f"/s/{topic.key}", {"email": address, "agrees": "on"} | more)


def standing(topic: Topic, address: str = ANN) -> consent.Standing:
    return consent.standings(channel="email", addresses=[address], topic=topic.key)[address]


def link_in(letter: EmailMessage) -> str:
    text = letter.get_body(preferencelist=("plain",)).get_content()  # type: ignore[union-attr]
    found = re.search(r"https?://\S+(/confirm/\S+)", text)
    assert found
    return found[1]


def say(status: str, now, topic: str = "", method: str = "staff") -> None:
    consent.record(changes=[consent.Change("email", ANN, status, now, method, topic=topic)], now=now)


def test_nothing_is_sent_before_the_button_of_the_letter_is_pressed(
    topic: Topic, client: Client, post: Post, nudges, django_capture_on_commit_callbacks
):
    page = client.get(f"/s/{topic.key}").content.decode()
    assert "I want news by e-mail." in page
    assert "checked" not in page

    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_up(client, topic, " Ann@Example.com ")
    assert "Look into your mailbox" in answer.content.decode()
    assert "campaigns.tasks.post_requested" in nudges
    assert standing(topic) == consent.Standing(False, "double_opt_in_pending")
    assert not Profile.objects.exists()

    [letter] = post()
    assert (letter["To"], letter["Subject"]) == (ANN, "Please confirm: News")
    assert letter["List-Unsubscribe"] is None
    link = link_in(letter)

    for _ in range(3):
        assert "Shall" in client.get(link).content.decode()
        client.head(link)
    assert standing(topic) == consent.Standing(False, "double_opt_in_pending")

    assert "You are signed up" in client.post(link).content.decode()
    assert standing(topic).is_allowed
    assert Identifier.objects.get(value=ANN).verified_at is not None
    proof = Consent.objects.get(topic=topic.key, method="double_opt_in").proof
    assert (proof["text_version"], proof["ip"]) == ("news/1", "127.0.0.1")
    assert proof["asked"] == Consent.objects.get(topic=topic.key, status="pending").pk


def test_pressing_twice_is_pressing_once(topic: Topic, client: Client, post: Post):
    sign_up(client, topic)
    link = link_in(post()[0])

    client.post(link)
    entries = Consent.objects.count()
    assert "You are signed up" in client.post(link).content.decode()
    assert "You are signed up" in client.get(link).content.decode()
    assert Consent.objects.count() == entries


def test_an_old_link_brings_nobody_back(topic: Topic, client: Client, post: Post, clock: time_machine.Traveller, now):
    sign_up(client, topic)
    link = link_in(post()[0])
    client.post(link)
    clock.shift(60)
    say("withdrawn", now + timedelta(seconds=60))

    assert client.post(link).status_code == 410
    assert not standing(topic).is_allowed


def test_a_link_is_good_for_a_week(topic: Topic, client: Client, post: Post, clock: time_machine.Traveller):
    sign_up(client, topic)
    link = link_in(post()[0])

    clock.shift(timedelta(days=8))
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert standing(topic).reason == "double_opt_in_pending"


def test_a_stranger_learns_nothing_about_an_address(topic: Topic, client: Client, now):
    known = sign_up(client, topic, "new@example.com").content.decode().replace("new@example.com", "X")

    for status in ("granted", "withdrawn"):
        say(status, now)
        assert sign_up(client, topic).content.decode().replace(ANN, "X") == known
    consent.suppress(channel="email", address=ANN, reason="complained", now=now)
    assert sign_up(client, topic).content.decode().replace(ANN, "X") == known
    # Enough letters for this hour: the answer is the same.
    assert sign_up(client, topic).content.decode().replace(ANN, "X") == known
    assert RequestedLetter.objects.filter(address=ANN).count() == filing.MOST_TO_ADDRESS_PER_HOUR


def test_a_stranger_takes_nothing_away_and_lifts_nothing(topic: Topic, client: Client, now):
    say("granted", now)
    say("granted", now, topic.key)
    sign_up(client, topic)
    assert standing(topic).is_allowed

    say("withdrawn", now, topic.key)
    sign_up(client, topic)
    assert standing(topic) == consent.Standing(False, "topic_unsubscribed")


def test_without_double_opt_in_only_who_never_left_is_signed_up_at_once(topic: Topic, client: Client, post: Post, now):
    Topic.objects.update(needs_confirmation=False)

    sign_up(client, topic)
    assert standing(topic).is_allowed
    assert Profile.objects.count() == 1
    assert post() == []

    say("withdrawn", now)
    sign_up(client, topic)
    assert standing(topic).reason == "channel_not_permitted"
    client.post(link_in(post()[0]))
    assert not standing(topic).is_allowed  # at the same moment the withdrawal weighs more


def test_who_left_long_ago_comes_back_by_confirming(topic: Topic, client: Client, post: Post, now):
    say("withdrawn", now - timedelta(days=30))
    sign_up(client, topic)

    client.post(link_in(post()[0]))

    assert standing(topic).is_allowed


def test_a_blocked_address_gets_no_letter(topic: Topic, client: Client, post: Post, now):
    consent.suppress(channel="email", address=ANN, reason="complained", now=now)
    sign_up(client, topic)

    assert post() == []
    letter = RequestedLetter.objects.get()
    assert (letter.state, letter.reason) == ("suppressed", "complained")


def test_the_emergency_stop_holds_letters_and_lets_them_go_later(topic: Topic, client: Client, post: Post, now):
    sign_up(client, topic)
    Policy.objects.update_or_create(id=1, defaults={"stopped_at": now})
    assert post() == []

    Policy.objects.update(stopped_at=None)
    RequestedLetter.objects.update(due_at=now)
    assert len(post()) == 1
    assert RequestedLetter.objects.get().attempts == 1


def test_a_letter_is_posted_again_when_the_poster_died(topic: Topic, client: Client, post: Post, now):
    sign_up(client, topic)
    RequestedLetter.objects.update(lease_until=now - timedelta(seconds=1), attempts=1)

    assert len(post()) == 1
    assert len(post()) == 1


def test_a_flood_from_one_place_is_refused(topic: Topic, client: Client, monkeypatch):
    monkeypatch.setattr(filing, "MOST_FROM_PLACE_PER_HOUR", 2)

    codes = [sign_up(client, topic, f"p{number}@example.com").status_code for number in range(3)]

    assert codes == [200, 200, 429]
    assert RequestedLetter.objects.count() == 2


@pytest.mark.parametrize(
    "data", [{"email": "no address", "agrees": "on"}, {"email": ANN}, {}, {"email": "a\0@x.com", "agrees": "1"}]
)
def test_what_is_missing_is_said_at_the_field(topic: Topic, client: Client, data):
    answer = client.post(f"/s/{topic.key}", data)

    assert answer.status_code == 422
    assert "public-error" in answer.content.decode()
    assert not Consent.objects.exists()


def test_a_robot_that_fills_in_everything_is_not_signed_up(topic: Topic, client: Client):
    assert sign_up(client, topic, website="https://spam.example").status_code == 200
    assert not Consent.objects.exists()


def test_the_pages_set_no_cookie_and_are_kept_by_nobody(topic: Topic, client: Client, post: Post):
    answers = [client.get(f"/s/{topic.key}"), sign_up(client, topic)]
    answers.append(client.get(link_in(post()[0])))

    for answer in answers:
        assert not answer.cookies
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]


def test_a_topic_without_a_page_has_none(topic: Topic, client: Client):
    Topic.objects.update(has_form=False)
    assert client.get(f"/s/{topic.key}").status_code == 404


def test_a_made_up_link_confirms_nothing(topic: Topic, client: Client):
    sign_up(client, topic)
    entry = Consent.objects.get(topic=topic.key)
    other_kind = links.sign(kind=Kind.UNSUBSCRIBE, place=Place(entry.pk))

    assert client.post(f"/confirm/{other_kind}").status_code == 404
    assert client.post("/confirm/x").status_code == 404
    assert standing(topic).reason == "double_opt_in_pending"


def test_the_text_that_was_read_is_kept(topic: Topic, client: Client, now):
    sign_up(client, topic)
    topics.save(topic=topic, text="Other words.", by=None, now=now)
    sign_up(client, topic)

    versions = [entry.proof["text_version"] for entry in Consent.objects.filter(topic=topic.key).order_by("pk")]
    assert versions == ["news/1", "news/2"]
    assert ConsentText.objects.get(version=1).text == "I want news by e-mail."


def test_who_was_erased_is_not_kept_by_what_a_stranger_types(topic: Topic, client: Client, post: Post, now):
    known = sign_up(client, topic, "new@example.com").content.decode().replace("new@example.com", "X")
    RequestedLetter.objects.all().delete()
    erasure = Erasure.objects.create(profile_ids=[1], by_label="Olga", begun_at=now, backups_expire_date=now.date())
    tombstones.bury(keys=[("email", ANN)], addresses=[("email", ANN)], suppressed={}, erasure=erasure, now=now)

    for needs in (True, False):
        Topic.objects.update(needs_confirmation=needs)
        answer = sign_up(client, topic)
        assert answer.status_code == 200
        if needs:
            assert answer.content.decode().replace(ANN, "X") == known

    assert not Consent.objects.filter(address=ANN).exists()
    assert not RequestedLetter.objects.exists()
    assert not Profile.objects.exists()
