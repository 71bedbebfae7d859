"""Where are the pages about people and data?"""

from __future__ import annotations

from django.urls import URLPattern, path

from profiles.views import ingest

app_name = "profiles"
urlpatterns: list[URLPattern] = [
    # Pages that are being left send what they still have; such a beacon cannot carry an Authorization header.
    path("beacon/v1/batch", ingest.accept, {"reads_key_from_query": True}, name="ingest-beacon"),
]
