"""Can a program write templates, try them out, and see what became of messages?"""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns import delivery
from campaigns.models import Delivery, Template
from campaigns.providers import sandbox
from campaigns.tests.api.test_campaigns import program
from campaigns.tests.delivery.office import BODY, open_office, standing_clock
from omni.roles import Right

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_sandbox(settings, tmp_path: Path):
    settings.VAR = tmp_path


@pytest.fixture
def api(marketer):
    return program(marketer, Right.VIEW, Right.EDIT_CAMPAIGNS)


def test_it_writes_checks_and_shows_a_template(api):
    made = api.post(
        "/api/v1/templates/", {"name": "By program", "subject": "Hi {{ first_name }}", "markup": "mjml", "body": BODY}
    )
    assert made.status_code == 201
    at = f"/api/v1/templates/{made.data['id']}/"

    assert api.patch(at, {"preheader": "New"}).data["preheader"] == "New"
    assert not [row for row in api.get(f"{at}checks/").data if row["is_fault"]]
    assert "Hello friend" in api.get(f"{at}preview/").data["html"]
    assert api.get(f"{at}preview/?person=7").status_code == 400
    assert api.delete(at).status_code == 204
    assert [row["id"] for row in api.get("/api/v1/templates/?archived=true").data["results"]] == [made.data["id"]]


def test_broken_words_are_told_not_raised(api):
    template = Template.objects.create(name="x", subject="x", body="<mjml>{% if %}</mjml>")

    assert api.get(f"/api/v1/templates/{template.pk}/checks/").data[0]["is_fault"]
    assert api.get(f"/api/v1/templates/{template.pk}/preview/").status_code == 400


def test_a_trial_goes_out(api, now):
    post = open_office(now)
    template = Template.objects.create(name="x", subject="Hi", body=BODY)

    answer = api.post(f"/api/v1/templates/{template.pk}/trial/", {"address": "a@omni.test", "sender": post.content.sender_id})

    assert (answer.status_code, answer.data["result"]) == (200, "sent")
    assert len(sandbox.taken(post.account.settings)) == 1


def test_messages_are_listed_with_their_reasons(api, now, django_assert_max_num_queries):
    post = open_office(now)
    post.order([*post.people(2), *post.people(1, consented=False)])
    delivery.drain(lane="email", clock=standing_clock(now))

    with django_assert_max_num_queries(8):
        rows = api.get("/api/v1/messages/?state=suppressed&state=sent").data["results"]
    assert sorted(row["why"] for row in rows) == ["", "", "Never opted in"]
    one = Delivery.objects.filter(state="sent").first()
    assert api.get(f"/api/v1/messages/{one.pk}/").data["outcomes"] == []
    assert len(api.get(f"/api/v1/messages/?profile_id={one.profile_id}").data["results"]) == 1


def test_a_program_that_may_only_read_writes_nothing(marketer):
    reader = program(marketer, Right.VIEW)

    assert reader.get("/api/v1/senders/").status_code == 200
    assert reader.post("/api/v1/templates/", {"name": "x"}).status_code == 403
