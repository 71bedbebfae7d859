"""Which tracking calls are accepted? Every path that the SDKs of Segment and RudderStack use."""

from __future__ import annotations

from django.urls import URLPattern, path

from profiles.views import ingest, sdk_settings

CALLS = {"track": "t", "identify": "i", "page": "p", "screen": "s", "group": "g", "alias": "a"}
BATCHES = ("batch", "b", "import")

urlpatterns: list[URLPattern] = [
    *(path(name, ingest.accept, name=f"ingest-{name}") for name in BATCHES),
    *(path(name, ingest.accept, {"call": name}, name=f"ingest-{name}") for name in CALLS),
    path("m", ingest.discard, name="ingest-metrics"),
    path("projects/<str:key>/settings", sdk_settings.segment, name="ingest-settings"),
    *(path(short, ingest.accept, {"call": name}, name=f"ingest-{name}-short") for name, short in CALLS.items()),
]
