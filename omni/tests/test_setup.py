"""Does a new installation get exactly one first owner?"""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client

from omni import accounts
from omni.models import AuditEntry, Company, User

FORM = {
    "company_name": "Northwind Boots",
    "time_zone": "Europe/Warsaw",
    "currency": "PLN",
    "language": "pl",
    "name": "Anna Petrova",
    "email": "Anna@Example.com",
    "password": "a long and quiet river",
}


@pytest.mark.django_db
def test_every_page_of_an_empty_installation_leads_to_the_set_up(client: Client) -> None:
    response = client.get("/people/", follow=True)

    assert response.redirect_chain[-1][0] == "/setup/"


@pytest.mark.django_db
def test_the_first_visitor_becomes_the_owner_and_is_signed_in(client: Client) -> None:
    response = client.post("/setup/", FORM)

    assert response.status_code == 302
    owner = User.objects.get()
    assert (owner.role, owner.email, owner.name) == (User.Role.OWNER, "anna@example.com", "Anna Petrova")
    assert owner.is_superuser
    company = Company.objects.get()
    assert (company.name, company.time_zone, company.currency, company.language) == (
        "Northwind Boots",
        "Europe/Warsaw",
        "PLN",
        "pl",
    )
    assert AuditEntry.objects.get().action == "company.set_up"
    assert client.get("/").status_code == 200
    assert b"This one" in client.get("/accounts/sessions/").content


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "password123", "anna petrova"])
def test_it_refuses_weak_passwords_at_the_field_and_keeps_the_rest(client: Client, password: str) -> None:
    response = client.post("/setup/", {**FORM, "password": password})

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"password"}
    assert b"Northwind Boots" in response.content
    assert not User.objects.exists()


def test_it_is_impossible_afterwards(client: Client, owner: User) -> None:
    assert client.get("/setup/").status_code == 302
    assert client.post("/setup/", FORM).status_code == 302

    assert list(User.objects.all()) == [owner]


@pytest.mark.django_db(transaction=True)
def test_of_two_first_visitors_at_once_only_one_becomes_the_owner(now) -> None:
    barrier, outcomes = threading.Barrier(2), []

    def visit(email: str) -> None:
        barrier.wait()
        try:
            accounts.set_up(company={"name": "X"}, name="X", email=email, password="a long and quiet river", now=now)
            outcomes.append("owner")
        except accounts.AlreadySetUpError:
            outcomes.append("late")
        finally:
            connection.close()

    visitors = [threading.Thread(target=visit, args=[f"{n}@example.com"]) for n in range(2)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()

    assert sorted(outcomes) == ["late", "owner"]
    assert User.objects.count() == 1
