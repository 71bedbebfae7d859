"""Who works at the company of the tests, and how does one become them?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from omni.models import User

PASSWORD = "correct horse battery staple"


def _hire(role: str, name: str) -> User:
    return User.objects.create_user(f"{role}@omni.test", PASSWORD, role=role, name=name, is_staff=role == User.Role.OWNER)


@pytest.fixture
def owner(db: None) -> User:
    """Olga may do everything: team, keys, providers, policy, and all below."""
    return _hire(User.Role.OWNER, "Olga Owner")


@pytest.fixture
def marketer(db: None) -> User:
    """Max may do everything with people, segments and campaigns, also send and export; he may not administer."""
    return _hire(User.Role.MARKETER, "Max Marketer")


@pytest.fixture
def analyst(db: None) -> User:
    """Ana may read everything, draw segments and export."""
    return _hire(User.Role.ANALYST, "Ana Analyst")


@pytest.fixture
def support(db: None) -> User:
    """Sam may read everything and mend what is stored of one person."""
    return _hire(User.Role.SUPPORT, "Sam Support")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """Return a browser without scripts in which the given person is signed in: `client_of(owner).get(...)`."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in
