"""What do browser libraries ask before they send? Their settings: no other destinations, and this address for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from profiles.ingest import keys
from profiles.models import Source
from profiles.views.ingest import for_browsers

if TYPE_CHECKING:
    from django.http import HttpRequest

REMEMBERED_SECONDS = 300


@csrf_exempt
@require_http_methods(["GET", "OPTIONS"])
def segment(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the browser library of Segment."""
    if request.method == "OPTIONS":
        return for_browsers(request, HttpResponse(status=204))
    if _holder(key) is None:
        return for_browsers(request, _unknown())
    address = urlsplit(settings.BASE_URL)
    sender = {"apiKey": key, "apiHost": f"{address.netloc}/v1", "protocol": address.scheme, "type": "browser"}
    said = {
        "integrations": {"Segment.io": {**sender, "unbundledIntegrations": [], "addBundledMetadata": False}},
        "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
        "edgeFunction": {},
        "metrics": {"sampleRate": 0, "host": f"{address.netloc}/v1"},
    }
    return for_browsers(request, _kept(JsonResponse(said)))


@csrf_exempt
@require_http_methods(["GET", "OPTIONS"])
def rudder(request: HttpRequest) -> HttpResponse:
    """Answer the browser library of RudderStack."""
    if request.method == "OPTIONS":
        return for_browsers(request, HttpResponse(status=204))
    key = keys.from_header(request.headers.get("Authorization", "")) or request.GET.get("writeKey", "")
    holder = _holder(key)
    if holder is None:
        return for_browsers(request, _unknown())
    off = {"enabled": False}
    source = {
        "id": str(holder.source_id),
        "name": "Omni",
        "writeKey": key,
        "enabled": True,
        "workspaceId": "omni",
        "destinations": [],
        "connections": [],
        "dataplanes": {},
        "config": {"statsCollection": {"errors": off, "metrics": off}},
    }
    return for_browsers(request, _kept(JsonResponse({"source": source, "updatedAt": "2026-01-01T00:00:00.000Z"})))


def _holder(key: str) -> keys.Holder | None:
    holder = keys.holder_of(key)
    return None if holder is None or holder.kind == Source.Kind.WEBHOOK else holder


def _unknown() -> HttpResponse:
    return JsonResponse({"success": False, "code": "unknown_key"}, status=404)


def _kept(answer: HttpResponse) -> HttpResponse:
    answer.headers["Cache-Control"] = f"public, max-age={REMEMBERED_SECONDS}"
    return answer
