"""How do programs prove who they are, what may they do, and how are they told what is wrong?"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, permissions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from omni import problems
from omni.models import ApiKey, User
from omni.roles import Right, may

KEY_USE_PRECISION_SECONDS = 60


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer omni_<prefix>_<secret>`; acts as the person who made the key, within its scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        key = key_of(getattr(request, "_request", request))
        if key is None:
            return None
        if not key.pk:
            raise exceptions.AuthenticationFailed("This API key is unknown or revoked.")
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def key_of(request: HttpRequest) -> ApiKey | None:
    """Return the key of a request, one without `pk` when it is unknown or revoked, None when none was sent. Asked once."""
    held: ApiKey | None = request.__dict__.get("_api_key")
    if held is None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        held = request.__dict__["_api_key"] = _find(secret.strip()) or ApiKey()
    return held


def _find(secret: str) -> ApiKey | None:
    key = ApiKey.objects.select_related("created_by").filter(hash=ApiKey.digest(secret), revoked_at=None).first()
    if key is None or not key.created_by.is_active:
        return None
    now = timezone.now()
    if key.latest_used_at is None or (now - key.latest_used_at).total_seconds() > KEY_USE_PRECISION_SECONDS:
        ApiKey.objects.filter(pk=key.pk).update(latest_used_at=now)
    return key


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


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer errors as RFC 9457 problem documents; `errors` lists every violation with its path at once."""
    # Not on top: DRF's views import this module to find the authentication of the house.
    from rest_framework.views import exception_handler

    if isinstance(error, RequestDataTooBig):
        from omni.json_guard import TooLargeError

        error = TooLargeError()
    response = exception_handler(error, context)
    if response is None:
        return None
    detail = response.data
    status = response.status_code
    if isinstance(detail, dict) and set(detail) == {"detail"}:
        code = getattr(detail["detail"], "code", "error")
        response.data = problems.document(status=status, code=code, detail=str(detail["detail"]))
    else:
        errors = list(_violations(detail, ""))
        response.data = problems.document(status=status, code="invalid", detail="The request is not valid.", errors=errors)
    response.content_type = problems.CONTENT_TYPE
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
