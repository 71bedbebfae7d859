"""Who works here: how the first owner comes in, how others are invited, change their role and leave."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.usersessions.models import UserSession
from django.contrib.auth.tokens import default_token_generator
from django.db import connection, transaction
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from omni import audit
from omni.models import ApiKey, Company, User
from omni.roles import Right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

SETUP_LOCK = 0x6F6D6E69_73657475  # "omnisetu": two first visitors at once must not both become the owner


class Adapter(DefaultAccountAdapter):
    """Accounts are made by the owner, never by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class AlreadySetUpError(Exception):
    """Somebody owns this installation already."""


class LastOwnerError(Exception):
    """Without this person nobody could administer the installation."""


def is_set_up() -> bool:
    return User.objects.exists()


@transaction.atomic
def set_up(*, company: dict[str, Any], name: str, email: str, password: str, now: datetime) -> User:
    """Make the company and its first owner; raise AlreadySetUpError when there is anybody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SETUP_LOCK])
    if is_set_up():
        raise AlreadySetUpError
    Company.objects.update_or_create(id=1, defaults=company)
    owner = User.objects.create_superuser(email, password, name=name)
    _record(actor=owner, action="company.set_up", obj=owner, now=now)
    return owner


@transaction.atomic
def invite(*, email: str, name: str, role: str, by: User, now: datetime) -> User:
    """Make an account nobody can sign in to until its password is chosen through `password_link`."""
    user = User.objects.create_user(email, None, name=name, role=role, **_flags(role))
    _record(actor=by, action="user.invite", obj=user, after={"role": role}, now=now)
    return user


def password_link(user: User) -> tuple[str, str]:
    """Return (uid, token) of the address where `user` chooses a password: good once, for three days."""
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


def user_of_link(uid: str, token: str) -> User | None:
    """Return whose password may be chosen through this link; None when it was used, is too old, or the person left."""
    try:
        user = User.objects.filter(pk=int(force_str(urlsafe_base64_decode(uid))), is_active=True).first()
    except (ValueError, OverflowError, UnicodeDecodeError):
        return None
    return user if user is not None and default_token_generator.check_token(user, token) else None


@transaction.atomic
def renew_link(user: User, *, by: User, now: datetime) -> tuple[str, str]:
    """Return a new link for `user`; links given before, and the password, stop working."""
    user.set_unusable_password()
    user.save(update_fields=["password"])
    sign_out_everywhere(user)
    _record(actor=by, action="user.renew_link", obj=user, now=now)
    return password_link(user)


@transaction.atomic
def change_role(user: User, role: str, *, by: User, now: datetime) -> None:
    """Give `user` another role; raise LastOwnerError when that would leave no owner."""
    before = user.role
    if role != User.Role.OWNER:
        _keep_an_owner(user)
    user.role = role
    user.is_staff = user.is_superuser = _flags(role)["is_staff"]
    user.save(update_fields=["role", "is_staff", "is_superuser"])
    _record(actor=by, action="user.change_role", obj=user, before={"role": before}, after={"role": role}, now=now)


@transaction.atomic
def deactivate(user: User, *, by: User, now: datetime) -> None:
    """Shut `user` out at once, with the keys they made; raise LastOwnerError when that would leave no owner."""
    _keep_an_owner(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    sign_out_everywhere(user)
    _record(actor=by, action="user.deactivate", obj=user, before={"is_active": True}, after={"is_active": False}, now=now)


@transaction.atomic
def reactivate(user: User, *, by: User, now: datetime) -> None:
    user.is_active = True
    user.save(update_fields=["is_active"])
    _record(actor=by, action="user.reactivate", obj=user, before={"is_active": False}, after={"is_active": True}, now=now)


def sign_out_everywhere(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


@transaction.atomic
def issue_key(*, name: str, scopes: Sequence[Right], by: User, now: datetime) -> tuple[ApiKey, str]:
    """Return the key and its secret, which cannot be had again."""
    key, secret = ApiKey.issue(name=name, scopes=[str(scope) for scope in scopes], by=by)
    _record(actor=by, action="api_key.issue", obj=key, after={"scopes": key.scopes}, now=now)
    return key, secret


@transaction.atomic
def revoke_key(key: ApiKey, *, by: User, now: datetime) -> bool:
    """Stop `key` for good; False when it was stopped before."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        return False
    _record(actor=by, action="api_key.revoke", obj=key, now=now)
    return True


@transaction.atomic
def edit_company(company: Company, *, before: dict[str, Any], by: User, now: datetime) -> None:
    """Save the company as it is now; `before` holds the changed fields as they were."""
    company.save()
    after = {name: getattr(company, name) for name in before}
    _record(actor=by, action="company.edit", obj=company, before=before, after=after, now=now)


def _keep_an_owner(user: User) -> None:
    # All owners are locked in order: two owners who demote each other at once must not both succeed.
    owners = User.objects.select_for_update().filter(role=User.Role.OWNER, is_active=True).order_by("pk")
    if [owner.pk for owner in owners] == [user.pk]:
        raise LastOwnerError


def _flags(role: str) -> dict[str, bool]:
    is_owner = role == User.Role.OWNER
    return {"is_staff": is_owner, "is_superuser": is_owner}


def _record(**entry: Any) -> None:
    audit.record(**entry, request_id=structlog.contextvars.get_contextvars().get("request_id", ""))
