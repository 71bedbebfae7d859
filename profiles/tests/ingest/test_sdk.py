"""Do the real libraries of Segment and RudderStack reach us, over a real socket?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client

from profiles.ingest import inbox
from profiles.models import Event, IngestRaw, Profile, Source


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_the_python_library_of_segment_delivers(live_server: Any, is_gzip: bool) -> None:
    faults: list[Exception] = []
    _source, key = Source.issue(name="Shop")
    sdk = Client(key, host=live_server.url, gzip=is_gzip, on_error=lambda error, batch: faults.append(error), max_retries=0)

    sdk.identify("u-1", {"email": "anna@example.com", "firstName": "Anna", "score": float("nan")})
    for number in range(250):
        sdk.track("u-1", "Order Completed", {"total": number}, timestamp=datetime(2025, 5, 1, tzinfo=UTC))
    sdk.alias("anon-1", "u-1")
    sdk.flush()
    sdk.join()
    while inbox.drain(now=datetime.now(tz=UTC)):
        pass

    assert not faults
    assert not IngestRaw.objects.exists()
    anna = Profile.objects.get()
    assert Event.objects.of_person(anna.pk).count() == 250
    assert {event.time for event in Event.objects.all()} == {datetime(2025, 5, 1, tzinfo=UTC)}
    assert set(anna.identifiers.values_list("type", "value")) == {
        ("user_id", "u-1"),
        ("email", "anna@example.com"),
        ("anonymous_id", "anon-1"),
    }


@pytest.mark.django_db(transaction=True)
def test_the_library_hears_that_its_key_is_wrong(live_server: Any) -> None:
    faults: list[Exception] = []
    sdk = Client("wk_nobody", host=live_server.url, on_error=lambda error, batch: faults.append(error), max_retries=0)

    sdk.track("u-1", "Order Completed")
    sdk.flush()
    sdk.join()

    assert "write key" in str(faults[0])
    assert not IngestRaw.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_python_library_of_rudderstack_delivers(live_server: Any) -> None:
    faults: list[Exception] = []
    _source, key = Source.issue(name="Shop")
    sdk = RudderClient(key, host=live_server.url, on_error=lambda error, batch: faults.append(error), max_retries=0)

    sdk.identify("u-1", {"email": "anna@example.com", "firstName": "Anna"})
    for number in range(250):
        sdk.track("u-1", "Order Completed", {"total": number})
    sdk.group("u-1", "acme", {"name": "Acme"})
    sdk.flush()
    sdk.join()
    while inbox.drain(now=datetime.now(tz=UTC)):
        pass

    assert not faults
    assert not IngestRaw.objects.exists()
    anna = Profile.objects.get()
    assert Event.objects.of_person(anna.pk).count() == 251
    assert anna.attributes["first_name"] == "Anna"
    assert anna.attributes["group_name"] == "Acme"
