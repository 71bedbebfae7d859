"""What a file says about consent, and what it can never say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from profiles import consent
from profiles.models import Consent, ConsentState
from profiles.tests.imports.files import import_file, person_of

pytestmark = pytest.mark.django_db


def test_consent_is_granted_with_its_source_and_day(now: datetime) -> None:
    given = {"status": "granted", "channels": ["email"], "topics": ["news"], "source": "Shop form 2024", "date": "2026-01-15"}

    import_file("email\na@shop.test\n", now=now, consent_given=given)

    assert sorted(ConsentState.objects.values_list("channel", "address", "topic", "status")) == [
        ("email", "a@shop.test", "", "granted"),
        ("email", "a@shop.test", "news", "granted"),
    ]
    entry = Consent.objects.filter(topic="news").get()
    assert (entry.method, entry.source, entry.at) == ("import", "Shop form 2024", datetime(2026, 1, 15, 12, tzinfo=UTC))
    assert entry.profile == person_of("a@shop.test")


def test_an_import_never_lifts_an_opt_out(now: datetime) -> None:
    consent.withdraw(channel="email", address="a@shop.test", method="one_click", proof={}, now=now - timedelta(days=400))
    given = {"status": "granted", "channels": ["email"], "topics": [], "source": "Old list"}

    import_file("email\na@shop.test\nb@shop.test\n", now=now, consent_given=given)

    assert dict(ConsentState.objects.values_list("address", "status")) == {"a@shop.test": "withdrawn", "b@shop.test": "granted"}


def test_the_fold_of_imported_grants_is_that_of_the_ledger(now: datetime) -> None:
    given = {"status": "granted", "channels": ["email"], "source": "Form"}
    proven = consent.Change("email", "b@shop.test", "granted", now - timedelta(days=90), "preference_page", proof={"ip": "::1"})
    consent.record(changes=[proven], now=now)

    for day in ("2026-01-02", "2026-02-02", "2025-12-01"):
        import_file("email\na@shop.test\nb@shop.test\n", now=now, consent_given={**given, "date": day})

    for state in ConsentState.objects.select_related("consent"):
        entries = Consent.objects.filter(channel=state.channel, address=state.address, topic=state.topic)
        assert state.consent_id == max(entries, key=consent.weight).pk
        assert entries.count() in (3, 4)


def test_a_list_of_opt_outs_withdraws(now: datetime) -> None:
    given = {"status": "withdrawn", "channels": ["email"], "topics": [], "source": "Old tool"}

    import_file("email\na@shop.test\n", now=now, consent_given=given)

    assert (
        consent.standings(channel="email", addresses=["a@shop.test"], topic="")["a@shop.test"].reason == "channel_not_permitted"
    )


def test_a_list_of_yes_makes_no_confirmation_needless_once_it_was_refused(now: datetime) -> None:
    waiting = [
        consent.Change("email", address, "pending", now - timedelta(days=3), "form") for address in ("a@shop.test", "b@shop.test")
    ]
    consent.record(changes=waiting, now=now)
    consent.withdraw(channel="email", address="b@shop.test", method="preference_page", proof={}, now=now)
    given = {"status": "granted", "channels": ["email"], "topics": [], "source": "Form at the till", "date": "2026-01-15"}

    import_file("email\na@shop.test\nb@shop.test\n", now=now, consent_given=given)

    assert dict(ConsentState.objects.values_list("address", "status")) == {"a@shop.test": "granted", "b@shop.test": "withdrawn"}
