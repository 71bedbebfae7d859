from __future__ import annotations

import csv
import re

import pytest
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from campaigns.models import Campaign
from campaigns.reports import people
from campaigns.reports.people import Filter


@pytest.fixture
def campaign(make_campaign):
    return make_campaign(people=60, seed=4)


@pytest.fixture
def browser(client_of, marketer):
    return client_of(marketer)


def test_the_list_names_every_campaign_that_ran(browser, campaign):
    Campaign.objects.create(name="Never sent", draft={})

    page = browser.get(reverse("campaigns:report-list")).content.decode()

    assert campaign.name in page
    assert "Never sent" not in page


def test_the_list_costs_the_same_for_one_and_for_many(browser, make_campaign, django_assert_max_num_queries):
    for number in range(4):
        make_campaign(people=5, seed=number, name=f"Letters {number}")

    with django_assert_max_num_queries(5):
        page = browser.get(reverse("campaigns:report-list"))

    assert page.content.decode().count("row-title") == 4


def test_the_list_is_filtered_and_ordered(browser, make_campaign):
    for name in ("Beta", "Alpha", "Gamma"):
        make_campaign(people=1, name=name)

    def shown(query: str) -> list[str]:
        page = browser.get(reverse("campaigns:report-list") + query, headers={"HX-Request": "true"}).content.decode()
        return re.findall(r'class="row-title"[^>]*>([^<]+)<', page)

    assert shown("?sort=name") == ["Alpha", "Beta", "Gamma"]
    assert shown("?q=alph") == ["Alpha"]
    assert shown("?state=paused") == []


def test_every_link_of_a_report_opens_as_many_people_as_it_says(browser, campaign, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        page = browser.get(reverse("campaigns:report-detail", args=[campaign.pk])).content.decode()
    links = {
        link.attributes["href"]: int(re.search(r"\d+", (link.css_first("strong") or link).text())[0])
        for link in LexborHTMLParser(page).css("main a[href*='/people/']")
        if "people.csv" not in link.attributes["href"]
    }

    assert len(links) > 40
    for url, number in links.items():
        assert browser.get(url).context["count"] == number, url


def test_an_export_has_a_line_for_everybody_of_the_number(browser, campaign):
    wanted = Filter(state="not_sent")

    answer = browser.get(reverse("campaigns:report-export", args=[campaign.pk]), {"state": "not_sent"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")

    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == people.count(campaign, wanted) > 0
    assert {row["state"] for row in rows} == {"not_sent"}


def test_who_may_not_export_is_refused(client_of, support, campaign):
    browser = client_of(support)

    assert browser.get(reverse("campaigns:report-export", args=[campaign.pk])).status_code == 403
    assert "people.csv" not in browser.get(reverse("campaigns:report-detail", args=[campaign.pk])).content.decode()


@pytest.mark.parametrize("query", ["state=nonsense", "fact=password", "group=all", "version=9", "version=x"])
def test_a_number_that_is_not_there_is_not_found(browser, campaign, query):
    assert browser.get(reverse("campaigns:report-people", args=[campaign.pk]) + f"?{query}").status_code == 404


def test_strangers_are_asked_to_sign_in(client, campaign):
    assert client.get(reverse("campaigns:report-detail", args=[campaign.pk])).status_code == 302


def test_a_campaign_nobody_entered_says_so(browser, db, now):
    empty = Campaign.objects.create(name="Quiet", draft={}, state="live", live_at=now, goal_event="Order completed")

    assert "Nobody has entered yet" in browser.get(reverse("campaigns:report-detail", args=[empty.pk])).content.decode()
