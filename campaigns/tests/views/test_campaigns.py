"""Are campaigns listed, made, started and ended by those who may?"""

from __future__ import annotations

import pytest
from django.urls import reverse

from campaigns import engine, versions
from campaigns.models import Campaign, Enrolment
from campaigns.tests import stage
from omni.models import AuditEntry

pytestmark = pytest.mark.django_db


def page(campaign, name="detail"):
    return reverse(f"campaigns:campaign-{name}", args=[campaign.pk])


@pytest.fixture
def members(now):
    return stage.people(6, now)


@pytest.fixture
def sound(now, members):
    """A draft that may be published: everyone in a segment gets a letter."""
    stage.sender()
    entry = {"source": "segment", "segment": stage.segment(members, now).pk}
    return stage.campaign(stage.journey(entry, ("message", stage.message(stage.template()))), now)


def test_it_lists_filters_and_orders(client_of, analyst, now, sound):
    other = stage.launched(sound.draft, now, name="Birthday")
    client = client_of(analyst)

    assert [s.campaign.name for s, _ in client.get("/campaigns/").context["rows"]] == ["Birthday", "Autumn"]
    assert [s.campaign.name for s, _ in client.get("/campaigns/?state=live").context["rows"]] == [other.name]
    assert [s.campaign.name for s, _ in client.get("/campaigns/?q=aut").context["rows"]] == ["Autumn"]
    assert [s.campaign.name for s, _ in client.get("/campaigns/?sort=name").context["rows"]] == ["Autumn", "Birthday"]
    assert "No campaign matches" in client.get("/campaigns/?q=zzz").content.decode()


def test_it_costs_the_same_for_any_number_of_campaigns(client_of, analyst, now, sound, django_assert_max_num_queries):
    for number in range(12):
        stage.campaign(sound.draft, now, name=f"Number {number}")
    client = client_of(analyst)
    client.get("/campaigns/")

    with django_assert_max_num_queries(8):
        assert client.get("/campaigns/").status_code == 200


def test_it_teaches_when_there_is_none(client_of, marketer):
    assert "Make the first campaign" in client_of(marketer).get("/campaigns/").content.decode()


@pytest.mark.parametrize("recipe", ["newsletter", "welcome", "win_back", "blank"])
def test_it_begins_with_a_recipe(client_of, marketer, recipe):
    response = client_of(marketer).post("/campaigns/new/", {"name": "Mine", "recipe": recipe})

    campaign = Campaign.objects.get()
    assert response.url == page(campaign)
    assert client_of(marketer).get(response.url).status_code == 200
    assert AuditEntry.objects.get().action == "campaign.create"


def test_it_asks_for_a_name(client_of, marketer):
    response = client_of(marketer).post("/campaigns/new/", {"name": " ", "recipe": "welcome"})

    assert response.status_code == 422
    assert response.context["chosen"].key == "welcome"
    assert not Campaign.objects.exists()


def test_it_says_what_publishing_will_do_and_does_it(client_of, marketer, sound, nudges, django_capture_on_commit_callbacks):
    client = client_of(marketer)

    dialog = client.get(page(sound, "publish"))
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(page(sound, "publish"))

    assert dialog.context["expected"].audience == 6
    assert response.url == page(sound)
    sound.refresh_from_db()
    assert (sound.state, sound.current_version.number) == ("live", 1)
    assert "campaigns.tasks.fire_due" in nudges
    assert AuditEntry.objects.filter(action="campaign.publish", actor=marketer).exists()


def test_it_asks_for_the_number_of_people_when_it_is_large(client_of, marketer, now):
    stage.sender()
    segment = stage.segment(stage.people(120, now), now)
    draft = stage.journey({"source": "segment", "segment": segment.pk}, ("message", stage.message(stage.template())))
    campaign = stage.campaign(draft, now)
    client = client_of(marketer)

    for typed in ("", "12", "1200"):
        assert "not the number" in client.post(page(campaign, "publish"), {"typed": typed}).content.decode()
    assert Campaign.objects.get().state == "draft"
    assert client.post(page(campaign, "publish"), {"typed": "120"}).url == page(campaign)
    assert Campaign.objects.get().state == "live"


def test_it_does_not_publish_what_is_not_sound(client_of, marketer, now):
    campaign = stage.campaign(stage.journey({"source": "segment", "segment": None}, ("message", {})), now)

    response = client_of(marketer).post(page(campaign, "publish"))

    assert "Choose a segment." in response.content.decode()
    assert Campaign.objects.get().state == "draft"


def test_it_pauses_goes_on_and_stops(client_of, marketer, sound, now):
    client = client_of(marketer)
    client.post(page(sound, "publish"))
    engine.fire_due(now=now.replace(year=2027))
    assert Enrolment.objects.count() == 0, "a start that is a year late is missed"

    assert client.post(page(sound, "pause")).url == page(sound)
    assert Campaign.objects.get().state == "paused"
    client.post(page(sound, "resume"))
    assert Campaign.objects.get().state == "live"
    client.post(page(sound, "stop"))
    assert Campaign.objects.get().state == "stopped"
    client.post(page(sound, "resume"))
    assert Campaign.objects.get().state == "stopped"
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "campaign.create", "campaign.publish", "campaign.pause", "campaign.resume", "campaign.stop"
    ]  # fmt: skip


def test_it_duplicates_with_a_salt_of_its_own(client_of, marketer, sound):
    client_of(marketer).post(page(sound, "duplicate"))

    copied = Campaign.objects.exclude(pk=sound.pk).get()
    assert copied.draft == sound.draft
    assert (copied.state, copied.salt != sound.salt) == ("draft", True)


def test_it_deletes_only_what_never_ran(client_of, marketer, sound, now):
    ran = stage.launched(sound.draft, now)
    client = client_of(marketer)

    client.post(page(sound, "delete"))
    client.post(page(ran, "delete"))

    assert list(Campaign.objects.all()) == [ran]


@pytest.mark.parametrize("role", ["analyst", "support"])
def test_it_lets_readers_look_but_not_touch(client_of, request, role, sound):
    client = client_of(request.getfixturevalue(role))

    assert client.get(page(sound)).status_code == 200
    assert "Publish" not in client.get(page(sound)).content.decode()
    for name in ("publish", "pause", "resume", "stop", "duplicate", "delete"):
        assert client.post(page(sound, name)).status_code == 403
    assert client.post("/campaigns/new/", {"name": "x"}).status_code == 403


def test_it_asks_strangers_to_sign_in(client, sound):
    assert client.get(page(sound)).status_code == 302


def test_it_counts_a_new_goal_in_the_past_too(client_of, marketer, sound, now, members, clock):
    versions.publish(campaign=sound, by=None, now=now)
    engine.fire_due(now=now)
    stage.event("Order completed", members[0], now)

    client_of(marketer).post(
        reverse("campaigns:campaign-configure", args=[sound.pk]),
        {"name": "New name", "control_percent": 10, "goal_event": "Order completed", "goal_days": 3},
    )

    assert list(Enrolment.objects.filter(converted_at=now).values_list("profile_id", flat=True)) == [members[0].pk]
    assert Campaign.objects.get().name == "New name"
