"""Can a program do with campaigns what a person can?"""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from campaigns import engine
from campaigns.models import Campaign, Enrolment
from campaigns.tests import stage
from omni.models import ApiKey
from omni.roles import Right
from profiles.models import Topic

pytestmark = pytest.mark.django_db
ALL = [Right.VIEW, Right.EDIT_CAMPAIGNS, Right.SEND]


def program(user, *scopes):
    _key, secret = ApiKey.issue(name="Shop", scopes=list(scopes), by=user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def api(marketer):
    return program(marketer, *ALL)


@pytest.fixture
def draft(now):
    stage.sender()
    segment = stage.segment(stage.people(4, now), now)
    return stage.journey({"source": "segment", "segment": segment.pk}, ("message", stage.message(stage.template())))


def test_it_makes_validates_and_publishes(api, draft):
    Topic.objects.create(key="news", name="News")
    made = api.post("/api/v1/campaigns/", {"name": "By program", "draft": draft, "topic": "news", "control_percent": 5})
    assert (made.status_code, made.data["state"], made.data["topic"]) == (201, "draft", "news")
    at = f"/api/v1/campaigns/{made.data['id']}/"

    assert api.post(f"{at}validate/").data == {"is_sound": True, "faults": []}
    published = api.post(f"{at}publish/")
    assert (published.status_code, published.data["number"]) == (200, 1)
    assert api.post(f"{at}publish/").status_code == 409
    assert api.get(at).data["version"] == 1
    assert [row["number"] for row in api.get(f"{at}versions/").data] == [1]


def test_it_refuses_a_broken_graph_and_names_the_path(api):
    broken = {"version": 1, "entry": "a", "steps": {"a": {"kind": "fly", "params": {}, "next": {}}}}

    answer = api.post("/api/v1/campaigns/", {"name": "x", "draft": broken})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert "/steps/a/kind" in answer.data["errors"][0]["message"]


def test_it_says_why_a_draft_cannot_be_published(api, now):
    campaign = stage.campaign(stage.journey({"source": "segment"}, ("message", {})), now)
    at = f"/api/v1/campaigns/{campaign.pk}/"

    assert [fault["step"] for fault in api.post(f"{at}validate/").data["faults"]] == ["entry", "message_1"]
    assert api.post(f"{at}publish/").status_code == 400


def test_it_changes_a_draft_and_settings(api, draft, now):
    campaign = stage.campaign(draft, now)
    at = f"/api/v1/campaigns/{campaign.pk}/"
    other = stage.journey({"source": "event", "event": "Signed up"}, ("wait", stage.wait()))

    answer = api.patch(at, {"draft": other, "goal_event": "Order completed", "control_percent": 20})

    assert answer.status_code == 200
    assert answer.data["draft"] == other
    changed = Campaign.objects.get()
    assert (changed.goal_event, changed.control_percent, changed.undo) == ("Order completed", 20, [draft])
    assert api.patch(at, {"control_percent": 51}).status_code == 400


def test_it_steers(api, draft, now):
    campaign = stage.launched(draft, now)
    at = f"/api/v1/campaigns/{campaign.pk}/"

    assert api.post(f"{at}pause/").data["state"] == "paused"
    assert api.post(f"{at}pause/").status_code == 409
    assert api.post(f"{at}resume/").data["state"] == "live"
    assert api.post(f"{at}stop/").data["state"] == "stopped"


def test_it_lists_and_filters(api, draft, now):
    stage.campaign(draft, now, name="One")
    stage.launched(draft, now, name="Two")

    assert [row["name"] for row in api.get("/api/v1/campaigns/").data["results"]] == ["Two", "One"]
    assert [row["name"] for row in api.get("/api/v1/campaigns/?state=live").data["results"]] == ["Two"]


def test_it_pages_through_who_came_in(api, draft, now):
    campaign = stage.launched(draft, now)
    engine.fire_due(now=now)
    at = f"/api/v1/campaigns/{campaign.pk}/enrolments/?limit=3"

    first = api.get(at).data
    rest = api.get(first["next"]).data

    people = [row["profile_id"] for row in [*first["results"], *rest["results"]]]
    assert sorted(people) == sorted(Enrolment.objects.values_list("profile_id", flat=True))
    assert first["results"][0]["step"] == "message_1"


def test_it_lets_people_in_once_per_key(api, now):
    members = stage.people(3, now)
    entry = {"source": "event", "event": "Never", "again": "never"}
    campaign = stage.launched(stage.journey(entry, ("wait", stage.wait())), now)
    at = f"/api/v1/campaigns/{campaign.pk}/enrolments/"
    given = {"profile_ids": [p.pk for p in members[:2]] + [10**9], "entry_key": "order:77"}

    assert api.post(at, given).data == {"entered": 2}
    assert api.post(at, given).data == {"entered": 0}
    assert api.post(at, {**given, "entry_key": "no spaces"}).status_code == 400
    campaign.pause(by=None, now=now)
    assert api.post(at, given).status_code == 409


def test_it_needs_the_right_scope(marketer, analyst, draft, now):
    campaign = stage.campaign(draft, now)
    at = f"/api/v1/campaigns/{campaign.pk}/"

    assert APIClient().get("/api/v1/campaigns/").status_code == 401
    assert program(marketer, Right.VIEW).post("/api/v1/campaigns/", {"name": "x"}).status_code == 403
    assert program(marketer, Right.VIEW, Right.EDIT_CAMPAIGNS).post(f"{at}publish/").status_code == 403
    assert program(analyst, *ALL).post(f"{at}publish/").status_code == 403
    assert program(analyst, *ALL).get(at).status_code == 200
