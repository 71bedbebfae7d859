from __future__ import annotations

import pytest
from django.test import Client

from campaigns import starters
from campaigns.models import Template, TrialSend
from campaigns.providers import sandbox
from campaigns.tests.delivery.office import BODY, Office

HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def template(db: None) -> Template:
    return Template.objects.create(name="News", subject="Hi {{ person.first_name | default: 'you' }}", body=BODY)


@pytest.fixture
def max_(client_of, marketer) -> Client:
    return client_of(marketer)


def words(template: Template, **changed: str) -> dict[str, str]:
    fields = ("name", "subject", "preheader", "markup", "body")
    stamp = template.updated_at.isoformat()
    return {**{name: getattr(template, name) for name in fields}, "stamp": stamp, **changed}


@pytest.mark.parametrize("starter", starters.STARTERS, ids=lambda starter: starter.key)
def test_every_starter_opens_in_the_editor_without_a_fault_in_its_body(max_: Client, starter):
    answer = max_.post("/templates/new/", {"name": "Mine", "starter": starter.key}, follow=True)

    assert answer.status_code == 200
    pane = answer.context["pane"]
    assert pane.preview is not None
    assert not [check for check in pane.checks if check.is_fault and check.where == "body"]


def test_what_is_typed_is_saved_and_shown(max_: Client, template: Template):
    answer = max_.post(f"/templates/{template.pk}/save/", words(template, subject="New words"), **HTMX)

    assert answer.status_code == 200
    assert "New words" in answer.content.decode()
    template.refresh_from_db()
    assert template.subject == "New words"
    assert template.updated_at.isoformat() in answer.content.decode()


def test_half_finished_words_are_saved_and_say_what_is_wrong(max_: Client, template: Template):
    body = "<mjml>\n<mj-body>\n{% if person.vip %}\n</mj-body></mjml>"

    page = max_.post(f"/templates/{template.pk}/save/", words(template, body=body), **HTMX).content.decode()

    template.refresh_from_db()
    assert template.body == body
    assert "check-fault" in page


def test_the_later_of_two_editors_learns_of_the_earlier(max_: Client, template: Template):
    mine = words(template, subject="Mine")
    max_.post(f"/templates/{template.pk}/save/", words(template, subject="Theirs"), **HTMX)

    assert max_.post(f"/templates/{template.pk}/save/", mine, **HTMX).status_code == 409
    assert max_.post(f"/templates/{template.pk}/save/", {**mine, "stamp": "x"}, **HTMX).status_code == 409
    template.refresh_from_db()
    assert template.subject == "Theirs"


def test_the_letter_is_shown_as_a_person_gets_it(max_: Client, template: Template, post: Office):
    [person] = post.people(1, attributes={"first_name": "<b>Anna</b>"})

    frame = max_.get(f"/templates/{template.pk}/frame/?person={person.pk}")

    assert "Hello &lt;b&gt;Anna&lt;/b&gt;" in frame.content.decode()
    assert "sandbox" in frame["Content-Security-Policy"]
    assert "script-src" not in frame["Content-Security-Policy"]
    assert "default-src 'none'" in frame["Content-Security-Policy"]
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    pane = max_.get(f"/templates/{template.pk}/preview/?person={person.pk}&width=text&dark=1", **HTMX).content.decode()
    assert "letter-text" in pane
    for nonsense in ("?person=abc", "?person=99999999999999999999", "?width=x&dark=y"):
        assert max_.get(f"/templates/{template.pk}/preview/{nonsense}", **HTMX).status_code == 200


def test_a_trial_goes_out_and_counts_nowhere(max_: Client, template: Template, post: Office):
    data = {"address": "max@omni.test", "sender": post.content.sender_id}

    assert max_.post(f"/templates/{template.pk}/trial/", data, **HTMX).status_code == 200

    [(_, address, _)] = sandbox.taken(post.account.settings)
    assert address == "max@omni.test"
    trial = TrialSend.objects.get()
    assert (trial.result, trial.subject, str(trial.by)) == ("sent", "Hi you", "Max Marketer")


def test_a_trial_that_fails_says_why(max_: Client, template: Template, post: Office):
    post.account.provider, post.account.settings = "smtp", {"host": "127.0.0.1", "port": 9, "security": "none"}
    post.account.save()

    max_.post(f"/templates/{template.pk}/trial/", {"address": "max@omni.test", "sender": post.content.sender_id}, **HTMX)

    trial = TrialSend.objects.get()
    assert trial.result == "failed"
    assert "127.0.0.1:9" in trial.detail


def test_templates_are_copied_put_away_and_brought_back(max_: Client, template: Template):
    max_.post(f"/templates/{template.pk}/duplicate/")
    copy = Template.objects.latest("pk")
    assert (copy.name, copy.body, copy.pk == template.pk) == ("Copy of News", template.body, False)

    max_.post(f"/templates/{template.pk}/archive/")
    assert template.name not in [row.name for row in max_.get("/templates/").context["page"].items]
    max_.post(f"/templates/{template.pk}/restore/")
    assert template.name in [row.name for row in max_.get("/templates/").context["page"].items]


def test_who_may_only_read_changes_nothing(client_of, analyst, template: Template):
    ana = client_of(analyst)

    assert ana.get(f"/templates/{template.pk}/").status_code == 200
    for action in ("save", "trial", "duplicate", "archive", "restore"):
        assert ana.post(f"/templates/{template.pk}/{action}/", words(template)).status_code == 403


def test_the_list_costs_the_same_for_many(max_: Client, django_assert_max_num_queries):
    Template.objects.bulk_create(Template(name=f"T{n}", body="x") for n in range(60))

    with django_assert_max_num_queries(8):
        assert len(max_.get("/templates/").context["page"].items) == 50
