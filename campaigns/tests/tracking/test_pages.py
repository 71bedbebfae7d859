"""What readers see and what programs cannot do: through the addresses, as they stand in a letter."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Delivery, Link, Outcome
from campaigns.tracking import links
from campaigns.tracking.links import TRAP_POSITION, Kind, Place
from profiles import consent
from profiles.models import Consent, ConsentState, Event

pytestmark = pytest.mark.usefixtures("later")
FIREFOX = {"headers": {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}}


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def click_path(letter: Delivery, position: int = 0) -> str:
    return path(links.click_url(Place(letter.pk, position)))


def leave_path(letter: Delivery) -> str:
    return path(links.unsubscribe_url(Place(letter.pk)))


def allowed(letter: Delivery, topic: str = "news") -> bool:
    return consent.standings(channel="email", addresses=[letter.address], topic=topic)[letter.address].is_allowed


def test_a_click_leads_on_and_is_counted(letter: Delivery, client: Client):
    answer = client.get(click_path(letter), **FIREFOX)

    assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/new?who=0")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    letter.refresh_from_db()
    assert letter.clicked_at is not None
    assert letter.opened_at == letter.clicked_at
    names = set(Event.objects.filter(profile_id=letter.profile_id).values_list("name__name", flat=True))
    assert {"Message clicked", "Message opened"} <= names


def test_the_same_click_again_is_an_outcome_but_no_event(letter: Delivery, client: Client):
    for _ in range(3):
        client.get(click_path(letter), **FIREFOX)

    assert Outcome.objects.filter(kind="clicked").count() == 3
    assert Event.objects.filter(name__name="Message clicked").count() == 1


def test_a_click_still_leads_on_when_it_cannot_be_written(letter: Delivery, client: Client, monkeypatch):
    from campaigns.tracking import record

    def broken(**kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(record, "record", broken)

    assert client.get(click_path(letter), **FIREFOX)["Location"] == "https://shop.example/new?who=0"
    assert client.get(path(links.open_url(Place(letter.pk))), **FIREFOX).status_code == 200


def test_an_address_that_we_did_not_make_leads_nowhere(letter: Delivery, client: Client):
    good = click_path(letter)

    for bad in (
        good[:-1],
        good + "x",
        good.replace("/c/", "/c/x"),
        click_path(letter, 55),
        "/t/c/",
        good.replace("/t/c/", "/u/"),
    ):
        assert client.get(bad, **FIREFOX).status_code == 404
    assert client.get(good + "?u=https://evil.example", **FIREFOX)["Location"] == "https://shop.example/new?who=0"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example",
        "/\\evil.example",
        "https:evil",
        "data:text/html,x",
        "https://a b",
        "https://a\r\nX: y",
    ],
)
def test_only_web_addresses_are_led_to(letter: Delivery, client: Client, url: str):
    Link.objects.update(url=url)

    assert client.get(click_path(letter), **FIREFOX).status_code == 404


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0 (compatible; Barracuda Sentinel)", "scanner"),
        ("python-requests/2.32", "robot"),
        ("Slackbot-LinkExpanding 1.0", "robot"),
        ("", "no_user_agent"),
    ],
)
def test_programs_are_told_from_people(letter: Delivery, client: Client, agent: str, reason: str):
    assert client.get(click_path(letter), headers={"User-Agent": agent}).status_code == 302

    assert Outcome.objects.get().machine_reason == reason
    letter.refresh_from_db()
    assert letter.clicked_at is None


def test_a_head_request_changes_no_count(letter: Delivery, client: Client):
    assert client.head(click_path(letter), **FIREFOX).status_code == 302

    assert Outcome.objects.get().machine_reason == "head_request"


def test_a_click_that_comes_with_the_letter_is_a_scanners(letter: Delivery, client: Client, later):
    later.move_to(letter.settled_at)

    client.get(click_path(letter), **FIREFOX)

    assert Outcome.objects.get().machine_reason == "too_soon"


def test_whoever_steps_into_the_trap_is_a_program_for_a_while(letter: Delivery, client: Client, later):
    assert client.get(click_path(letter, TRAP_POSITION), **FIREFOX).status_code == 404
    client.get(click_path(letter), **FIREFOX)
    later.shift(3600)
    client.get(click_path(letter), **FIREFOX)

    assert list(Outcome.objects.order_by("pk").values_list("machine_reason", flat=True)) == ["trap", "trap", ""]


def test_the_pixel_is_a_picture_and_apples_proxy_no_reader(letter: Delivery, client: Client):
    pixel = path(links.open_url(Place(letter.pk)))

    first = client.get(pixel, headers={"User-Agent": "Mozilla/5.0"})
    assert first["Content-Type"] == "image/gif"
    assert first.content.startswith(b"GIF89a")
    letter.refresh_from_db()
    assert letter.opened_at is None

    client.get(
        pixel, headers={"User-Agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}
    )
    letter.refresh_from_db()
    assert letter.opened_at is not None


def test_what_was_unclear_and_came_back_was_sent(letter: Delivery, client: Client):
    Delivery.objects.update(state="unknown", reason="ambiguous_unknown")

    client.get(click_path(letter), **FIREFOX)

    letter.refresh_from_db()
    assert (letter.state, letter.reason) == ("sent", "")


def test_looking_at_the_page_changes_nothing(letter: Delivery, client: Client):
    before = (Consent.objects.count(), ConsentState.objects.count(), Outcome.objects.count(), Event.objects.count())

    for _ in range(20):
        page = client.get(leave_path(letter), **FIREFOX)
        assert client.head(leave_path(letter)).status_code == 200

    assert page.status_code == 200
    assert "News &amp; offers" in page.content.decode()
    assert letter.address not in page.content.decode()
    assert not page.cookies
    assert (Consent.objects.count(), ConsentState.objects.count(), Outcome.objects.count(), Event.objects.count()) == before
    assert allowed(letter)


def test_one_click_works_without_cookie_and_form(letter: Delivery, nudges):
    answer = Client(enforce_csrf_checks=True).post(leave_path(letter), {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert not allowed(letter)
    letter.refresh_from_db()
    assert letter.unsubscribed_at is not None
    entry = Consent.objects.latest("pk")
    assert (entry.method, entry.topic, entry.proof["delivery"]) == ("one_click", "news", letter.pk)
    assert Event.objects.filter(name__name="Unsubscribed").count() == 1
    assert nudges == []


def test_one_click_may_come_as_a_form_with_parts_and_twice(letter: Delivery):
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
        assert client.post(leave_path(letter), body, content_type="multipart/form-data; boundary=x").status_code == 200

    assert Event.objects.filter(name__name="Unsubscribed").count() == 1


def test_a_post_that_asks_for_nothing_does_nothing(letter: Delivery, client: Client):
    for data in ({}, {"List-Unsubscribe": "x"}, {"leave": "x"}):
        assert client.post(leave_path(letter), data).status_code == 400

    assert allowed(letter)


def test_a_reader_may_leave_everything_and_come_back(letter: Delivery, client: Client, later):
    page = client.post(leave_path(letter), {"leave": "topic"}).content.decode()
    assert "everything" in page
    assert not allowed(letter)
    assert allowed(letter, topic="")

    client.post(leave_path(letter), {"leave": "everything"})
    assert not allowed(letter, topic="")

    later.shift(5)
    client.post(leave_path(letter), {"leave": "undo"})
    assert allowed(letter)


def test_a_forged_address_takes_nobody_off(letter: Delivery, client: Client):
    for token in (links.sign(kind=Kind.CLICK, place=Place(letter.pk)), leave_path(letter)[3:-1] + "A"):
        assert client.post(f"/u/{token}", {"List-Unsubscribe": "One-Click"}).status_code in (404,)

    assert allowed(letter)


def test_it_speaks_the_readers_language(letter: Delivery, client: Client, settings):
    from profiles.models import Profile

    settings.LANGUAGES = [("en", "English"), ("ru", "Русский")]
    Profile.objects.filter(pk=letter.profile_id).update(attributes={"language": "ru"})

    assert 'lang="ru"' in client.get(leave_path(letter)).content.decode()
