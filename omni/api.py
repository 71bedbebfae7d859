"""How do programs prove who they are, what may they do, and how are they told what is wrong?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, permissions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from omni.models import ApiKey, User
from omni.roles import Right, may

KEY_USE_PRECISION_SECONDS = 60


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer omni_<prefix>_<secret>`; acts as the person who made the key, within its scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = ApiKey.objects.select_related("created_by").filter(hash=ApiKey.digest(secret.strip()), revoked_at=None).first()
        if key is None or not key.created_by.is_active:
            raise exceptions.AuthenticationFailed("This API key is unknown or revoked.")
        now = timezone.now()
        if key.latest_used_at is None or (now - key.latest_used_at).total_seconds() > KEY_USE_PRECISION_SECONDS:
            ApiKey.objects.filter(pk=key.pk).update(latest_used_at=now)
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the schema how a program proves who it is; drf-spectacular finds it by itself."""

    target_class = "omni.api.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of Settings, API keys."}


class ScopePermission(permissions.BasePermission):
    """Views name their right for reading (`read_right`) and for changing (`write_right`); a key needs both scope and role."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        is_read = request.method in permissions.SAFE_METHODS
        right: Right = getattr(view, "read_right", Right.VIEW) if is_read else view.write_right
        if isinstance(request.auth, ApiKey) and right not in request.auth.scopes:
            return False
        return may(request.user, right)


class Problem:
    """Names of the fields of an RFC 9457 problem document."""

    content_type: ClassVar[str] = "application/problem+json"


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer errors as RFC 9457 problem documents; `errors` lists every violation with its path at once."""
    # Not on top: DRF's views import this module to find the authentication of the house.
    from rest_framework.views import exception_handler

    response = exception_handler(error, context)
    if response is None:
        return None
    detail = response.data
    body: dict[str, Any] = {"type": "about:blank", "title": type(error).__name__, "status": response.status_code}
    if isinstance(detail, dict) and set(detail) == {"detail"}:
        body["title"] = str(detail["detail"])
        body["code"] = getattr(detail["detail"], "code", "error")
    else:
        body["title"] = "The request is not valid."
        body["code"] = "invalid"
        body["errors"] = list(_violations(detail, ""))
    response.data = body
    response.content_type = Problem.content_type
    return response


def _violations(detail: Any, path: str) -> Any:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _violations(inner, f"{path}/{key}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _violations(inner, path if isinstance(inner, str) else f"{path}/{index}")
    else:
        yield {"path": path or "/", "message": str(detail), "code": getattr(detail, "code", "invalid")}
