"""Whom may a visitor claim to be?"""

from __future__ import annotations

from typing import Any

import pytest

from profiles.ingest import visitors
from profiles.models import DeadLetter, Event, Profile, Source

from .conftest import Sender, track

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def site() -> Sender:
    return Sender(*Source.issue(name="Site", kind="browser"))


@pytest.fixture
def anna(sender: Sender, drain: Any) -> Profile:
    """Anna is known from the server by user id and address."""
    sender.post({"type": "identify", "userId": "anna", "traits": {"email": "anna@example.com", "plan": "gold"}}, "/v1/identify")
    drain()
    return Profile.objects.get()


def identify(**fields: Any) -> dict[str, Any]:
    return {"type": "identify", "anonymousId": "visitor", "userId": "anna", "traits": {"plan": "hacked"}, **fields}


def test_an_unsigned_claim_stays_with_the_visitor(site: Sender, anna: Profile, drain: Any) -> None:
    site.post({"batch": [identify(), track(userId="anna", anonymousId="visitor")]})
    drain()

    anna.refresh_from_db()
    visitor = Profile.objects.surviving().get(identifiers__value="visitor")
    assert visitor.pk != anna.pk
    assert anna.attributes["plan"] == "gold"
    assert visitor.attributes == {}
    assert Event.objects.get().profile_id == visitor.pk
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize("field", ["userId", "email"])
def test_a_claim_without_a_visitor_is_refused(site: Sender, anna: Profile, drain: Any, field: str) -> None:
    call = (
        {"type": "identify", "userId": "anna"}
        if field == "userId"
        else {"type": "identify", "traits": {"email": "anna@example.com"}}
    )
    site.post(call, "/v1/identify")
    drain()

    assert DeadLetter.objects.get().reason == "unproven"


def test_a_signed_claim_joins(site: Sender, anna: Profile, drain: Any) -> None:
    signature = visitors.sign(visitors.secret_of(site.source.pk), "anna")
    site.post(track(userId=None, anonymousId="visitor"), "/v1/track")
    site.post({"batch": [identify(context={"userHash": signature})]})
    drain()
    site.post(track("Product Viewed", userId="anna", anonymousId="visitor"), "/v1/track")  # the library repeats the user id only
    drain()

    assert Profile.objects.surviving().get().attributes["plan"] == "hacked"
    assert Event.objects.of_person(Profile.objects.surviving().get().pk).count() == 2


@pytest.mark.parametrize("signature", ["", "00", "é", 7, "signature of somebody else"])
def test_a_wrong_signature_joins_nobody(site: Sender, anna: Profile, drain: Any, signature: Any) -> None:
    if signature == "signature of somebody else":
        signature = visitors.sign(visitors.secret_of(site.source.pk), "boris")
    site.post({"batch": [identify(context={"userHash": signature})]})
    drain()

    assert Profile.objects.surviving().count() == 2


def test_who_is_new_needs_no_signature(site: Sender, drain: Any) -> None:
    site.post(
        {"batch": [track(userId=None, anonymousId="visitor"), identify(userId="boris", traits={"email": "boris@example.com"})]}
    )
    drain()

    assert Profile.objects.surviving().get().identifiers.count() == 3


def test_two_visitors_do_not_become_one_by_claiming_the_same_new_name(site: Sender, drain: Any) -> None:
    site.post({"batch": [identify(userId="boris"), identify(userId="boris", anonymousId="other")]})
    drain()

    assert Profile.objects.surviving().count() == 2


def test_a_site_that_trusts_its_visitors_joins_by_their_word(site: Sender, anna: Profile, drain: Any) -> None:
    Source.objects.filter(pk=site.source.pk).update(trusts_visitors=True)
    site.post({"batch": [identify()]})
    drain()

    assert Profile.objects.surviving().get().attributes["plan"] == "hacked"
