"""Does one come in with the right password, and is everybody held to their role?"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from omni import accounts
from omni.models import ApiKey, AuditEntry, User
from omni.roles import Right
from tests.cast import PASSWORD

ClientOf = Callable[[User], Client]
OWNER_PAGES = ["/settings/team/", "/settings/team/invite/", "/settings/company/", "/settings/keys/", "/settings/keys/new/"]


@pytest.fixture(autouse=True)
def _no_tries_from_before() -> None:
    cache.clear()


def test_it_lets_in_by_address_and_password(client: Client, marketer: User) -> None:
    response = client.post("/accounts/login/", {"login": marketer.email, "password": PASSWORD})

    assert response.status_code == 302
    assert client.get("/").status_code == 200


def test_it_says_the_same_for_a_wrong_password_and_an_unknown_address(client: Client, marketer: User) -> None:
    known = client.post("/accounts/login/", {"login": marketer.email, "password": "wrong"})
    unknown = client.post("/accounts/login/", {"login": "nobody@omni.test", "password": "wrong"})

    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()


def test_it_slows_down_those_who_guess(client: Client, marketer: User) -> None:
    for _ in range(5):
        client.post("/accounts/login/", {"login": marketer.email, "password": "wrong"})

    response = client.post("/accounts/login/", {"login": marketer.email, "password": PASSWORD})

    assert response.status_code != 302


def test_strangers_cannot_sign_up(client: Client, owner: User) -> None:
    response = client.post("/accounts/signup/", {"email": "x@example.com", "password1": PASSWORD})

    assert b"By invitation only" in response.content
    assert User.objects.count() == 1


@pytest.mark.parametrize("page", OWNER_PAGES)
def test_only_owners_open_what_administers(client_of: ClientOf, owner: User, marketer, analyst, support, page: str) -> None:
    assert client_of(owner).get(page).status_code == 200
    for member in (marketer, analyst, support):
        assert client_of(member).get(page).status_code == 403


def test_the_index_shows_only_what_one_may_open(client_of: ClientOf, owner: User, support: User) -> None:
    assert b"/settings/team/" in client_of(owner).get("/settings/").content
    assert b"/settings/team/" not in client_of(support).get("/settings/").content


def test_an_invited_colleague_chooses_a_password_once(client_of: ClientOf, client: Client, owner: User) -> None:
    made = client_of(owner).post("/settings/team/invite/", {"name": "Eva", "email": "Eva@Omni.test", "role": "analyst"})
    link = re.search(rb"/accounts/welcome/\S+?/\S+?/", made.content)[0].decode()

    first = client.post(link, {"password": "a long and quiet river"})
    second = Client().post(link, {"password": "another long river"})

    assert first.status_code == 302
    assert client.get("/").status_code == 200
    assert second.status_code == 410
    eva = User.objects.get(email="eva@omni.test")
    assert eva.role == User.Role.ANALYST
    assert eva.check_password("a long and quiet river")


def test_a_new_link_ends_the_old_password_and_every_session(client_of: ClientOf, owner: User, marketer: User) -> None:
    theirs = Client()
    theirs.post("/accounts/login/", {"login": marketer.email, "password": PASSWORD})

    client_of(owner).post(reverse("team-member-link", args=[marketer.pk]))

    assert theirs.get("/").status_code == 302
    marketer.refresh_from_db()
    assert not marketer.has_usable_password()


def test_a_link_of_somebody_who_left_is_over(client: Client, owner: User, marketer: User, now: datetime) -> None:
    uid, token = accounts.password_link(marketer)
    accounts.deactivate(marketer, by=owner, now=now)

    assert client.get(reverse("first-password", args=[uid, token])).status_code == 410
    assert client.get("/accounts/welcome/!!/x-y/").status_code == 410


def test_who_is_shut_out_is_out_at_once_and_can_come_back(client_of: ClientOf, owner: User, marketer: User) -> None:
    theirs = client_of(marketer)

    client_of(owner).post(reverse("team-member-deactivate", args=[marketer.pk]))
    assert theirs.get("/").status_code == 302

    client_of(owner).post(reverse("team-member-reactivate", args=[marketer.pk]))
    assert client_of(marketer).get("/").status_code == 200


def test_the_last_owner_stays(client_of: ClientOf, owner: User, marketer: User) -> None:
    client_of(owner).post(reverse("team-member-role", args=[owner.pk]), {"role": "analyst"})
    client_of(owner).post(reverse("team-member-deactivate", args=[owner.pk]))

    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == (User.Role.OWNER, True)

    client_of(owner).post(reverse("team-member-role", args=[marketer.pk]), {"role": "owner"})
    client_of(owner).post(reverse("team-member-role", args=[owner.pk]), {"role": "analyst"})
    owner.refresh_from_db()
    assert (owner.role, owner.is_superuser) == (User.Role.ANALYST, False)
    assert AuditEntry.objects.filter(action="user.change_role").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one(now: datetime) -> None:
    pair = [User.objects.create_user(f"{n}@omni.test", role=User.Role.OWNER) for n in range(2)]
    barrier = threading.Barrier(2)

    def demote(by: User, whom: User) -> None:
        barrier.wait()
        try:
            accounts.change_role(whom, User.Role.ANALYST, by=by, now=now)
        except accounts.LastOwnerError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=couple) for couple in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert User.objects.filter(role=User.Role.OWNER).count() == 1


def test_a_key_is_shown_once_works_and_can_be_revoked(client_of: ClientOf, owner: User) -> None:
    made = client_of(owner).post("/settings/keys/new/", {"name": "Shop", "scopes": ["view", "people:write"]})
    secret = re.search(rb"omni_[0-9a-f]{8}_[\w-]{20,}", made.content)[0].decode()
    key = ApiKey.objects.get()

    assert key.scopes == [Right.VIEW, Right.EDIT_PEOPLE]
    assert key.hash == ApiKey.digest(secret)
    assert secret.encode() not in client_of(owner).get("/settings/keys/").content

    client_of(owner).post(reverse("key-revoke", args=[key.pk]))
    client_of(owner).post(reverse("key-revoke", args=[key.pk]))
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["api_key.issue", "api_key.revoke"]


def test_a_key_without_scopes_is_refused(client_of: ClientOf, owner: User) -> None:
    response = client_of(owner).post("/settings/keys/new/", {"name": "Shop"})

    assert response.status_code == 422
    assert not ApiKey.objects.exists()


def test_it_records_what_changed_in_the_company(client_of: ClientOf, owner: User) -> None:
    form = {"name": "Northwind", "time_zone": "Europe/Sofia", "currency": "BGN", "language": "bg", "postal_address": ""}

    client_of(owner).post("/settings/company/", form)

    entry = AuditEntry.objects.get()
    assert entry.after["time_zone"] == "Europe/Sofia"
    assert entry.before["time_zone"] == "UTC"


def test_one_changes_oneself_but_not_ones_role(client_of: ClientOf, support: User) -> None:
    form = {"name": "Sam S.", "language": "", "time_zone": "Europe/Warsaw", "theme": "dark", "role": "owner"}

    client_of(support).post("/settings/profile/", form)

    support.refresh_from_db()
    assert (support.name, support.time_zone, support.theme, support.role) == ("Sam S.", "Europe/Warsaw", "dark", "support")


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("<script>", "")])
def test_it_keeps_the_theme(client_of: ClientOf, support: User, chosen: str, kept: str) -> None:
    client_of(support).post("/theme/", {"theme": chosen, "next": "https://evil.example/"})

    support.refresh_from_db()
    assert support.theme == kept


def test_the_theme_never_sends_one_elsewhere(client_of: ClientOf, support: User) -> None:
    assert client_of(support).post("/theme/", {"theme": "dark", "next": "https://evil.example/"})["Location"] == "/"
    assert client_of(support).post("/theme/", {"theme": "dark", "next": "/people/"})["Location"] == "/people/"


def test_the_team_costs_the_same_for_any_number(client_of: ClientOf, owner: User, django_assert_max_num_queries) -> None:
    for n in range(20):
        User.objects.create_user(f"{n}@omni.test", name=f"N{n}")
    client = client_of(owner)
    client.get("/settings/team/")

    with django_assert_max_num_queries(4):
        client.get("/settings/team/")
