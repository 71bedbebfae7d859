"""How does the API's schema tell what holds for every call? Idempotency keys, rate headers, problem documents."""

from __future__ import annotations

from typing import Any

WRITES = ("post", "put", "patch", "delete")
METHODS = ("get", *WRITES)

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is for programs; `errors` lists every fault with its path.",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string", "description": "The id of the request, as the log has it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message", "code"],
                "properties": {name: {"type": "string"} for name in ("path", "message", "code")},
            },
        },
    },
}
KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "A key of your own for this call, such as a UUID. Within 24 hours the same call with the same key gets the "
    "same answer and happens once; another call with it is refused by 409.",
}
HEADERS: dict[str, Any] = {
    "RateLimit-Limit": {"description": "Calls a second, for long.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "How many calls are left now.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until all are there again.", "schema": {"type": "integer"}},
}
REFUSED: dict[str, Any] = {
    "description": "The call was refused; a problem document says why. 429 carries Retry-After.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS},
}


def describe_manners(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add to every operation what `omni.api_manners` does; a hook of drf-spectacular."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["headers"] = HEADERS
    components["parameters"] = {"IdempotencyKey": KEY}
    components["responses"] = {"Problem": REFUSED}
    for item in result.get("paths", {}).values():
        for method in METHODS:
            if operation := item.get(method):
                _describe(operation, is_write=method in WRITES)
    return result


def _describe(operation: dict[str, Any], *, is_write: bool) -> None:
    if is_write:
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    responses = operation["responses"]
    for status in [status for status in responses if not str(status).startswith("2")]:
        described = {**REFUSED, "description": responses[status].get("description") or REFUSED["description"]}
        responses[status] = described
    for answer in responses.values():
        answer.setdefault("headers", {}).update({name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS})
    responses["default"] = {"$ref": "#/components/responses/Problem"}
