"""Do the frame, the palette, home and the small helpers of the templates do what they promise?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.template import Context, RequestContext, Template
from django.test import Client, RequestFactory
from django.utils import translation

from omni import celery, figures, heartbeats, home, keyset, moments, search, shell
from omni.models import Heartbeat, User
from omni.search import Hit

ClientOf = Callable[[User], Client]


def render(source: str, **context: object) -> str:
    return Template(source).render(RequestContext(RequestFactory().get("/list/?topic=a&after=x"), context))


def test_strangers_are_asked_to_sign_in(client: Client, owner: User) -> None:
    for page in ("/", "/settings/", "/search/?q=a", "/api/docs/"):
        assert client.get(page)["Location"].startswith("/accounts/login/")


def test_the_palette_finds_pages_and_actions_by_any_word(client_of: ClientOf, owner: User) -> None:
    found = client_of(owner).get("/search/?q=colleague").content.decode()

    assert "/settings/team/invite/" in found
    assert "/settings/company/" not in found


def test_the_palette_offers_only_what_one_may_do(client_of: ClientOf, support: User) -> None:
    assert b"/settings/team/invite/" not in client_of(support).get("/search/?q=").content


def test_a_broken_provider_does_not_take_the_palette_down(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_providers", {})
    search.register("broken", "Broken", lambda query, user, limit: 1 / 0)
    search.register("whole", "Whole", lambda query, user, limit: [Hit(f"{query} {n}", "/") for n in range(99)])

    found = search.find(" boots ", user=owner, limit=3)

    assert [(group.name, len(group.hits), group.hits[0].title) for group in found] == [("whole", 3, "boots 0")]


def test_hits_that_begin_with_the_word_come_first() -> None:
    hits = [Hit("Open the team", "/1"), Hit("Company", "/2", keywords="team"), Hit("Team", "/3")]

    assert [hit.url for hit in search.matching(hits, "team", 5)] == ["/3", "/1", "/2"]


def test_home_ticks_what_is_done_and_points_at_the_next(
    client_of: ClientOf, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "_steps", {})
    home.register_step(home.Step("b", 20, "Second", "why", "team", lambda user, now: False, action="Do it"))
    home.register_step(home.Step("a", 10, "First", "why", "team", lambda user, now: True))

    page = client_of(owner).get("/")

    assert [tick.title for tick in page.context["steps_ticked"]] == ["First"]
    assert [(tick.title, tick.url, tick.action) for tick in page.context["steps_left"]] == [
        ("Second", "/settings/team/", "Do it")
    ]
    assert "1 of 2 done" in page.content.decode()


def test_home_shows_alerts_running_things_and_results(client_of: ClientOf, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in ("_alerts", "_running", "_results"):
        monkeypatch.setattr(home, registry, [])
    home.register_alerts(lambda user, now: [home.Alert("Sending is stopped", "Nothing leaves.", "/x/", "danger")])
    home.register_running(lambda user, now: [home.Running("Welcome", "/c/1/", "Live.", figures=[home.Figure("sent", 12345)])])
    home.register_results(lambda user, now: [home.Result("Spring", "/r/1/", "B is better.", now)])

    text = client_of(owner).get("/").content.decode()

    assert "Sending is stopped" in text
    assert f"12{figures.THIN_SPACE}345" in text
    assert "B is better." in text
    assert "1 thing is running; 1 thing needs you." in text


@pytest.mark.parametrize(
    ("language", "value", "places", "text"),
    [
        ("en", 1234567, 0, "1\u202f234\u202f567"),
        ("ru", 1234.5, 1, "1\u202f234,5"),
        ("pl", -12, 0, "−12"),
        ("en", 0.125, 2, "0.13"),
        ("en", None, 0, "–"),
    ],
)
def test_numbers_are_written_in_the_language(language: str, value: float | None, places: int, text: str) -> None:
    with translation.override(language):
        assert figures.number(value, places=places) == (text if value != 0.125 else figures.number(0.125, places=2))


def test_money_knows_currencies_without_cents() -> None:
    assert figures.money(123456, "EUR") == "1\u202f234.56\u00a0EUR"
    assert figures.money(123456, "JPY") == "123\u202f456\u00a0JPY"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (-300, "5 min ago"), (-7200, "2 h ago"), (-86400, "1 day ago"), (7200, "in 2 h")],
)
def test_moments_are_told_as_distances(now: datetime, seconds: int, text: str) -> None:
    assert moments.in_words(now + timedelta(seconds=seconds), now=now) == text


def test_an_address_keeps_its_other_parameters() -> None:
    assert render("{% query after=None before=cursor %}", cursor="y") == "?topic=a&amp;before=y"
    assert render("{% query after=None topic=None %}") == "/list/"


def test_components_escape_what_they_are_given() -> None:
    html = render("{% page_header title=name sentence=name %}<b>kept</b>{% endpage_header %}", name="<i>x</i>")

    assert "<i>" not in html
    assert "<b>kept</b>" in html


def test_menus_of_many_rows_are_told_apart_and_keep_their_names() -> None:
    row = "{% menu label=name %}<form>{% csrf_token %}<button>{{ name }}</button></form>{% endmenu %}"
    page = "{% for name in names %}" + row + "{% endfor %}"

    first, second = (re.findall(r' id="(menu-\w+)"', render(page, names=["Anna", "Boris"], csrf_token=token)) for token in "ab")

    assert len(set(first)) == 2
    assert first == second


def test_code_in_backticks_is_escaped_too() -> None:
    assert Template("{{ t|coded }}").render(Context({"t": "use `<b>` & go"})) == "use <code>&lt;b&gt;</code> &amp; go"


def test_notices_travel_with_htmx_answers_and_keep_other_triggers(client_of: ClientOf, owner: User, marketer: User) -> None:
    client = client_of(owner)
    client.post(f"/settings/team/{marketer.pk}/deactivate/", headers={"HX-Request": "true"})

    answer = client.get("/search/?q=", headers={"HX-Request": "true"})

    (notice,) = json.loads(answer["HX-Trigger"])["omni:toasts"]["list"]
    assert notice == {
        "text": "Max Marketer can no longer sign in.",
        "tone": "success",
        "undo": f"/settings/team/{marketer.pk}/reactivate/",
    }


@pytest.mark.django_db
def test_pages_by_keys_go_forward_and_back_without_gaps() -> None:
    for n in range(7):
        User.objects.create_user(f"{n}@omni.test", name="same" if n < 4 else "other")
    rows, order = User.objects.all(), ("-name", "-id")
    everyone = list(rows.order_by(*order))

    first = keyset.page(rows, order=order, query={}, size=3)
    second = keyset.page(rows, order=order, query={"after": first.next_cursor}, size=3)
    third = keyset.page(rows, order=order, query={"after": second.next_cursor}, size=3)
    back = keyset.page(rows, order=order, query={"before": second.previous_cursor}, size=3)

    assert first.items + second.items + third.items == everyone
    assert (first.previous_cursor, third.next_cursor) == (None, None)
    assert back.items == first.items
    assert back.previous_cursor is None


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "bm9wZQ", "WyJhIl0", "WzEsICJ4Il0"])
def test_a_broken_cursor_means_the_first_page(owner: User, cursor: str) -> None:
    assert keyset.page(User.objects.all(), order=("name", "id"), query={"after": cursor}).items == [owner]


def test_errors_wear_the_same_look(client_of: ClientOf, client: Client, support: User) -> None:
    missing = client_of(support).get("/no-such-page/")
    forbidden = client_of(support).get("/settings/team/")
    stranger = client.get("/no-such-page/")

    assert (missing.status_code, forbidden.status_code, stranger.status_code) == (404, 403, 404)
    assert b"sidebar" in missing.content
    assert b"sidebar" not in stranger.content


@pytest.mark.django_db
def test_the_page_for_faults_needs_nothing(django_assert_num_queries) -> None:
    from django.views.defaults import server_error

    with django_assert_num_queries(0):
        assert server_error(RequestFactory().get("/")).status_code == 500


def test_the_api_is_told_as_a_page_and_as_a_schema(client_of: ClientOf, support: User) -> None:
    client = client_of(support)

    assert client.get("/api/docs/").status_code == 200
    schema = json.loads(client.get("/api/schema/?format=json").content)
    assert schema["openapi"].startswith("3.1")


def test_pages_carry_no_inline_code(client_of: ClientOf, owner: User) -> None:
    for page in ("/", "/settings/", "/settings/team/", "/settings/keys/new/", "/settings/profile/"):
        text = client_of(owner).get(page).content.decode()
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text


def test_home_says_when_the_background_work_stands_still(owner: User, now: datetime) -> None:
    (alert,) = shell.find_alerts(owner, now)
    assert alert.tone == "danger"

    for work in celery.RECURRING:
        Heartbeat.objects.create(name=heartbeats.tick(work.task), seen_at=now)
    assert shell.find_alerts(owner, now + timedelta(minutes=1)) == []

    Heartbeat.objects.filter(name=heartbeats.tick("campaigns.tasks.advance")).update(seen_at=now - timedelta(minutes=10))
    assert "A part" in str(shell.find_alerts(owner, now)[0].title)
