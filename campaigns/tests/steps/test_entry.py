"""What does an entry say, ask and refuse?"""

from __future__ import annotations

import pytest
from django.http import QueryDict

from campaigns import graph
from campaigns.steps import STEPS
from campaigns.steps.entry import read
from campaigns.steps.library import Library
from campaigns.tests import stage
from profiles.models import EventDef
from tests.house import NOW

pytestmark = pytest.mark.django_db
STEP = STEPS["entry"]


@pytest.fixture
def segment(now):
    EventDef.objects.create(name="Signed up", first_seen_at=now, properties={"plan": "string"})
    return stage.segment([], now)


def scene():
    return graph.scene(graph.blank(), "entry", Library(now=NOW))


def form(params=None, **data):
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return STEP.Form(query, params=params or {}, scene=scene())


def rule(**fields):
    return {"source": "schedule", "rule": {"time": "10:00", **fields}}


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"source": "segment"}, "Everyone in “Loyal”, at once"),
        ({"source": "joins"}, "Whoever joins “Loyal”"),
        (rule(kind="once", date="2027-05-01"), "Everyone in “Loyal”, on May 1, 2027 at 10:00"),
        (rule(kind="daily"), "Everyone in “Loyal”, every day at 10:00"),
        (rule(kind="weekly", weekdays=[0, 2, 4]), "Everyone in “Loyal”, every Monday, Wednesday and Friday at 10:00"),
        (rule(kind="monthly", day=3), "Everyone in “Loyal”, on day 3 of every month at 10:00"),
        (rule(kind="monthly", day=31), "Everyone in “Loyal”, on the last day of every month at 10:00"),
        (rule(kind="weekly"), "Everyone in “Loyal”, at a time to be chosen"),
        ({"source": "event", "event": "Signed up"}, "Whoever does “Signed up”"),
        (
            {"source": "event", "event": "Signed up", "where": [{"property": "plan", "operator": "is", "value": "pro"}]},
            "Whoever does “Signed up” where plan is pro",
        ),
        ({"source": "event"}, "Whoever does something"),
    ],
)
def test_it_says_who_comes_in(segment, params, sentence):
    assert STEP.describe({"segment": segment.pk, **params}, scene()) == sentence


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({}, "Choose how people come in."),
        ({"source": "segment"}, "Choose a segment."),
        ({"source": "joins", "segment": 10**6}, "The segment is not there any more. Choose another one."),
        ({"source": "event"}, "Choose the event that lets people in."),
        (rule(kind="once", date="2001-01-01"), "The time of the start is over. Choose a later one."),
        (rule(kind="once"), "Choose the day of the start."),
        (rule(kind="weekly"), "Choose at least one weekday."),
        ({"source": "schedule", "rule": {"kind": "daily"}}, "Choose the time of the start."),
        ({"source": "schedule", "rule": "x"}, "Choose when it starts."),
    ],
)
def test_it_finds_what_is_missing(segment, params, fault):
    given = {"segment": segment.pk, **params} if params.get("source") == "schedule" else params

    assert STEP.faults(given, scene()) == [fault]


def test_it_asks_only_what_matters(segment):
    assert list(form(source="segment").fields) == ["source", "segment"]
    assert list(form(source="event", event="Signed up", again="after").fields) == ["source", "event", "again", "again_days"]
    assert list(form(source="schedule", kind="weekly").fields) == ["source", "segment", "kind", "weekdays", "time", "again"]
    assert list(form(source="schedule", kind="once").fields) == ["source", "segment", "kind", "date", "time"]


def test_it_keeps_what_another_source_held(segment):
    given = form({"source": "segment", "segment": segment.pk}, source="event", event="Signed up", again="never")

    assert given.is_valid(), given.errors
    params = given.to_params()
    assert (params["source"], params["event"], params["segment"]) == ("event", "Signed up", segment.pk)


def test_it_reads_filters_as_rows_and_offers_one_more(segment):
    given = form(
        source="event", event="Signed up", again="never",
        property=["plan", " ", "seats"], operator=["is", "is", "at_least"], value=["pro", "x", "5"],
    )  # fmt: skip

    assert given.is_valid()
    where = [
        {"property": "plan", "operator": "is", "value": "pro"},
        {"property": "seats", "operator": "at_least", "value": "5"},
    ]
    assert given.to_params()["where"] == where
    assert given.filters == [*where, {"property": "", "operator": "is", "value": ""}]
    assert given.properties == ["plan"]


def test_it_stores_a_schedule_as_json(segment):
    given = form(
        source="schedule", segment=str(segment.pk), kind="monthly", day="31", time="09:15", again="after", again_days="7"
    )

    assert given.is_valid(), given.errors
    params = given.to_params()
    assert params["rule"] == {"kind": "monthly", "day": 31, "time": "09:15"}
    assert (read(params).again, read(params).again_days) == ("after", 7)


def test_what_it_cannot_read_lets_nobody_in_by_accident():
    start = read({"source": 7, "segment": "1", "event": None, "where": "x", "rule": [], "again_days": -1})

    assert (start.segment, start.event, start.filters, start.rule, start.again_days) == (None, "", (), {}, 30)
    assert not start.is_planned
