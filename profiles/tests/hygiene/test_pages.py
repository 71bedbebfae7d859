"""List cleaning, blocked addresses and their settings, through the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from omni.models import AuditEntry, User
from profiles import consent
from profiles.models import Cleaning, Correction, HygienePolicy, Profile, Suppression
from profiles.tests.hygiene.names import Names, Outcome
from profiles.tests.hygiene.people import clean, finish, pay, person

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
DIRTY = ("ann@gmial.com", "bob@gone.test", "eve@shop.test", "slow@silent.test")
NAMES = Names({"gone.test": Outcome.NO_DOMAIN, "silent.test": Outcome.UNKNOWN})


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def dirty(now: datetime) -> Cleaning:
    for email in DIRTY:
        person(email, now=now)
    return clean(now=now, names=NAMES)


def test_the_empty_page_teaches(client_of: ClientOf, marketer: User) -> None:
    html = page(client_of(marketer), "/people/cleaning/")

    assert "No list was cleaned yet" in html
    assert "Everyone" in html


def test_a_run_is_looked_at_before_it_starts(
    client_of: ClientOf, marketer: User, now: datetime, nudges: list[str], clock: Any
) -> None:
    person("ann@shop.test", now=now)
    client = client_of(marketer)

    made = client.post("/people/cleaning/new/", {"source": "everyone"})
    html = page(client, made.url)
    assert "Check 1 address" in html
    assert "None is set up" in html
    assert Cleaning.objects.get().state == "draft"

    client.post(f"{made.url}start/")
    assert Cleaning.objects.get().state == "queued"
    assert "profiles.tasks.run_cleanings" in nudges or not nudges
    assert "hx-get" in page(client, made.url)
    client.post(f"{made.url}pause/")
    assert "Go on from here" in page(client, made.url)
    client.post(f"{made.url}resume/")
    finish(now=now)
    assert "The domain takes mail" in page(client, made.url)


def test_the_price_is_told_before(client_of: ClientOf, marketer: User, now: datetime) -> None:
    pay(budget=100, cost=60)
    person("ann@shop.test", now=now)
    person("bob@shop.test", now=now)
    client = client_of(marketer)

    made = client.post("/people/cleaning/new/", {"source": "everyone"})
    html = page(client, made.url)
    assert "2 checks" in html
    assert "1.20" in html
    assert "The budget may not suffice" in html

    client.post(f"{made.url}start/", {"uses_verifier": "1"})
    finish(now=now)
    html = page(client, made.url)
    assert "Not every mailbox was asked" in html
    assert AuditEntry.objects.get(action="cleaning.start").after == {"addresses": 2, "uses_verifier": True}


def test_a_pasted_list_and_a_file_are_read_line_by_line(client_of: ClientOf, marketer: User) -> None:
    client = client_of(marketer)
    file = SimpleUploadedFile("list.csv", "имя;почта\nАня;anya@shop.test\n".encode("cp1251"))

    client.post("/people/cleaning/new/list/", {"lines": "Ann Lee, ann@shop.test\n\nbob@gmail,com", "file": file})

    run = Cleaning.objects.get()
    assert run.name == "list.csv"
    assert {"ann@shop.test", "bob@gmail,com", "anya@shop.test"} <= set(run.addresses.values_list("address", flat=True))
    assert not Profile.objects.exists()
    assert client.post("/people/cleaning/new/list/", {"lines": " "}).status_code == 422


def test_the_result_opens_into_addresses_and_people(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    run = dirty(now)
    client = client_of(marketer)

    html = page(client, run.get_absolute_url())
    assert "1 address looks misspelt" in html
    assert "1 address cannot receive mail" in html
    assert "1 address is unknown" in html

    with django_assert_max_num_queries(14):
        listed = page(client, f"{run.get_absolute_url()}addresses/?state=undeliverable&reason=no_domain")
    assert "bob@gone.test" in listed
    assert "eve@shop.test" not in listed
    assert f"/people/{Profile.objects.get(identifiers__value='bob@gone.test').pk}/" in listed
    assert "None of the addresses" in page(client, f"{run.get_absolute_url()}addresses/?state=nonsense")


def test_accept_all_corrects_and_undo_takes_it_back(client_of: ClientOf, support: User, now: datetime, clock: Any) -> None:
    run = dirty(now)
    client = client_of(support)
    path = f"{run.get_absolute_url()}misspelt/"
    assert "ann@gmail.com" in page(client, path)

    answer = client.post(f"{path}accept/", follow=True)
    assert "1 address is corrected." in answer.content.decode()
    assert Correction.objects.get().by == support
    assert AuditEntry.objects.get(action="address.correct").after == {"addresses": 1, "carries_consent": False}

    client.post(f"{path}undo/?at={now.isoformat().replace('+', '%2B')}")
    assert Correction.objects.get().undone_at is not None
    assert "ann@gmial.com" in page(client, path)


def test_one_is_accepted_or_believed_and_believing_can_be_undone(client_of: ClientOf, support: User, now: datetime) -> None:
    person("ann@gmaik.com", now=now)
    person("bob@gmaik.com", now=now)
    run = clean(now=now)
    client = client_of(support)
    path = f"{run.get_absolute_url()}misspelt/"
    from profiles.models import AddressCheck

    ann, bob = (AddressCheck.objects.get(address=f"{name}@gmaik.com").pk for name in ("ann", "bob"))

    client.post(f"{path}accept/", {"check": ann})
    client.post(f"{path}refuse/", {"check": bob})
    html = page(client, path)
    assert "Nothing is left to correct" in html

    client.post(f"{path}refuse/undo/?check={bob}")
    assert "bob@gmail.com" in page(client, path)
    client.post(f"{path}undo/", {"one": Correction.objects.get().pk})
    assert Correction.objects.get().undone_at is not None


def test_leaving_out_can_be_undone(client_of: ClientOf, marketer: User, now: datetime) -> None:
    run = dirty(now)
    client = client_of(marketer)

    client.post(f"{run.get_absolute_url()}exclude/")
    assert Suppression.objects.get(lifted_at=None).address == "bob@gone.test"
    assert "Lift these blocks" in page(client, run.get_absolute_url())
    assert "List cleaning" in page(client, "/settings/blocked/")

    client.post(f"{run.get_absolute_url()}include/")
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_the_person_shows_what_is_known_of_the_address(client_of: ClientOf, marketer: User, now: datetime) -> None:
    run = dirty(now)
    ann = Profile.objects.get(identifiers__value="ann@gmial.com")

    html = page(client_of(marketer), ann.get_absolute_url())

    assert run.done == 4
    assert "Probably meant: ann@gmail.com." in html


def test_only_those_who_may_change_people_clean(client_of: ClientOf, analyst: User, now: datetime) -> None:
    run = dirty(now)
    client = client_of(analyst)

    assert "/exclude/" not in page(client, run.get_absolute_url())
    for path in ("new/", "new/list/", f"{run.pk}/start/", f"{run.pk}/exclude/", f"{run.pk}/misspelt/accept/"):
        assert client.post(f"/people/cleaning/{path}").status_code == 403
    assert client.post("/settings/blocked/new/").status_code == 403
    page(client, "/settings/address-checks/", 403)
    assert client.get(f"{run.get_absolute_url()}result.csv").status_code == 200


def test_blocked_addresses_are_found_added_and_lifted_with_a_reason(
    client_of: ClientOf, marketer: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    client = client_of(marketer)
    assert "Nothing is blocked" in page(client, "/settings/blocked/")

    data = {"lines": "Ann@Shop.Test\n@gone.test\nnonsense", "channel": "email", "reason": "complained", "detail": "Ticket 7"}
    answer = client.post("/settings/blocked/new/", data, follow=True)
    assert "1 line is no address: nonsense" in answer.content.decode()
    with django_assert_max_num_queries(12):
        page(client, "/settings/blocked/?q=ANN@shop.test&channel=email&reason=complained")
    assert "ann@shop.test" not in page(client, "/settings/blocked/?q=ann@shop.tes")
    assert "@gone.test" in page(client, "/settings/blocked/?reason=suppressed_domain")

    row = Suppression.objects.get(address="ann@shop.test")
    client.post(f"/settings/blocked/{row.pk}/lift/", {"reason": ""})
    assert consent.standings(channel="email", addresses=["ann@shop.test"])["ann@shop.test"].reason == "complained"
    client.post(f"/settings/blocked/{row.pk}/lift/", {"reason": "She asked"})
    assert consent.standings(channel="email", addresses=["ann@shop.test"])["ann@shop.test"].reason == "never_asked"
    assert AuditEntry.objects.get(action="suppression.lift").after["reason"] == "She asked"
    assert "@gone.test" in b"".join(client.get("/settings/blocked/blocked.csv").streaming_content).decode()


def test_the_policy_asks_for_the_settings_of_the_verifier(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    data = {
        "keep_days": 30, "looks_up_domains": "on", "soft_bounce_limit": 3, "soft_bounce_days": 7,
        "verifier": "sandbox", "cost_minor": 2, "budget_minor": 5000,
    }  # fmt: skip

    client.post("/settings/address-checks/", data)
    assert HygienePolicy.current().verifier_settings["credits"] == 10_000
    assert "Spent this month" in page(client, "/settings/address-checks/")

    own = {"has_own": "sandbox", "verifier-seed": "7", "verifier-credits": 50, "verifier-rejected_percent": 1}
    own |= {f"verifier-{name}_percent": 0 for name in ("accept_all", "full", "silent")}
    client.post("/settings/address-checks/", {**data, **own})
    assert HygienePolicy.current().verifier_settings["credits"] == 50
    assert client.post("/settings/address-checks/", {**data, **own, "verifier-credits": "x"}).status_code == 422
    client.post("/settings/address-checks/", {**data, "verifier": ""})
    assert HygienePolicy.current().verifier == ""
