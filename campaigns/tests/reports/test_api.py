from __future__ import annotations

import pytest

from omni.models import ApiKey


@pytest.fixture
def api(client, marketer):
    _, secret = ApiKey.issue(name="BI", scopes=["view"], by=marketer)

    def get(path: str, **query: str):
        return client.get(f"/api/v1/campaigns/{path}", query, headers={"Authorization": f"Bearer {secret}"})

    return get


@pytest.fixture
def campaign(make_campaign):
    return make_campaign(people=60, seed=5)


def test_a_report_adds_up_for_programs_too(api, campaign):
    report = api(f"{campaign.pk}/report/").json()

    assert report["audience"] == sum(end["people"] for end in report["ends"])
    assert report["audience"] == report["treated"]["people"] + report["control"]["people"]
    assert {step["key"] for step in report["steps"]} == {"first", "pause", "second", "end"}
    assert all(step["entered"] == sum(end["people"] for end in step["ends"]) for step in report["steps"])


def test_people_are_paged_to_the_last(api, campaign):
    ids, after = [], ""
    while after is not None:
        answer = api(f"{campaign.pk}/people/", group="treated", after=after).json()
        ids += [row["profile_id"] for row in answer["results"]]
        after = answer["next"]

    assert len(ids) == len(set(ids)) == answer["count"]


def test_what_is_not_there_is_explained(api, campaign):
    answer = api(f"{campaign.pk}/people/", state="lost")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "/state"


def test_a_key_is_needed(client, campaign):
    assert client.get(f"/api/v1/campaigns/{campaign.pk}/report/").status_code in (401, 403)
