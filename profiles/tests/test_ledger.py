"""The ledger on the person's page, as a file, over merges; and what no door can do to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from omni.models import ApiKey, AuditEntry, User
from omni.roles import Right
from profiles import consent, identity
from profiles.consent import snoozing
from profiles.identity import parting
from profiles.models import Consent, ConsentState, ContactPoint, Merge, Profile, Topic
from profiles.person import ledger, reachability

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
ANN, BOB = "ann@shop.test", "bob@shop.test"
DAY = timedelta(days=1)


def person(now: datetime, *keys: tuple[str, str]) -> Profile:
    (pk,) = identity.resolve(claims=[identity.Claim(keys, "test", now)], now=now)
    return Profile.objects.get(pk=pk)


def say(status: str, at: datetime, address: str = ANN, topic: str = "", method: str = "staff", **proof: Any) -> None:
    consent.record(changes=[consent.Change("email", address, status, at, method, topic=topic, proof=proof)], now=at)


def states() -> dict[tuple[str, str], str]:
    return {(state.address, state.topic): state.status for state in ConsentState.objects.all()}


def words(someone: Profile, now: datetime) -> list[str]:
    return [reach.permission.label for reach in reachability.of(someone.contact_points.order_by("pk"), now=now)]


def test_every_level_has_its_word(now: datetime) -> None:
    ann = person(now, ("email", ANN))
    levels = [words(ann, now)]
    say("pending", now - 5 * DAY, method="form")
    levels.append(words(ann, now))
    say("granted", now - 4 * DAY)
    levels.append(words(ann, now))
    say("granted", now - 3 * DAY, method="double_opt_in", asked=1)
    levels.append(words(ann, now))
    snoozing.snooze(channel="email", addresses=[ANN], until=now + DAY, method="preference_page", proof={}, now=now - DAY)
    levels.append(words(ann, now))
    say("withdrawn", now - 2 * DAY)
    levels.append(words(ann, now))
    consent.suppress(channel="email", address=ANN, reason="complained", now=now)
    levels.append(words(ann, now))

    assert levels == [
        ["Never asked"], ["Yet to confirm"], ["Opted in"], ["Confirmed"], ["On a break"], ["Opted out"], ["Blocked"],
    ]  # fmt: skip


def test_the_tab_shows_every_word_with_its_proof(client_of: ClientOf, support: User, now: datetime) -> None:
    say("withdrawn", now - DAY, method="one_click", ip="203.0.113.9")
    ann = person(now, ("email", ANN))
    for number in range(8):
        say("granted", now - number * DAY, text_version=f"news/{number}", topic="news")

    page = client_of(support).get(f"/people/{ann.pk}/tab/consents/").content.decode()

    assert page.count("news/") == 8
    assert "203.0.113.9" in page  # said before anybody was known to have the address
    assert "by the unsubscribe button of the mailbox" in page
    assert f"/people/{ann.pk}/consents.csv" not in page  # support may not export
    assert client_of(support).get(f"/people/{ann.pk}/consents.csv").status_code == 403


def test_the_ledger_leaves_as_a_file(client_of: ClientOf, marketer: User, now: datetime) -> None:
    Topic.objects.create(key="news", name="=News")
    ann = person(now, ("email", ANN))
    say("granted", now, topic="news", method="form", text_version="news/1", ip="203.0.113.9")

    answer = client_of(marketer).get(f"/people/{ann.pk}/consents.csv")
    text = b"".join(answer.streaming_content).decode()

    assert "'=News" in text
    assert "203.0.113.9" in text
    assert "on the sign-up page" in text
    assert AuditEntry.objects.filter(action="consents.export").count() == 1


def test_the_tab_costs_the_same_for_a_long_ledger(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    ann = person(now, ("email", ANN))
    changes = [consent.Change("email", ANN, "granted", now - n * DAY, "staff", topic=f"t{n % 9}") for n in range(80)]
    consent.record(changes=changes, now=now)
    client = client_of(marketer)

    with django_assert_max_num_queries(20):
        page = client.get(f"/people/{ann.pk}/tab/consents/").content.decode()
    assert "after=" in page


def test_a_merge_and_its_undoing_lose_no_word_and_change_no_permission(now: datetime) -> None:
    ann, bob = person(now, ("email", ANN), ("user_id", "a")), person(now, ("email", BOB))
    say("granted", now - 3 * DAY, ANN)
    say("granted", now - 3 * DAY, BOB)
    say("withdrawn", now - DAY, ANN)
    say("withdrawn", now - DAY, BOB, topic="news")
    before, entries = states(), list(Consent.objects.order_by("pk").values())

    root = person(now, ("email", ANN), ("email", BOB))
    assert states() == before
    assert list(Consent.objects.order_by("pk").values()) == entries
    assert ledger.of_person([root.pk, *identity.origins_of(root.pk)]).count() == 4
    allowed = consent.standings(channel="email", addresses=[ANN, BOB], topic="news")
    assert [allowed[ANN].reason, allowed[BOB].reason] == ["channel_not_permitted", "topic_unsubscribed"]

    parting.part(merge_id=Merge.objects.get().pk, by="test", now=now)
    assert states() == before
    assert list(Consent.objects.order_by("pk").values()) == entries
    owners = dict(ContactPoint.objects.values_list("address", "profile_id"))
    for someone, address in ((ann, ANN), (bob, BOB)):
        assert owners[address] == someone.pk
        assert set(ledger.of_person([someone.pk]).values_list("address", flat=True)) == {address}


def test_programs_read_every_word(marketer: User, now: datetime) -> None:
    ann = person(now, ("email", ANN))
    say("granted", now - DAY, text_version="news/1")
    say("withdrawn", now)
    _row, key = ApiKey.issue(name="desk", scopes=[Right.VIEW], by=marketer)

    answer = Client(headers={"Authorization": f"Bearer {key}"}).get(f"/api/v1/people/{ann.pk}/consents/ledger")

    assert [entry["status"] for entry in answer.json()["results"]] == ["withdrawn", "granted"]
    assert answer.json()["results"][1]["proof"] == {"text_version": "news/1"}
