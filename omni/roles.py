"""Who may do what? Four roles and a short list of rights; one table decides."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied

from omni.models import User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponseBase]


class Right(StrEnum):
    """What one may do. The values are also the scopes of API keys."""

    VIEW = "view"  # read every page of the back office
    LOOK_UP = "people:lookup"  # one person by an exact value, at the counter
    EDIT_PEOPLE = "people:write"  # attributes, consents, imports
    EDIT_SEGMENTS = "segments:write"
    EDIT_CAMPAIGNS = "campaigns:write"  # draw, write templates, test-send
    SEND = "campaigns:send"  # publish, pause, stop
    EXPORT = "export"
    ADMINISTER = "administer"  # team, keys, providers, policy


_ALL = frozenset(Right)
RIGHTS: dict[str, frozenset[Right]] = {
    User.Role.OWNER: _ALL,
    User.Role.MARKETER: _ALL - {Right.ADMINISTER},
    User.Role.ANALYST: frozenset({Right.VIEW, Right.LOOK_UP, Right.EDIT_SEGMENTS, Right.EXPORT}),
    User.Role.SUPPORT: frozenset({Right.VIEW, Right.LOOK_UP, Right.EDIT_PEOPLE}),
}


def may(user: User | AnonymousUser, right: Right) -> bool:
    return isinstance(user, User) and user.is_active and right in RIGHTS.get(user.role, frozenset())


def require(right: Right) -> Callable[[View], View]:
    """Let only signed-in people with `right` into the view; others are asked to sign in, or get 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.user, right):
                raise PermissionDenied(right)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
