"""Can an operator look at everything of a campaign, and change nothing?"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from campaigns import engine
from campaigns.models import Campaign
from campaigns.tests import stage

pytestmark = pytest.mark.django_db
OURS = [model for model in admin.site._registry if model._meta.app_label == "campaigns"]


@pytest.fixture
def client(client_of, owner):
    owner.is_superuser = True
    owner.save()
    return client_of(owner)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_it_lists_every_kind_of_row_and_adds_none(client, model, now):
    stage.sender()
    segment = stage.segment(stage.people(2, now), now)
    draft = stage.journey({"source": "segment", "segment": segment.pk}, ("message", stage.message(stage.template())))
    stage.launched(draft, now)
    engine.fire_due(now=now)
    engine.advance(now=now)

    name = f"admin:campaigns_{model._meta.model_name}"
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    assert client.get(reverse(f"{name}_add")).status_code == 403


def test_it_shows_a_campaign_without_letting_it_be_changed(client, now):
    campaign = stage.launched(stage.journey({"source": "event", "event": "x"}, ("wait", stage.wait())), now)
    at = reverse("admin:campaigns_campaign_change", args=[campaign.pk])

    assert client.get(at).status_code == 200
    assert client.post(at, {"name": "Changed"}).status_code == 403
    assert Campaign.objects.get().name == "Autumn"
