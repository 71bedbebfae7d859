"""Does any call of the API, however it is put together, break the house? Schemathesis asks everything the schema describes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation

from omni.models import ApiKey, User
from omni.roles import Right
from profiles import consent, identity, partitions
from profiles.ingest import facts
from profiles.models import Topic
from segments.models import Segment

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))  # for each call
OPTIONS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ID = re.compile(r"^(/api/v1/[^{]+?)/\{(\w+)\}")


def _serve(environ: Any, start_response: Any) -> Any:
    """Answer inside the transaction of the test, which the server must not close."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    return _application(environ, start_response)


_application = get_wsgi_application()


def _operations() -> dict[str, APIOperation[Any, Any, Any, Any]]:
    generator: Any = SchemaGenerator
    schema = schemathesis.openapi.from_dict(generator().get_schema(request=None, public=True))
    schema.app = _serve
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


OPERATIONS = _operations()


@pytest.fixture
def key(owner: User) -> str:
    """Return the secret of a key that may do everything."""
    return ApiKey.issue(name="Fuzz", scopes=list(Right), by=owner)[1]


@pytest.fixture
def world(owner: User, now: datetime) -> None:
    """A person with a consent and an event, a topic, a segment: something for ids to mean."""
    (pk,) = identity.resolve(claims=[identity.Claim((("email", "ann@shop.test"),), "test", now)], now=now)
    partitions.ensure_ahead(now=now)
    Topic.objects.create(key="news", name="News")
    consent.record(changes=[consent.Change("email", "ann@shop.test", "granted", now, "staff")], now=now)
    facts.record(facts=[facts.Fact(pk, "Bought", now, properties={"sku": "B-1"})], now=now)
    Segment.objects.create(name="All", definition={"all": []}, created_by=owner)


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_call_breaks_the_house(label: str, key: str, world: None, settings: Any, ask_ids: Callable[[str], list[int]]) -> None:
    operation = OPERATIONS[label]
    settings.API_RATE_PER_SECOND = 0
    known = ask_ids(operation.path)
    checks = [not_a_server_error]

    @seed(20260304)
    @OPTIONS
    @given(case=operation.as_strategy(), known_id=st.sampled_from([*known, 0]), takes_known=st.booleans())
    def ask(case: Any, known_id: int, takes_known: bool) -> None:
        if known_id and takes_known and (found := ID.match(operation.path)):
            case.path_parameters[found.group(2)] = known_id
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
        case.call_and_validate(checks=checks)

    ask()


@pytest.fixture
def ask_ids(key: str) -> Callable[[str], list[int]]:
    """Return the ids of the first things a list has, given the path of one of them."""
    from django.test import Client

    def ask(path: str) -> list[int]:
        found = ID.match(path)
        answer = Client().get(found.group(1), headers={"Authorization": f"Bearer {key}"}) if found else None
        if answer is None or answer.status_code != 200 or "results" not in answer.json():
            return []
        return [row["id"] for row in answer.json()["results"][:3] if isinstance(row.get("id"), int)]

    return ask
