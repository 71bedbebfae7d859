"""Can a journey be drawn, edited and taken back on the canvas?"""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from campaigns import graph, versions
from campaigns.graph import Spot
from campaigns.models import Campaign
from campaigns.tests import stage

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def campaign(now):
    stage.sender()
    entry = {"source": "segment", "segment": stage.segment(stage.people(3, now), now).pk}
    return stage.campaign(stage.journey(entry, ("message", stage.message(stage.template())), ("wait", stage.wait())), now)


@pytest.fixture
def client(client_of, marketer):
    return client_of(marketer)


def url(campaign, name, key=None):
    return reverse(f"campaigns:{name}", args=[campaign.pk, *([key] if key else [])])


def order():
    return list(graph.walk(Campaign.objects.get().draft))


def test_it_draws_every_step_with_a_plus_on_every_edge(client, campaign):
    html = client.get(campaign.get_absolute_url()).content.decode()

    for key in ("entry", "message_1", "wait_2"):
        assert f'id="step-{key}"' in html
    assert re.findall(r'data-place="([^"]+)"', html) == ["entry:next", "message_1:next", "wait_2:next"]
    assert "Send “Welcome”" in html
    assert "Wait 2 days" in html


def test_it_answers_an_edit_with_the_journey_alone(client, campaign):
    response = client.get(campaign.get_absolute_url() + "?step=wait_2", headers=HTMX)

    html = response.content.decode()
    assert html.strip().startswith('<div id="journey"')
    assert 'name="amount"' in html


def test_it_adds_a_step_on_an_edge_and_opens_it(client, campaign):
    palette = client.get(campaign.get_absolute_url() + "?add=entry:next", headers=HTMX).context["palette"]
    response = client.post(url(campaign, "step-add"), {"at": "entry:next", "kind": "wait"}, headers=HTMX)

    assert [kind.key for _group, kinds in palette for kind in kinds] == ["message", "wait", "branch"]
    _entry, new, *rest = order()
    assert rest == ["message_1", "wait_2"]
    assert Campaign.objects.get().draft["steps"][new]["params"] == {"mode": "for", "amount": 2, "unit": "days"}
    assert response["HX-Replace-Url"].endswith(f"?step={new}")


def test_it_offers_the_end_only_where_nothing_follows(client, campaign):
    palette = client.get(campaign.get_absolute_url() + "?add=wait_2:next", headers=HTMX).context["palette"]

    assert "exit" in [kind.key for _group, kinds in palette for kind in kinds]


def test_it_keeps_what_the_inspector_holds(client, campaign):
    client.post(url(campaign, "step-edit", "wait_2"), {"mode": "for", "amount": "5", "unit": "hours"}, headers=HTMX)

    assert Campaign.objects.get().draft["steps"]["wait_2"]["params"] == {"mode": "for", "amount": 5, "unit": "hours"}


def test_it_shows_a_fault_at_its_field_and_keeps_nothing(client, campaign):
    response = client.post(url(campaign, "step-edit", "wait_2"), {"mode": "for", "amount": "-1", "unit": "hours"}, headers=HTMX)

    assert response.status_code == 422
    assert 'value="-1"' in response.content.decode()
    assert Campaign.objects.get().draft["steps"]["wait_2"]["params"]["amount"] == 2


def test_it_changes_the_form_with_what_is_chosen(client, campaign):
    response = client.post(url(campaign, "step-edit", "wait_2"), {"mode": "until", "amount": "2", "unit": "days"}, headers=HTMX)

    html = response.content.decode()
    assert 'name="time"' in html
    assert 'name="amount"' not in html
    assert "Choose a time of day." in html


def test_it_adds_and_removes_variants(client, campaign):
    second = stage.template("Second")
    first = Campaign.objects.get().draft["steps"]["message_1"]["params"]["variants"][0]["template"]
    at = url(campaign, "step-edit", "message_1")

    def shown():
        rows = Campaign.objects.get().draft["steps"]["message_1"]["params"]["variants"]
        return [(row["name"], row["template"], row["share"]) for row in rows]

    client.post(at, {"variant": ["A"], "template": [first], "share": ["50"], "add": "B"}, headers=HTMX)
    assert shown() == [("A", first, 50), ("B", None, 50)]
    client.post(at, {"variant": ["A", "B"], "template": [first, second.pk], "share": ["30", "70"]}, headers=HTMX)
    assert shown() == [("A", first, 30), ("B", second.pk, 70)]
    client.post(at, {"variant": ["A", "B"], "template": [first, second.pk], "share": ["30", "70"], "remove": "A"}, headers=HTMX)
    assert shown() == [("B", second.pk, 70)]
    client.post(at, {"variant": ["B"], "template": [second.pk], "share": ["70"], "add": "A"}, headers=HTMX)
    assert [row[0] for row in shown()] == ["B", "A"], "a letter that is free is used again, none is renamed"


def test_it_moves_copies_and_removes(client, campaign):
    client.post(url(campaign, "step-up", "wait_2"), headers=HTMX)
    assert order() == ["entry", "wait_2", "message_1"]
    client.post(url(campaign, "step-down", "wait_2"), headers=HTMX)
    assert order() == ["entry", "message_1", "wait_2"]
    client.post(url(campaign, "step-duplicate", "wait_2"), headers=HTMX)
    assert len(order()) == 4
    client.post(url(campaign, "step-remove", "wait_2"), headers=HTMX)
    assert order()[:2] == ["entry", "message_1"]
    client.post(url(campaign, "step-move", "message_1"), {"at": f"{order()[2]}:next"}, headers=HTMX)
    assert order()[2] == "message_1"


def test_it_undoes_and_redoes(client, campaign):
    before = campaign.draft
    client.post(url(campaign, "step-remove", "wait_2"), headers=HTMX)

    client.post(url(campaign, "draft-undo"), headers=HTMX)
    assert Campaign.objects.get().draft == before
    client.post(url(campaign, "draft-redo"), headers=HTMX)
    assert order() == ["entry", "message_1"]
    client.post(url(campaign, "draft-undo"), headers=HTMX)
    client.post(url(campaign, "step-up", "wait_2"), headers=HTMX)
    assert Campaign.objects.get().redo == []


def test_it_says_what_cannot_be_done(client, campaign):
    response = client.post(url(campaign, "step-remove", "entry"), headers=HTMX)

    assert "stays where it is" in response["HX-Trigger"]
    assert len(order()) == 3


def test_it_works_without_scripts(client, campaign):
    response = client.post(url(campaign, "step-edit", "wait_2"), {"mode": "for", "amount": "5", "unit": "hours"})

    assert response.url == campaign.get_absolute_url() + "?step=wait_2"


def test_it_lists_what_is_not_sound_with_a_way_there(client, campaign, now):
    versions.edit(campaign=campaign, change=lambda d: graph.replace(d, key="message_1", params={}))

    html = client.get(campaign.get_absolute_url() + "?panel=checks", headers=HTMX).content.decode()

    assert "1 thing to settle" in html
    assert 'href="?step=message_1"' in html


def test_it_marks_what_differs_from_what_runs_and_shows_that_too(client, campaign, now):
    versions.publish(campaign=campaign, by=None, now=now)
    versions.edit(campaign=campaign, change=lambda d: graph.replace(d, key="wait_2", params=stage.wait(9)))
    versions.edit(campaign=campaign, change=lambda d: graph.insert(d, at=Spot("wait_2", "next"), key="new", kind="exit"))

    draft = client.get(campaign.get_absolute_url()).content.decode()
    running = client.get(campaign.get_absolute_url() + "?version=1")

    assert "Wait 9 days" in draft
    assert draft.count("step-changed") == draft.count("step-added") == 1
    assert "Wait 2 days" in running.content.decode()
    assert not running.context["may_edit"]
    client.post(reverse("campaigns:version-restore", args=[campaign.pk, 1]), headers=HTMX)
    assert Campaign.objects.get().draft == Campaign.objects.get().current_version.graph


def test_it_shows_people_on_the_cards(client, campaign, now):
    from campaigns import engine

    versions.publish(campaign=campaign, by=None, now=now)
    engine.fire_due(now=now)
    engine.advance(now=now)

    html = client.get(campaign.get_absolute_url()).content.decode()

    assert "<b>3</b> came in" in html
    assert "<b>3</b> here" in html


def test_it_does_not_edit_what_is_over(client, campaign, now):
    versions.publish(campaign=campaign, by=None, now=now)
    Campaign.objects.get().stop(by=None, now=now)

    response = client.post(url(campaign, "step-remove", "wait_2"), headers=HTMX)

    assert "over" in response["HX-Trigger"]
    assert len(order()) == 3


def test_it_costs_the_same_for_any_number_of_steps(client, campaign, now, django_assert_max_num_queries):
    versions.publish(campaign=campaign, by=None, now=now)
    for _ in range(20):
        client.post(url(campaign, "step-duplicate", "message_1"), headers=HTMX)

    with django_assert_max_num_queries(22):
        assert client.get(campaign.get_absolute_url() + "?step=message_1").status_code == 200


def test_it_does_not_let_readers_edit(client_of, analyst, campaign):
    client = client_of(analyst)

    assert client.get(campaign.get_absolute_url() + "?step=wait_2").status_code == 200
    for name in ("step-remove", "step-up", "step-edit"):
        assert client.post(url(campaign, name, "wait_2")).status_code == 403


def test_what_refreshes_itself_asks_for_what_is_shown(client, campaign, now):
    versions.publish(campaign=campaign, by=None, now=now)
    asks = re.compile(r'id="journey"[^>]*hx-get="([^"]+)"')

    looked = client.get(campaign.get_absolute_url() + "?step=wait_2", headers=HTMX)
    edited = client.post(url(campaign, "step-up", "wait_2"), headers=HTMX)
    adding = client.get(campaign.get_absolute_url() + "?add=entry:next", headers=HTMX)

    shown = campaign.get_absolute_url() + "?step=wait_2"
    assert asks.search(looked.content.decode())[1] == asks.search(edited.content.decode())[1] == shown
    assert not asks.search(adding.content.decode()), "the palette stays while one chooses"
