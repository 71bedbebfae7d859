"""What does a message refuse, and what is pinned when it is published?"""

from __future__ import annotations

import pytest

from campaigns import graph
from campaigns.models import Content, Sender, Template
from campaigns.steps import STEPS
from campaigns.tests import stage

pytestmark = pytest.mark.django_db
STEP = STEPS["message"]


def scene():
    return graph.scene(graph.blank(), "entry")


def row(name="A", template=None, share=50):
    return {"name": name, "template": template.pk if template else None, "share": share}


def test_it_finds_what_is_missing():
    stage.sender()
    good = stage.template()

    def faults(*rows, **more):
        return STEP.faults({"variants": list(rows), **more}, scene())

    assert faults() == ["Choose a template."]
    assert faults(row()) == ["Choose a template."]
    assert faults(row("A", good), row("B")) == ["Choose a template for variant B."]
    assert faults(row("A", good, 0), row("B", good, 0)) == ["Give at least one variant a share above 0."]
    assert faults(row("A", good), row("A", good)) == ["Two variants have the same letter."]
    assert faults(row("A", good), sender=10**6) == ["The sender is not there any more. Choose another one."]
    assert faults(row("A", good)) == []
    assert STEP.faults({"variants": "x", "sender": "y"}, scene())


def test_it_needs_a_sender():
    good = stage.template()

    assert STEP.faults({"variants": [row("A", good)]}, scene()) == ["Add a sender in the settings first."]
    stage.sender()
    Sender.objects.update(is_default=False)
    assert STEP.faults({"variants": [row("A", good)]}, scene()) == ["Choose a sender."]


def test_it_tells_the_faults_of_a_template():
    stage.sender()
    broken = Template.objects.create(name="Broken", subject="", body=stage.BODY)

    assert STEP.faults({"variants": [row("A", broken)]}, scene()) == ["“Broken”: The subject is missing."]


def test_it_says_what_it_sends():
    one, two = stage.template("One"), stage.template("Two")

    assert STEP.describe({"variants": [row("A", one)]}, scene()) == "Send “One”"
    assert STEP.describe({"variants": [row("A", one), row("B", two)]}, scene()) == "Send one of 2 letters"
    assert [(n.mark, n.text, n.share) for n in STEP.notes({"variants": [row("A", one, 30), row("B", None, 10)]}, scene())] == [
        ("A", "One", 75),
        ("B", "no template yet", 25),
    ]


def test_publishing_pins_what_is_said(now):
    stage.sender()
    one = stage.template("One")
    draft = stage.journey({"source": "event", "event": "x"}, ("message", {"variants": [row("A", one, 30), row("B", one, 0)]}))

    campaign = stage.launched(draft, now)
    Template.objects.update(subject="Changed later")

    (pinned,) = Content.objects.all()
    assert (pinned.variant, pinned.share, pinned.subject) == ("A", 30, "One, {{ person.first_name }}")
    assert pinned.step.version == campaign.current_version
