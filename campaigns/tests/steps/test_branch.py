"""What may a branch ask, what does its card say, and what does it refuse?"""

from __future__ import annotations

import json

import pytest
from django.http import QueryDict

from campaigns import graph
from campaigns.graph import Spot
from campaigns.steps import STEPS
from campaigns.tests import stage
from profiles.models import AttributeDef, EventDef

pytestmark = pytest.mark.django_db
STEP = STEPS["branch"]


@pytest.fixture
def drawn(now):
    AttributeDef.objects.create(key="city", type="string", label="City", first_seen_at=now)
    EventDef.objects.create(name="Order completed", first_seen_at=now)
    made = stage.journey({"source": "segment"}, ("message", stage.message(stage.template())), ("branch", {}))
    return graph.insert(made, at=Spot("branch_2", "yes"), key="later", kind="message")


def conditions(value="Sofia"):
    leaf = {"kind": "attribute", "params": {"attribute": "city", "operator": "is", "value": value}}
    return {"version": 1, "root": {"match": "all", "items": [leaf]}}


def test_it_begins_with_the_message_before(drawn):
    assert STEP.fresh(graph.scene(drawn, "branch_2")) == {"ask": "opened", "step": "message_1"}
    assert STEP.fresh(graph.scene(drawn, "entry")) == {"ask": "did", "event": ""}


def test_it_says_what_it_asks(drawn):
    scene = graph.scene(drawn, "branch_2")

    assert STEP.describe({"ask": "opened", "step": "message_1"}, scene) == "Opened “Welcome”?"
    assert STEP.describe({"ask": "clicked", "step": "gone"}, scene) == "Clicked in a message?"
    assert STEP.describe({"ask": "did", "event": "Order completed"}, scene) == "Did “Order completed” since entering?"
    assert "Sofia" in STEP.describe({"ask": "conditions", "definition": conditions()}, scene)
    assert STEP.describe({"ask": "conditions"}, scene) == "Do they match?"


def test_it_asks_only_about_messages_that_come_before(drawn):
    scene = graph.scene(drawn, "branch_2")

    assert STEP.faults({"ask": "opened", "step": "message_1"}, scene) == []
    assert STEP.faults({"ask": "opened", "step": "later"}, scene) == ["Choose a message that comes before this branch."]
    assert STEP.faults({"ask": "did", "event": ""}, scene) == ["Choose what they did."]
    assert STEP.faults({"ask": "conditions", "definition": None}, scene) == ["Add a condition."]
    assert STEP.faults({"ask": "conditions", "definition": conditions()}, scene) == []
    assert STEP.faults({"ask": "conditions", "definition": {"version": 1, "root": {"match": "all", "items": []}}}, scene)
    assert STEP.faults({}, scene) == ["Choose what parts the people."]


def test_it_reads_the_builder(drawn):
    scene = graph.scene(drawn, "branch_2")
    data = QueryDict(mutable=True)
    data.update({"ask": "conditions", "definition": json.dumps(conditions()), "definition:0:value": "Varna"})

    form = STEP.Form(data, params={"ask": "conditions"}, scene=scene)

    assert form.is_valid()
    assert form.to_params()["definition"] == conditions("Varna")
    assert form.builder is not None


def test_it_names_the_segments_it_asks_about(drawn, now):
    segment = stage.segment([], now)
    leaf = {"kind": "membership", "params": {"relation": "in", "segment": segment.pk}}
    definition = {"version": 1, "root": {"match": "any", "items": [leaf]}}

    assert set(STEP.segments({"ask": "conditions", "definition": definition})) == {segment.pk}
    assert set(STEP.segments({"ask": "opened", "step": "x"})) == set()
